// The tables behind the program: lists, reconcile, flush, growth, adoption. Frames tell what is in force.
#include <unistd.h>

#include <map>

#include "packet_table.h"
#include "xdp/bpffs.h"

namespace testudo::test {
namespace {

class Tables : public PacketTable {};

TEST_F(Tables, HitsAreListedWithTheEntryThatTheyHit) {
  apply({ban("203.0.113.7"), ban("198.51.0.0/16"), ban("2001:db8::/64")});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(drops("203.0.113.7"));
  EXPECT_TRUE(drops("198.51.100.1"));
  EXPECT_TRUE(drops("198.51.200.2"));
  EXPECT_TRUE(drops("2001:db8::1234"));
  const auto list = backend->list(nullptr);
  ASSERT_TRUE(list.ok());
  std::map<std::string, KernelEntry> by_prefix;
  for (const KernelEntry& entry : *list) by_prefix[entry.prefix.text()] = entry;
  ASSERT_EQ(by_prefix.size(), 3u);
  EXPECT_EQ(by_prefix["203.0.113.7"].packets, 3u);
  EXPECT_EQ(by_prefix["203.0.113.7"].bytes, 3 * frame().ip4("203.0.113.7").udp().bytes().size());
  EXPECT_EQ(by_prefix["198.51.0.0/16"].packets, 2u);
  EXPECT_EQ(by_prefix["2001:db8::/64"].packets, 1u);
  EXPECT_EQ(by_prefix["203.0.113.7"].scenario, "test/knocking");
  EXPECT_GT(by_prefix["203.0.113.7"].left, 59min);
  EXPECT_GT(by_prefix["203.0.113.7"].last_hit_unix_ns, unix_nanos(now() - 1min));
}

TEST_F(Tables, OneAddressListsWhatSpeaksAboutIt) {
  apply({ban("203.0.113.7"), ban("203.0.113.0/24"), ban("203.0.0.0/16"), ban("203.0.114.0/24"),
         ban("2001:db8::/64"), ban("2001:db8::/32")});
  const auto prefixes = [&](const char* text) {
    const Prefix only = *Prefix::parse(text);
    const auto list = backend->list(&only);
    std::vector<std::string> out;
    if (list)
      for (const KernelEntry& entry : *list) out.push_back(entry.prefix.text());
    return out;
  };
  EXPECT_EQ(prefixes("203.0.113.7"),
            (std::vector<std::string>{"203.0.113.7", "203.0.113.0/24", "203.0.0.0/16"}));
  EXPECT_EQ(prefixes("2001:db8::1"), (std::vector<std::string>{"2001:db8::/64", "2001:db8::/32"}));
  EXPECT_EQ(prefixes("192.0.2.1"), std::vector<std::string>{});
  EXPECT_EQ(prefixes("203.0.113.0/24").size(), 3u);
}

TEST_F(Tables, AThrottleWithoutARateIsRefusedAloudAndTheOtherChangesHold) {
  const auto done =
      backend->apply(std::vector{ban("203.0.113.7", Remediation::throttle), ban("203.0.113.8")});
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::bad_config);
  EXPECT_NE(done.error().message.find("203.0.113.7"), std::string::npos);
  EXPECT_TRUE(drops("203.0.113.8"));
}

TEST_F(Tables, AnAllowStaysUntilItsLastReasonGoes) {
  apply({ban("203.0.113.7")});
  allow({allowed("203.0.113.7", AllowChange::Reason::list),
         allowed("203.0.113.7", AllowChange::Reason::session)});
  AllowChange gone = allowed("203.0.113.7", AllowChange::Reason::session);
  gone.op = AllowChange::Op::clear;
  allow({gone});
  EXPECT_FALSE(drops("203.0.113.7"));
  gone.reason = AllowChange::Reason::list;
  allow({gone});
  EXPECT_TRUE(drops("203.0.113.7"));
  EXPECT_EQ(backend->status().allowed, 0u);
}

TEST_F(Tables, ReconcileLeavesExactlyWhatIsWanted) {
  apply({ban("203.0.113.1"), ban("203.0.113.2"), ban("10.0.0.0/8"), ban("2001:db8::1"),
         ban("2001:db8:5::/48")});
  allow({allowed("192.0.2.1"), allowed("192.0.2.2")});
  const std::vector<DecisionChange> wanted = {ban("203.0.113.2"), log_only("203.0.113.3"),
                                              ban("203.0.113.3"), ban("172.16.0.0/12"),
                                              ban("2001:db8::2"), ban("2001:db8:6::/64")};
  ASSERT_TRUE(backend->reconcile(wanted, std::vector{allowed("192.0.2.2"), allowed("192.0.2.3")}).ok());
  for (const char* banned : {"203.0.113.2", "203.0.113.3", "172.16.5.5", "2001:db8::2", "2001:db8:6::9"})
    EXPECT_TRUE(drops(banned)) << banned;
  for (const char* free : {"203.0.113.1", "10.1.1.1", "2001:db8::1", "2001:db8:5::1"})
    EXPECT_FALSE(drops(free)) << free;
  const EnforceStatus status = backend->status();
  EXPECT_EQ(status.bans, 4u);
  EXPECT_EQ(status.ranges, 1u);
  EXPECT_EQ(status.allowed, 2u);
}

TEST_F(Tables, FlushEmptiesEverythingButTheAllowlist) {
  apply({ban("203.0.113.1"), ban("10.0.0.0/8"), ban("2001:db8::1"), ban("2001:db8:5::/64"),
         ban("2001:db8:6::/48")});
  allow({allowed("192.0.2.1")});
  ASSERT_TRUE(backend->flush().ok());
  for (const char* free : {"203.0.113.1", "10.1.1.1", "2001:db8::1", "2001:db8:5::1", "2001:db8:6::1"})
    EXPECT_FALSE(drops(free)) << free;
  EXPECT_EQ(backend->status().bans + backend->status().ranges, 0u);
  EXPECT_EQ(backend->status().allowed, 1u);
  EXPECT_EQ(flush_mark_unix_ns(pin->path()), 0) << "the mark is for the flush by hand";
  apply({ban("203.0.113.1"), ban("10.0.0.0/8")});
  EXPECT_TRUE(drops("203.0.113.1"));
  EXPECT_TRUE(drops("10.1.1.1"));
}

TEST_F(Tables, AFlushByHandUnderARunningOwnerIsNoticed) {
  apply({ban("203.0.113.1"), ban("10.0.0.0/8")});
  const int64_t before = unix_nanos(now());
  const auto report = flush_pinned(pin->path());
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_TRUE(report->found);
  EXPECT_EQ(report->removed, 2u);
  EXPECT_GE(flush_mark_unix_ns(pin->path()), before);
  EXPECT_FALSE(drops("203.0.113.1"));
  EXPECT_FALSE(drops("10.1.1.1"));
  apply({ban("203.0.113.2"), ban("10.0.0.0/8")});
  EXPECT_TRUE(drops("203.0.113.2"));
  EXPECT_TRUE(drops("10.1.1.1"));
  EXPECT_EQ(backend->status().bans, 1u);
  EXPECT_EQ(backend->status().ranges, 1u);
  apply({lift("10.0.0.0/8")});
  EXPECT_FALSE(drops("10.1.1.1"));
}

TEST_F(Tables, TablesGrowWithoutLosingABan) {
  backend.reset();
  ASSERT_TRUE(remove_pinned(pin->path()).ok());
  backend = open({.bans = 64, .filter_words = 16}, /*max_entries=*/1024);
  ASSERT_TRUE(backend);
  std::vector<DecisionChange> many;
  for (int i = 0; i < 1000; ++i)
    many.push_back(ban("198.18." + std::to_string(i / 250) + "." + std::to_string(i % 250)));
  apply(many);
  EXPECT_EQ(backend->status().bans, 1000u);
  for (const DecisionChange& change : many)
    EXPECT_TRUE(drops(change.prefix.ip.text())) << change.prefix.text();
  EXPECT_FALSE(drops("198.19.0.1"));
  apply({lift("198.18.0.0"), ban("198.19.0.1")});
  EXPECT_FALSE(drops("198.18.0.0"));
  EXPECT_TRUE(drops("198.19.0.1"));
  EXPECT_EQ(list_pinned(pin->path())->size(), 1000u) << "the pins moved along";
}

TEST_F(Tables, TablesOfIpv6GrowToo) {
  backend.reset();
  ASSERT_TRUE(remove_pinned(pin->path()).ok());
  backend = open({.bans = 64, .filter_words = 16}, /*max_entries=*/1024);
  ASSERT_TRUE(backend);
  std::vector<DecisionChange> many;
  for (int i = 1; i <= 300; ++i) {
    many.push_back(ban("2001:db8::" + std::to_string(i)));
    many.push_back(ban("2001:db8:" + std::to_string(i) + "::/64"));
  }
  apply(many);
  EXPECT_EQ(backend->status().bans, 600u);
  for (const DecisionChange& change : many)
    EXPECT_TRUE(drops(change.prefix.ip.text())) << change.prefix.text();
  EXPECT_FALSE(drops("2001:db8::ffff"));
}

TEST_F(Tables, ReconcileMakesRoomBeforehand) {
  backend.reset();
  ASSERT_TRUE(remove_pinned(pin->path()).ok());
  backend = open({.bans = 64, .filter_words = 16}, /*max_entries=*/5000);
  ASSERT_TRUE(backend);
  std::vector<DecisionChange> many;
  for (int i = 0; i < 5000; ++i)
    many.push_back(ban("198.18." + std::to_string(i / 250) + "." + std::to_string(i % 250)));
  const auto done = backend->reconcile(many, {});
  ASSERT_TRUE(done.ok()) << done.error().text();
  EXPECT_EQ(backend->status().bans, 5000u);
  EXPECT_TRUE(drops("198.18.0.0"));
  EXPECT_TRUE(drops("198.18.19.249"));
}

// Sets of this size are written by two threads, into a table whose memory is taken at once.
TEST_F(Tables, EachOfManyDecisionsIsInForceWithItsOwnPolicyAndEnd) {
  constexpr uint32_t kCount = 150'000;
  std::vector<DecisionChange> many;
  for (uint32_t i = 0; i < kCount; ++i) {
    DecisionChange change = ban("198.18.0.0");
    change.prefix = Prefix::host(Ip::v4(0x0b000000 + i * 7));
    // Neighbours that differ in what they do, in who says so, or only in their end: some are over.
    if (i % 1000 == 1) change.remediation = Remediation::log_only;
    if (i % 1000 == 2) change.scenario = "another";
    if (i % 1000 == 3) change.until = now() - 1h;
    many.push_back(std::move(change));
  }
  const auto done = backend->reconcile(many, {});
  ASSERT_TRUE(done.ok()) << done.error().text();
  EXPECT_EQ(backend->status().bans, kCount - kCount / 1000);
  for (uint32_t i = 0; i < kCount; ++i) {
    if (i % 1000 >= 5 && i % 97 != 0) continue;
    ASSERT_EQ(drops(many[i].prefix.ip.text()), i % 1000 != 1 && i % 1000 != 3) << many[i].prefix.text();
  }
  // The same again changes nothing; fewer, and the others are gone.
  ASSERT_TRUE(backend->reconcile(many, {}).ok());
  EXPECT_EQ(backend->status().bans, kCount - kCount / 1000);
  many.resize(100);
  ASSERT_TRUE(backend->reconcile(many, {}).ok());
  EXPECT_EQ(backend->status().bans, 99u);
  EXPECT_TRUE(drops(many[0].prefix.ip.text()));
}

TEST_F(Tables, PinsWithAPieceMissingAreMadeAnewAndFlushIsStillAWayOut) {
  apply({ban("203.0.113.1")});
  backend.reset();
  ASSERT_EQ(unlink((xdp::tables_directory(pin->path()) + "/policy").c_str()), 0);
  EXPECT_TRUE(flush_pinned(pin->path()).ok());
  EXPECT_EQ(list_pinned(pin->path()).error().code, Code::corrupt);
  backend = open();
  ASSERT_TRUE(backend);
  EXPECT_FALSE(backend->status().adopted);
  apply({ban("203.0.113.2")});
  EXPECT_TRUE(drops("203.0.113.2"));
  EXPECT_FALSE(drops("203.0.113.1"));
}

TEST_F(Tables, AFullTableIsSaidWithItsLimitAndTheRestHolds) {
  backend.reset();
  ASSERT_TRUE(remove_pinned(pin->path()).ok());
  backend = open({.bans = 4, .filter_words = 16}, /*max_entries=*/4);
  ASSERT_TRUE(backend);
  std::vector<DecisionChange> many;
  for (int i = 1; i <= 6; ++i) many.push_back(ban("198.18.0." + std::to_string(i)));
  const auto done = backend->apply(many);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::too_large);
  EXPECT_TRUE(drops("198.18.0.1"));
  EXPECT_TRUE(drops("198.18.0.4"));
  EXPECT_EQ(backend->status().bans, 4u);
}

