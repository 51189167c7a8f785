// Blocklists beside decisions: swapped as a whole, changed entry by entry while packets run, never stronger
// than the allowlist.
#include <unistd.h>

#include <atomic>
#include <random>
#include <thread>

#include "enforce/list_watch.h"
#include "packet_table.h"

namespace testudo::test {
namespace {

BlockList list_of(const std::string& name, const std::vector<std::string>& prefixes,
                  Remediation remediation = Remediation::ban) {
  BlockList list;
  list.name = name;
  list.remediation = remediation;
  for (const std::string& text : prefixes) list.prefixes.push_back(*Prefix::parse(text));
  return list;
}

class Lists : public PacketTable {
 protected:
  void put(const BlockList& list) {
    const auto done = backend->put_list(list);
    EXPECT_TRUE(done.ok()) << done.error().text();
  }
  void change(const ListChange& change) {
    const auto done = backend->change_list(change);
    EXPECT_TRUE(done.ok()) << done.error().text();
  }
  void expect_dropped(const std::vector<std::string>& banned, const std::vector<std::string>& free) {
    for (const std::string& from : banned) EXPECT_TRUE(drops(from)) << from;
    for (const std::string& from : free) EXPECT_FALSE(drops(from)) << from;
  }
};

TEST_F(Lists, EachShapeOfAnEntryIsDropped) {
  put(list_of("all", {"203.0.113.7", "198.51.0.0/16", "203.0.114.0/30", "2001:db8::7", "2001:db8:5::/64",
                      "2001:db8:6::/48", "2001:db8:7:8::/80"}));
  expect_dropped({"203.0.113.7", "198.51.100.1", "203.0.114.3", "2001:db8::7", "2001:db8:5::99",
                  "2001:db8:6:7::1", "2001:db8:7:8:0:1::"},
                 {"203.0.113.8", "198.52.0.1", "203.0.114.4", "2001:db8::8", "2001:db8:5:1::1",
                  "2001:db8:8::1", "2001:db8:7:8:1::"});
}

TEST_F(Lists, AListTakesThePlaceOfItsLastGenerationAndOfNoOther) {
  put(list_of("scan", {"203.0.113.1", "203.0.113.2", "10.1.0.0/16", "2001:db8::1", "2001:db8:1::/48"}));
  put(list_of("spam", {"203.0.113.2", "203.0.113.3", "10.2.0.0/16", "2001:db8::2"}));
  put(list_of("scan", {"203.0.113.4", "10.3.0.0/16", "2001:db8::4"}));
  expect_dropped(
      {"203.0.113.2", "203.0.113.3", "203.0.113.4", "10.2.1.1", "10.3.1.1", "2001:db8::2", "2001:db8::4"},
      {"203.0.113.1", "10.1.1.1", "2001:db8::1", "2001:db8:1::1"});
  put(list_of("spam", {}));
  expect_dropped({"203.0.113.4", "10.3.1.1"}, {"203.0.113.2", "203.0.113.3", "10.2.1.1", "2001:db8::2"});
  ASSERT_EQ(backend->lists().size(), 1u);
  EXPECT_EQ(backend->lists()[0].name, "scan");
  EXPECT_EQ(backend->lists()[0].entries, 3u);
}

TEST_F(Lists, TheSameListAgainTakesNoMoreMemory) {
  BlockList list;
  list.name = "all";
  for (uint32_t i = 0; i < 50'000; ++i) list.prefixes.push_back(Prefix::host(Ip::v4(0xc6120000 + i)));
  put(list);
  const uint64_t memory = lists_pinned(pin->path())->front().memory_bytes;
  for (int i = 0; i < 3; ++i) put(list);
  EXPECT_EQ(lists_pinned(pin->path())->front().memory_bytes, memory);
  EXPECT_EQ(backend->lists()[0].entries, 50'000u);
  EXPECT_EQ(backend->lists()[0].generation, 4u);
}

TEST_F(Lists, TheAllowlistWins) {
  allow({allowed("203.0.113.7"), allowed("2001:db8::/64"), allowed("198.51.100.0/24")});
  put(list_of("all", {"203.0.113.7", "203.0.113.8", "198.51.0.0/16", "2001:db8::7"}));
  expect_dropped({"203.0.113.8", "198.51.1.1"}, {"203.0.113.7", "2001:db8::7", "198.51.100.1"});
  EXPECT_EQ(backend->lists()[0].allowlisted, 3u) << "told at the load";
}

TEST_F(Lists, OfAListAndADecisionTheMoreSevereHolds) {
  apply({log_only("203.0.113.1"), ban("203.0.113.2"), log_only("10.1.0.0/16"), ban("10.2.0.0/16")});
  put(list_of("strict", {"203.0.113.1", "10.1.0.0/16"}));
  put(list_of("mild", {"203.0.113.2", "10.2.0.0/16", "203.0.113.3"}, Remediation::log_only));
  expect_dropped({"203.0.113.1", "203.0.113.2", "10.1.1.1", "10.2.1.1"}, {"203.0.113.3"});
  EXPECT_EQ(totals().logged, 1u);
  apply({lift("203.0.113.1"), lift("203.0.113.2"), lift("10.1.0.0/16"), lift("10.2.0.0/16")});
  expect_dropped({"203.0.113.1", "10.1.1.1"}, {"203.0.113.2", "10.2.1.1"});
}

TEST_F(Lists, OfTwoListsTheMoreSevereHolds) {
  put(list_of("mild", {"203.0.113.1", "10.1.0.0/16", "2001:db8::1"}, Remediation::log_only));
  put(list_of("strict", {"203.0.113.1", "10.1.0.0/16", "2001:db8::1"}));
  put(list_of("milder", {"203.0.113.1", "10.1.0.0/16", "2001:db8::1"}, Remediation::log_only));
  expect_dropped({"203.0.113.1", "10.1.1.1", "2001:db8::1"}, {});
  put(list_of("strict", {"203.0.113.9"}));
  expect_dropped({}, {"203.0.113.1", "2001:db8::1"});
}

TEST_F(Lists, AListMayChangeItsRemediation) {
  put(list_of("all", {"203.0.113.1"}, Remediation::log_only));
  expect_dropped({}, {"203.0.113.1"});
  put(list_of("all", {"203.0.113.1"}));
  expect_dropped({"203.0.113.1"}, {});
  EXPECT_EQ(backend->lists().size(), 1u);
  EXPECT_EQ(backend->lists()[0].entries, 1u);
}

TEST_F(Lists, DropsAreCountedForTheList) {
  put(list_of("all", {"203.0.113.1"}));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(drops("203.0.113.1"));
  ASSERT_EQ(backend->counters().size(), 1u);
  EXPECT_EQ(backend->counters()[0].origin, "lists");
  EXPECT_EQ(backend->counters()[0].scenario, "all");
  EXPECT_EQ(backend->counters()[0].packets, 3u);
  const auto lists = lists_pinned(pin->path());
  ASSERT_TRUE(lists.ok() && lists->size() == 1);
  EXPECT_EQ((*lists)[0].dropped_packets, 3u);
}

TEST_F(Lists, SingleEntriesComeAndGo) {
  put(list_of("all", {"203.0.113.1", "2001:db8:1::/64"}));
  change({.name = "all",
          .added = {*Prefix::parse("203.0.113.2"), *Prefix::parse("2001:db8::2")},
          .removed = {}});
  expect_dropped({"203.0.113.1", "203.0.113.2", "2001:db8::2", "2001:db8:1::5"}, {"203.0.113.3"});
  change({.name = "all",
          .added = {},
          .removed = {*Prefix::parse("203.0.113.1"), *Prefix::parse("2001:db8::2")}});
  expect_dropped({"203.0.113.2", "2001:db8:1::5"}, {"203.0.113.1", "2001:db8::2"});
  EXPECT_EQ(backend->lists()[0].entries, 2u);
  EXPECT_EQ(backend->change_list({.name = "none", .added = {}, .removed = {}}).error().code, Code::not_found);
}

TEST_F(Lists, EntriesEndByThemselvesWithinSixteenSeconds) {
  put(list_of("all", {"203.0.113.1"}));
  change({.name = "all", .added = {*Prefix::parse("203.0.113.2")}, .removed = {}, .until = now() + 2s});
  const auto end = Clocks::read().boot_ns / 1'000'000'000 + 2 + TESTUDO_LIST_TICK_S + 1;
  EXPECT_TRUE(drops("203.0.113.2"));
  while (Clocks::read().boot_ns / 1'000'000'000 < end) usleep(200'000);
  expect_dropped({"203.0.113.1"}, {"203.0.113.2"});
  ASSERT_TRUE(backend->reconcile({}, {}).ok());
  EXPECT_EQ(backend->lists()[0].entries, 1u) << "taken out by the next reconcile";
}

TEST_F(Lists, ReconcileLeavesListsAloneAndFlushDoesNot) {
  put(list_of("all", {"203.0.113.1", "10.1.0.0/16", "2001:db8::1"}));
  ASSERT_TRUE(backend->reconcile(std::vector{ban("203.0.113.9")}, {}).ok());
  expect_dropped({"203.0.113.1", "10.1.1.1", "2001:db8::1", "203.0.113.9"}, {});
  ASSERT_TRUE(backend->flush().ok());
  expect_dropped({}, {"203.0.113.1", "10.1.1.1", "2001:db8::1", "203.0.113.9"});
  EXPECT_TRUE(backend->lists().empty());
  put(list_of("all", {"203.0.113.1", "10.1.0.0/16"}));
  expect_dropped({"203.0.113.1", "10.1.1.1"}, {});
}

TEST_F(Lists, AFlushByHandTakesListsToo) {
  put(list_of("all", {"203.0.113.1", "10.1.0.0/16"}));
  const auto report = flush_pinned(pin->path());
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->removed, 2u);
  expect_dropped({}, {"203.0.113.1", "10.1.1.1"});
  apply({ban("203.0.113.2")});
  EXPECT_TRUE(backend->lists().empty()) << "noticed";
  expect_dropped({"203.0.113.2"}, {"203.0.113.1", "10.1.1.1"});
}

TEST_F(Lists, ANewOwnerAdoptsThemAndReplacesThem) {
  put(list_of("scan", {"203.0.113.1", "10.1.0.0/16", "2001:db8:1::/48"}));
  put(list_of("spam", {"203.0.113.2"}));
  backend.reset();
  backend = open();
  ASSERT_TRUE(backend);
  EXPECT_EQ(backend->lists().size(), 2u);
  expect_dropped({"203.0.113.1", "203.0.113.2", "10.1.1.1", "2001:db8:1::1"}, {});
  put(list_of("scan", {"203.0.113.4"}));
  expect_dropped({"203.0.113.2", "203.0.113.4"}, {"203.0.113.1", "10.1.1.1", "2001:db8:1::1"});
}

TEST_F(Lists, OneAddressShowsTheListsThatNameIt) {
  put(list_of("scan", {"203.0.113.1", "203.0.0.0/16"}));
  put(list_of("spam", {"203.0.113.1"}));
  const Prefix only = *Prefix::parse("203.0.113.1");
  const auto entries = backend->list(&only);
  ASSERT_TRUE(entries.ok());
  std::multiset<std::string> seen;
  for (const KernelEntry& entry : *entries) seen.insert(entry.scenario + " " + entry.prefix.text());
  EXPECT_EQ(seen, (std::multiset<std::string>{"scan 203.0.113.1", "scan 203.0.0.0/16", "spam 203.0.113.1"}));
  EXPECT_TRUE(backend->list(nullptr)->empty()) << "millions: not without an address";
}

TEST_F(Lists, MoreThanMayBeIsRefusedWithNumbersAndNothingChanges) {
  backend.reset();
  ASSERT_TRUE(remove_pinned(pin->path()).ok());
  backend = open({}, /*max_entries=*/100);
  ASSERT_TRUE(backend);
  put(list_of("small", {"203.0.113.1"}));
  BlockList large;
  large.name = "large";
  for (uint32_t i = 0; i < 100; ++i) large.prefixes.push_back(Prefix::host(Ip::v4(0xc6120000 + i)));
  const auto refused = backend->put_list(large);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::too_large);
  for (const char* number : {"100", "101", "MB"})
    EXPECT_NE(refused.error().message.find(number), std::string::npos) << refused.error().message;
  expect_dropped({"203.0.113.1"}, {"198.18.0.1"});
  large.prefixes.resize(99);
  put(large);
  expect_dropped({"203.0.113.1", "198.18.0.1"}, {});
}

TEST_F(Lists, BansAndListsGrowBesideOneAnother) {
  backend.reset();
  ASSERT_TRUE(remove_pinned(pin->path()).ok());
  backend = open({.bans = 64, .filter_words = 16}, /*max_entries=*/10'000);
  ASSERT_TRUE(backend);
  BlockList list;
  list.name = "all";
  for (uint32_t i = 0; i < 3000; ++i) list.prefixes.push_back(Prefix::host(Ip::v4(0xc6120000 + i * 2)));
  put(list);
  std::vector<DecisionChange> bans;
  for (int i = 0; i < 1000; ++i)
    bans.push_back(ban("198.51." + std::to_string(i / 250) + "." + std::to_string(i % 250)));
  apply(bans);
  put(list);
  for (uint32_t i = 0; i < 3000; ++i) {
    EXPECT_TRUE(drops(Ip::v4(0xc6120000 + i * 2).text()));
    EXPECT_FALSE(drops(Ip::v4(0xc6120001 + i * 2).text()));
  }
  for (const DecisionChange& change : bans) EXPECT_TRUE(drops(change.prefix.ip.text()));
}

// Packets on one thread; on the other single entries come and go among those that are asked for.
TEST_F(Lists, NothingThatIsListedIsMissedWhileEntriesChange) {
  BlockList list;
  list.name = "all";
  std::mt19937 random(7);
  for (int i = 0; i < 4096; ++i)
    list.prefixes.push_back(Prefix::host(Ip::v4(uint32_t(random()) | 0x40000000)));
  put(list);
  std::atomic<bool> stop{false};
  std::atomic<int> changes{0};
  std::thread writer([&] {
    std::mt19937 mine(9);
    std::vector<Prefix> added(256);
    while (!stop) {
      for (Prefix& prefix : added) prefix = Prefix::host(Ip::v4(uint32_t(mine()) & 0xbfffffff));
      change({.name = "all", .added = added, .removed = {}});
      change({.name = "all", .added = {}, .removed = added});
      ++changes;
    }
  });
  std::vector<std::vector<uint8_t>> frames;
  for (const Prefix& prefix : list.prefixes) frames.push_back(frame().ip4(prefix.ip.text()).udp().bytes());
  uint64_t missed = 0, sent = 0;
  for (int round = 0; round < 200 || changes < 1000; ++round) {
    for (const auto& bytes : frames) {
      const auto verdict = backend->program().run(bytes);
      ++sent;
      missed += !verdict.ok() || *verdict != Verdict::drop;
    }
  }
  stop = true;
  writer.join();
  EXPECT_EQ(missed, 0u) << "of " << sent << ", in " << changes << " changes of 256";
}

TEST_F(Lists, TablesWornByChangesAreBuiltAnewWithTheNextReconcile) {
  BlockList list;
  list.name = "all";
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) list.prefixes.push_back(Prefix::host(Ip::v4(uint32_t(random()) | 1)));
  list.prefixes.push_back(*Prefix::parse("2001:db8::1"));
  put(list);
  for (int round = 0; round < 20; ++round) {
    std::vector<Prefix> some;
    for (int i = 0; i < 5000; ++i) some.push_back(Prefix::host(Ip::v4(0x0a000000 | (random() & 0xffffff))));
    change({.name = "all", .added = some, .removed = {}});
    change({.name = "all", .added = {}, .removed = some});
  }
  const uint64_t before = lists_pinned(pin->path())->front().generation;
  ASSERT_TRUE(backend->reconcile({}, {}).ok());
  EXPECT_EQ(lists_pinned(pin->path())->front().generation, before + 1);
  expect_dropped({list.prefixes[0].ip.text(), list.prefixes[777].ip.text(), "2001:db8::1"}, {"203.0.113.2"});
}

TEST_F(Lists, AddingAndRemovingTenThousandTimesLeavesTheTableAsItWas) {
  put(list_of("all", {"203.0.113.1"}));
  const uint64_t memory = lists_pinned(pin->path())->front().memory_bytes;
  std::mt19937 random(3);
  for (int round = 0; round < 10'000; ++round) {
    const std::vector<Prefix> one{Prefix::host(Ip::v4(uint32_t(random())))};
    change({.name = "all", .added = one, .removed = {}});
    change({.name = "all", .added = {}, .removed = one});
  }
  EXPECT_EQ(lists_pinned(pin->path())->front().entries, 1u);
  EXPECT_EQ(lists_pinned(pin->path())->front().memory_bytes, memory);
}

TEST(ListsOnTheWire, NoPacketOfAListedAddressPassesWhileGenerationsAreSwapped) {
  if (const std::string why = why_not_here(); !why.empty()) GTEST_SKIP() << why;
  Sandbox net;
  std::unique_ptr<Backend> backend;
  {
    const Inside inside(net.server());
    auto opened = open_backend(net.options());
    ASSERT_TRUE(opened.ok()) << opened.error().text();
    backend = std::move(*opened);
  }
  std::mt19937 random(7);
  const auto generation = [&](int number) {
    BlockList list = list_of("all", {"192.0.2.2", "192.0.2.4/31"});
    for (int i = 0; i < 1000 * (1 + number % 3); ++i)
      list.prefixes.push_back(Prefix::host(Ip::v4(uint32_t(random()) | 0xf0000000)));
    return list;
  };
  ASSERT_TRUE(backend->put_list(generation(0)).ok());
  ASSERT_EQ(net.delivered("192.0.2.3"), 5);
  std::atomic<bool> stop{false};
  std::atomic<int> swaps{0};
  std::thread swapper([&] {
    const Inside inside(net.server());
    for (int i = 1; !stop; ++i)
      if (backend->put_list(generation(i)).ok()) ++swaps;
  });
  int passed = 0;
  while (swaps < 50) {
    passed += net.delivered("192.0.2.2", 20);
    passed += net.delivered("192.0.2.5", 20);
  }
  stop = true;
  swapper.join();
  EXPECT_EQ(passed, 0) << "in " << swaps << " generations";
  EXPECT_EQ(net.delivered("192.0.2.3"), 5);
  ASSERT_TRUE(backend->put_list({.name = "all"}).ok());
  EXPECT_EQ(net.delivered("192.0.2.2"), 5);
}

class ListFiles : public Lists {
 protected:
  void SetUp() override {
    Lists::SetUp();
    path = "/tmp/testudo-list-" + std::to_string(getpid()) + ".txt";
  }
  void TearDown() override { unlink(path.c_str()); }
  void write(const std::string& text) { ASSERT_TRUE(write_file_atomic(path, text).ok()); }
  ListWatch watch() { return ListWatch({{.name = "file", .file = path, .ipv6_prefix = 64}}, 1000, *backend); }
  TimePoint next() { return at += 1h; }
  std::string path;
  TimePoint at = now();
  std::function<int64_t()> never = [] { return int64_t(0); };
};

TEST_F(ListFiles, AFileIsFollowedAndABadOneChangesNothing) {
  ListWatch lists = watch();
  write("# two\n203.0.113.1\n2001:db8::1\n");
  lists.tick(next(), never);
  expect_dropped({"203.0.113.1", "2001:db8::77"}, {"203.0.113.2"});
  write("203.0.113.2 ; three, and a longer line\n");
  lists.tick(next(), never);
  expect_dropped({"203.0.113.2"}, {"203.0.113.1"});
  write("<html>503</html>\n");
  lists.tick(next(), never);
  expect_dropped({"203.0.113.2"}, {});
  EXPECT_NE(lists.problem("file"), "");
  unlink(path.c_str());
  lists.tick(next(), never);
  expect_dropped({"203.0.113.2"}, {});
}

TEST_F(ListFiles, AfterAFlushByHandAListStaysAwayUntilItsFileChanges) {
  ListWatch lists = watch();
  write("203.0.113.1\n");
  lists.tick(next(), never);
  ASSERT_TRUE(flush_pinned(pin->path()).ok());
  apply({ban("203.0.113.9")});
  const auto flushed = [&] { return flush_mark_unix_ns(pin->path()); };
  lists.tick(next(), flushed);
  expect_dropped({}, {"203.0.113.1"});
  usleep(20'000);
  write("203.0.113.1\n");
  lists.tick(next(), flushed);
  expect_dropped({"203.0.113.1"}, {});
}

TEST_F(ListFiles, AListThatIsNotConfiguredAnyMoreGoes) {
  put(list_of("old", {"203.0.113.1"}));
  ListWatch lists = watch();
  lists.drop_unknown();
  expect_dropped({}, {"203.0.113.1"});
}

}  // namespace
}  // namespace testudo::test
