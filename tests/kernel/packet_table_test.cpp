// Single frames through the program, as if they had arrived: what is dropped, what passes, what is counted.
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "enforce/xdp_backend.h"
#include "frame.h"
#include "sandbox.h"

namespace testudo::test {
namespace {

using xdp::Verdict;

DecisionChange log_only(const std::string& prefix) { return ban(prefix, Remediation::log_only); }

/// The program with no interface: frames are handed to it.
class PacketTable : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_not_here(); !why.empty()) GTEST_SKIP() << why;
    pin = std::make_unique<PinFolder>();
    backend = open();
  }
  std::unique_ptr<XdpBackend> open(xdp::TableSizes sizes = {}, uint32_t max_entries = 1000000) {
    EnforceOptions options;
    options.pin = pin->path();
    options.max_entries = max_entries;
    options.interfaces = {"testudo-none"};  // no such interface: nothing is attached
    auto opened = XdpBackend::open(options, sizes);
    EXPECT_TRUE(opened.ok()) << opened.error().text();
    return opened ? std::move(*opened) : nullptr;
  }
  Verdict run(const Frame& frame) {
    const auto verdict = backend->program().run(frame.bytes());
    EXPECT_TRUE(verdict.ok()) << verdict.error().text();
    return verdict ? *verdict : Verdict::aborted;
  }
  bool drops(const Frame& frame) { return run(frame) == Verdict::drop; }
  bool drops(const std::string& from) {
    return drops(Ip::parse(from)->is_v4() ? frame().ip4(from).udp() : frame().ip6(from).udp());
  }
  void apply(const std::vector<DecisionChange>& changes) {
    const auto done = backend->apply(changes);
    EXPECT_TRUE(done.ok()) << done.error().text();
  }
  void allow(const std::vector<AllowChange>& changes) {
    const auto done = backend->allow(changes);
    EXPECT_TRUE(done.ok()) << done.error().text();
  }
  totals_value totals() {
    std::vector<totals_value> cpus(size_t(xdp::possible_cpus()));
    const uint32_t zero = 0;
    const auto tables = xdp::open_tables(pin->path());
    EXPECT_TRUE(tables.ok() && tables->totals.get(&zero, cpus.data()) == 0);
    totals_value sum{};
    for (const auto& cpu : cpus) {
      sum.passed += cpu.passed;
      sum.dropped += cpu.dropped;
      sum.logged += cpu.logged;
      sum.allowed += cpu.allowed;
      sum.malformed += cpu.malformed;
    }
    return sum;
  }

  std::unique_ptr<PinFolder> pin;
  std::unique_ptr<XdpBackend> backend;
};

struct PacketCase {
  const char* sentence;
  std::vector<DecisionChange> decisions;
  std::vector<AllowChange> allows;
  Frame frame;
  Verdict verdict;
};