TEST_F(Tables, AFilterRebuiltAfterRemovalsStillShowsEveryBan) {
  std::vector<DecisionChange> many, half;
  for (int i = 0; i < 4000; ++i)
    many.push_back(ban("198.18." + std::to_string(i / 250) + "." + std::to_string(i % 250)));
  half.assign(many.begin(), many.begin() + 1500);
  ASSERT_TRUE(backend->reconcile(many, {}).ok());
  ASSERT_TRUE(backend->reconcile(half, {}).ok());
  EXPECT_EQ(backend->tables().removed_since_rebuild(), 0u) << "rebuilt";
  for (size_t i = 0; i < many.size(); ++i) {
    const EntryKey key = entry_key(many[i].prefix);
    if (i < half.size()) {
      EXPECT_TRUE(backend->tables().filter(Table::ban4).may_hold(key));
      EXPECT_TRUE(drops(many[i].prefix.ip.text()));
    } else {
      EXPECT_FALSE(drops(many[i].prefix.ip.text()));
    }
  }
}

TEST_F(Tables, ASecondOwnerOfTheSamePinsIsRefused) {
  EnforceOptions options;
  options.pin = pin->path();
  options.interfaces = {"testudo-none"};
  const auto second = XdpBackend::open(options, {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::refused);
}

TEST_F(Tables, ANewOwnerAdoptsCountsPoliciesAndPrefixes) {
  apply({ban("203.0.113.1"), ban("10.0.0.0/8"), ban("2001:db8:6::/48")});
  allow({allowed("192.0.2.1")});
  backend.reset();
  backend = open();
  ASSERT_TRUE(backend);
  const EnforceStatus status = backend->status();
  EXPECT_TRUE(status.adopted);
  EXPECT_EQ(status.bans, 1u);
  EXPECT_EQ(status.ranges, 2u);
  EXPECT_EQ(status.allowed, 1u);
  EXPECT_TRUE(drops("203.0.113.1"));
  EXPECT_TRUE(drops("10.1.1.1"));
  apply({ban("203.0.113.2"), lift("10.0.0.0/8")});
  EXPECT_FALSE(drops("10.1.1.1"));
  EXPECT_TRUE(drops("203.0.113.2"));
  ASSERT_EQ(backend->counters().size(), 1u) << "the same origin and scenario have the same row in both runs";
  EXPECT_EQ(backend->counters()[0].packets, 3u);
}

TEST_F(Tables, MoreScenariosThanRowsShareTheOtherRow) {
  std::vector<DecisionChange> many;
  for (int i = 0; i < TESTUDO_POLICIES + 10; ++i) {
    many.push_back(ban("198.18." + std::to_string(i / 250) + "." + std::to_string(i % 250)));
    many.back().scenario = "made/up-" + std::to_string(i);
  }
  apply(many);
  EXPECT_TRUE(drops(many.back().prefix.ip.text()));
  const auto list = backend->list(&many.back().prefix);
  ASSERT_TRUE(list.ok() && list->size() == 1);
  EXPECT_EQ((*list)[0].scenario, "other");
  EXPECT_EQ((*list)[0].remediation, Remediation::ban);
}

}  // namespace
}  // namespace testudo::test