const std::vector<PacketCase>& packet_cases() {
  static const std::vector<PacketCase> cases = {
      {"a banned source is dropped",
       {ban("203.0.113.7")},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"its neighbour passes", {ban("203.0.113.7")}, {}, frame().ip4("203.0.113.8").udp(), Verdict::pass},
      {"nothing banned, nothing dropped", {}, {}, frame().ip4("203.0.113.7").udp(), Verdict::pass},
      {"behind a VLAN tag",
       {ban("203.0.113.7")},
       {},
       frame().vlan(5).ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"behind QinQ tags",
       {ban("203.0.113.7")},
       {},
       frame().qinq(9).vlan(5).ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"two plain tags",
       {ban("203.0.113.7")},
       {},
       frame().vlan(9).vlan(5).ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"IPv6 behind a tag",
       {ban("2001:db8::7")},
       {},
       frame().vlan(5).ip6("2001:db8::7").udp(),
       Verdict::drop},
      {"a third tag is not looked behind",
       {ban("203.0.113.7")},
       {},
       frame().vlan(1).vlan(2).vlan(3).ip4("203.0.113.7").udp(),
       Verdict::pass},
      {"with IPv4 options", {ban("203.0.113.7")}, {}, frame().ip4("203.0.113.7", 40).udp(), Verdict::drop},
      {"a later fragment",
       {ban("203.0.113.7")},
       {},
       frame().ip4("203.0.113.7", 0, 185).raw(8),
       Verdict::drop},
      {"a first fragment",
       {ban("203.0.113.7")},
       {},
       frame().ip4("203.0.113.7", 0, 0x2000).udp(),
       Verdict::drop},
      {"an IPv4 header without payload", {ban("203.0.113.7")}, {}, frame().ip4("203.0.113.7"), Verdict::drop},
      {"ARP passes", {ban("0.0.0.0/0")}, {}, frame().type(0x0806).raw(28), Verdict::pass},
      {"an impossible header length passes as malformed",
       {ban("203.0.113.7")},
       {},
       frame().ip4("203.0.113.7").udp().byte(14, 0x44),
       Verdict::pass},
      {"an IPv4 type with version 6 passes as malformed",
       {ban("203.0.113.7")},
       {},
       frame().ip4("203.0.113.7").udp().byte(14, 0x65),
       Verdict::pass},
      {"a /24 drops its members",
       {ban("203.0.113.0/24")},
       {},
       frame().ip4("203.0.113.255").udp(),
       Verdict::drop},
      {"a /24 leaves the next one",
       {ban("203.0.113.0/24")},
       {},
       frame().ip4("203.0.114.0").udp(),
       Verdict::pass},
      {"a /25 leaves its other half",
       {ban("203.0.113.0/25")},
       {},
       frame().ip4("203.0.113.128").udp(),
       Verdict::pass},
      {"a /8 drops its last address",
       {ban("10.0.0.0/8")},
       {},
       frame().ip4("10.255.255.255").udp(),
       Verdict::drop},
      {"a /0 drops everything", {ban("0.0.0.0/0")}, {}, frame().ip4("192.0.2.1").udp(), Verdict::drop},
      {"a /31 drops both", {ban("192.0.2.4/31")}, {}, frame().ip4("192.0.2.5").udp(), Verdict::drop},
      {"an IPv6 address", {ban("2001:db8::7")}, {}, frame().ip6("2001:db8::7").udp(), Verdict::drop},
      {"its neighbour in the same /64 passes",
       {ban("2001:db8::7")},
       {},
       frame().ip6("2001:db8::8").udp(),
       Verdict::pass},
      {"an IPv6 /64",
       {ban("2001:db8:0:1::/64")},
       {},
       frame().ip6("2001:db8:0:1:ffff::9").udp(),
       Verdict::drop},
      {"the next /64 passes",
       {ban("2001:db8:0:1::/64")},
       {},
       frame().ip6("2001:db8:0:2::9").udp(),
       Verdict::pass},
      {"an IPv6 /48", {ban("2001:db8:1::/48")}, {}, frame().ip6("2001:db8:1:f::1").udp(), Verdict::drop},
      {"an IPv6 /96", {ban("2001:db8::/96")}, {}, frame().ip6("2001:db8::ffff:1").udp(), Verdict::drop},
      {"outside an IPv6 /96",
       {ban("2001:db8::/96")},
       {},
       frame().ip6("2001:db8::1:0:1").udp(),
       Verdict::pass},
      {"behind IPv6 extension headers",
       {ban("2001:db8::7")},
       {},
       frame().ip6("2001:db8::7", {0, 43, 60, 44}).udp(),
       Verdict::drop},
      {"an IPv4 address in IPv6 form is IPv4 on the wire",
       {ban("::ffff:203.0.113.7")},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"the allowlist wins over an exact ban",
       {ban("203.0.113.7")},
       {allowed("203.0.113.7")},
       frame().ip4("203.0.113.7").udp(),
       Verdict::pass},
      {"an allowed range wins over an exact ban",
       {ban("203.0.113.7")},
       {allowed("203.0.113.0/24")},
       frame().ip4("203.0.113.7").udp(),
       Verdict::pass},
      {"an allowed address wins over a banned range",
       {ban("203.0.113.0/24")},
       {allowed("203.0.113.7")},
       frame().ip4("203.0.113.7").udp(),
       Verdict::pass},
      {"but not for the rest of the range",
       {ban("203.0.113.0/24")},
       {allowed("203.0.113.7")},
       frame().ip4("203.0.113.9").udp(),
       Verdict::drop},
      {"the allowlist wins for IPv6",
       {ban("2001:db8::/32")},
       {allowed("2001:db8::7")},
       frame().ip6("2001:db8::7").udp(),
       Verdict::pass},
      {"an allowed IPv6 /56 wins over a banned /64",
       {ban("2001:db8:0:1::/64")},
       {allowed("2001:db8::/56")},
       frame().ip6("2001:db8:0:1::7").udp(),
       Verdict::pass},
      {"log-only passes", {log_only("203.0.113.7")}, {}, frame().ip4("203.0.113.7").udp(), Verdict::pass},
      {"log-only does not shield from a banned range",
       {log_only("203.0.113.7"), ban("203.0.113.0/24")},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"a log-only range does not shield from a wider ban",
       {log_only("203.0.113.0/24"), ban("203.0.0.0/16")},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"a log-only /64 does not shield from a banned address",
       {log_only("2001:db8::/64"), ban("2001:db8::7")},
       {},
       frame().ip6("2001:db8::7").udp(),
       Verdict::drop},
      {"a ban inside a log-only range",
       {log_only("203.0.0.0/16"), ban("203.0.113.0/24")},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"a captcha is for web servers",
       {ban("203.0.113.7", Remediation::captcha)},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::pass},
      {"what becomes a captcha is not dropped any more",
       {ban("203.0.113.7"), ban("203.0.113.7", Remediation::captcha)},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::pass},
      {"what is lifted passes",
       {ban("203.0.113.7"), lift("203.0.113.7")},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::pass},
      {"a lifted address inside a banned range stays dropped",
       {ban("203.0.113.7"), ban("203.0.113.0/24"), lift("203.0.113.7")},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"a lifted /24 leaves the /25 inside it",
       {ban("203.0.113.0/24"), ban("203.0.113.0/25"), lift("203.0.113.0/24")},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"a lifted /25 leaves the /24 around it",
       {ban("203.0.113.0/24"), ban("203.0.113.0/25"), lift("203.0.113.0/25")},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"a lifted /16 leaves the /28 inside it",
       {ban("203.0.0.0/16"), ban("203.0.113.16/28"), lift("203.0.0.0/16")},
       {},
       frame().ip4("203.0.113.17").udp(),
       Verdict::drop},
      {"what ended before it began is not in force",
       {ban("203.0.113.7", Remediation::ban, -1s)},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::pass},
  };
  return cases;
}

TEST_F(PacketTable, EveryRowHolds) {
  for (const PacketCase& row : packet_cases()) {
    SCOPED_TRACE(row.sentence);
    ASSERT_TRUE(backend->reconcile({}, {}).ok());
    apply(row.decisions);
    allow(row.allows);
    EXPECT_EQ(run(row.frame), row.verdict);
  }
}

TEST_F(PacketTable, AFrameCutAtAnyByteIsDroppedOnceItsSourceIsThereAndPassesBefore) {
  apply({ban("203.0.113.7"), ban("2001:db8::7")});
  struct Cut {
    const char* sentence;
    Frame whole;
    size_t complete;  // from this size on the fixed header is whole
  };
  const Cut cuts[] = {
      {"IPv4", frame().ip4("203.0.113.7").udp(), 14 + 20},
      {"IPv4 in QinQ", frame().qinq(1).vlan(2).ip4("203.0.113.7").udp(), 22 + 20},
      {"IPv6", frame().ip6("2001:db8::7").udp(), 14 + 40},
      {"IPv6 in a VLAN", frame().vlan(2).ip6("2001:db8::7").udp(), 18 + 40},
  };
  for (const Cut& cut : cuts) {
    const uint64_t malformed = totals().malformed;
    uint64_t expected = 0;
    for (size_t size = 14; size <= cut.whole.bytes().size(); ++size) {
      SCOPED_TRACE(std::string(cut.sentence) + " cut to " + std::to_string(size));
      Frame frame = cut.whole;
      EXPECT_EQ(run(frame.cut(size)), size >= cut.complete ? Verdict::drop : Verdict::pass);
      expected += size < cut.complete;
    }
    EXPECT_EQ(totals().malformed - malformed, expected);
  }
}

TEST_F(PacketTable, AnExpiredEntryPassesWithoutAnybodyRemovingIt) {
  apply({ban("203.0.113.7", Remediation::ban, 1s)});
  EXPECT_TRUE(drops("203.0.113.7"));
  // Written as it would stand in the kernel once its time is over, rather than waiting for it.
  ban_value over{};
  over.expiry_s = uint32_t(boottime_ns() / 1'000'000'000);
  over.policy = 1;
  ASSERT_TRUE(backend->tables().set(entry_key(*Prefix::parse("203.0.113.7")), over).ok());
  EXPECT_FALSE(drops("203.0.113.7"));
  EXPECT_EQ(backend->status().bans, 1u);
  EXPECT_TRUE(backend->list(nullptr)->empty()) << "what is over is not in force";
}

TEST_F(PacketTable, ExpiredEntriesDoNotShieldFromTheRangesAroundThem) {
  ban_value over{};
  over.expiry_s = 1;
  over.policy = 1;
  for (const char* text : {"203.0.113.7", "203.0.113.0/24", "2001:db8::7", "2001:db8::/64", "2001:db8::/48"})
    ASSERT_TRUE(backend->tables().set(entry_key(*Prefix::parse(text)), over).ok());
  EXPECT_FALSE(drops("203.0.113.7"));
  EXPECT_FALSE(drops("2001:db8::7"));
  apply({ban("203.0.0.0/16"), ban("2001:db8::/32")});
  EXPECT_TRUE(drops("203.0.113.7"));
  EXPECT_TRUE(drops("2001:db8::7"));
}

TEST_F(PacketTable, TheOutermostOfThirtyNestedRangesIsFound) {
  ban_value over{};
  over.expiry_s = 1;
  over.policy = 1;
  for (int length = 2; length < 32; ++length)
    ASSERT_TRUE(backend->tables().set(entry_key(Prefix::of(*Ip::parse("203.0.113.7"), length)), over).ok());
  EXPECT_FALSE(drops("203.0.113.7"));
  apply({ban("128.0.0.0/1")});
  EXPECT_TRUE(drops("203.0.113.7"));
}

TEST_F(PacketTable, LogOnlyCountsItsPacketsAndTheRestIsCountedToo) {
  apply({ban("203.0.113.7"), log_only("203.0.113.8"), ban("203.0.113.9")});
  allow({allowed("203.0.113.9")});
  const totals_value before = totals();
  EXPECT_TRUE(drops("203.0.113.7"));
  EXPECT_FALSE(drops("203.0.113.8"));
  EXPECT_FALSE(drops("203.0.113.9"));
  EXPECT_FALSE(drops("203.0.113.10"));
  const totals_value after = totals();
  EXPECT_EQ(after.dropped - before.dropped, 1u);
  EXPECT_EQ(after.passed - before.passed, 3u);
  EXPECT_EQ(after.logged - before.logged, 1u);
  EXPECT_EQ(after.allowed - before.allowed, 1u);

  uint64_t logged = 0;
  for (const DropCounter& row : backend->counters())
    if (row.remediation == remediation_name(Remediation::log_only)) logged += row.packets;
  EXPECT_EQ(logged, 1u);
}

TEST_F(PacketTable, HitsAreListedWithTheEntryThatTheyHit) {
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

TEST_F(PacketTable, OneAddressListsWhatSpeaksAboutIt) {
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

TEST_F(PacketTable, AThrottleIsRefusedAloudAndTheOtherChangesHold) {
  const auto done =
      backend->apply(std::vector{ban("203.0.113.7", Remediation::throttle), ban("203.0.113.8")});
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::unsupported);
  EXPECT_NE(done.error().message.find("203.0.113.7"), std::string::npos);
  EXPECT_TRUE(drops("203.0.113.8"));
}

TEST_F(PacketTable, AnAllowStaysUntilItsLastReasonGoes) {
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

TEST_F(PacketTable, ReconcileLeavesExactlyWhatIsWanted) {
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

TEST_F(PacketTable, FlushEmptiesEverythingButTheAllowlist) {
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

TEST_F(PacketTable, AFlushByHandUnderARunningOwnerIsNoticed) {
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

TEST_F(PacketTable, TablesGrowWithoutLosingABan) {
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

TEST_F(PacketTable, TablesOfIpv6GrowToo) {
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

TEST_F(PacketTable, ReconcileMakesRoomBeforehand) {
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

TEST_F(PacketTable, PinsWithAPieceMissingAreMadeAnewAndFlushIsStillAWayOut) {
  apply({ban("203.0.113.1")});
  backend.reset();
  ASSERT_EQ(unlink((pin->path() + "/v1/policy").c_str()), 0);
  EXPECT_TRUE(flush_pinned(pin->path()).ok());
  EXPECT_EQ(list_pinned(pin->path()).error().code, Code::corrupt);
  backend = open();
  ASSERT_TRUE(backend);
  EXPECT_FALSE(backend->status().adopted);
  apply({ban("203.0.113.2")});
  EXPECT_TRUE(drops("203.0.113.2"));
  EXPECT_FALSE(drops("203.0.113.1"));
}

TEST_F(PacketTable, AFullTableIsSaidWithItsLimitAndTheRestHolds) {
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

TEST_F(PacketTable, AFilterRebuiltAfterRemovalsStillShowsEveryBan) {
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

TEST_F(PacketTable, ASecondOwnerOfTheSamePinsIsRefused) {
  EnforceOptions options;
  options.pin = pin->path();
  options.interfaces = {"testudo-none"};
  const auto second = XdpBackend::open(options, {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::conflict);
}

TEST_F(PacketTable, ANewOwnerAdoptsCountsPoliciesAndPrefixes) {
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

TEST_F(PacketTable, MoreScenariosThanRowsShareTheOtherRow) {
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
