// What the tables do at their bounds: nothing leaks, and who stays when there is no room for all.
#include <algorithm>

#include "packet_table.h"

namespace testudo::test {
namespace {

class Bounds : public PacketTable {
 protected:
  void shrink_to(uint32_t entries) {
    backend.reset();
    ASSERT_TRUE(remove_pinned(pin->path()).ok());
    backend = open({.bans = entries, .filter_words = 16}, /*max_entries=*/entries);
    ASSERT_TRUE(backend);
  }
  static DecisionChange listed(const std::string& prefix, Duration left = 1h) {
    DecisionChange change = ban(prefix, Remediation::ban, left);
    change.origin = "lists";
    return change;
  }
  /// Bits that are set in the bitmaps and filters, and entries in the tables.
  uint64_t traces() {
    const auto tables = xdp::open_tables(pin->path());
    EXPECT_TRUE(tables.ok());
    uint64_t sum = 0;
    for (const xdp::Map* map : {&tables->bm24, &tables->bm32, &tables->filter4, &tables->filter6}) {
      const auto memory = xdp::Mapped::of(*map);
      EXPECT_TRUE(memory.ok());
      for (const uint64_t word : memory->words()) sum += uint64_t(__builtin_popcountll(word));
    }
    for (const xdp::Map* map : {&tables->ban4, &tables->ban6, &tables->ban6_64, &tables->net4, &tables->net6})
      EXPECT_TRUE(map->for_each([&](const void*, const void*) { ++sum; }).ok());
    return sum;
  }
};

TEST_F(Bounds, TenThousandRoundsOfAddingAndLiftingLeaveNothing) {
  ASSERT_EQ(traces(), 0u);
  for (int round = 0; round < 10000; ++round) {
    const std::string n = std::to_string(round % 250), m = std::to_string(round / 250);
    const std::string prefixes[] = {"198.18." + m + "." + n,
                                    "10." + n + ".0.0/" + std::to_string(9 + round % 20),
                                    "2001:db8:" + m + "::" + n, "2001:db8:" + n + "::/64",
                                    "2001:db8:" + n + "::/" + std::to_string(20 + round % 40)};
    std::vector<DecisionChange> add, remove;
    for (const std::string& each : prefixes) {
      add.push_back(ban(each));
      remove.push_back(lift(each));
    }
    ASSERT_TRUE(backend->apply(add).ok());
    ASSERT_TRUE(backend->apply(remove).ok());
  }
  ASSERT_TRUE(backend->reconcile({}, {}).ok());
  EXPECT_EQ(traces(), 0u);
  const EnforceStatus status = backend->status();
  EXPECT_EQ(status.bans + status.ranges, 0u);
}

TEST_F(Bounds, ABanMadeHereTakesThePlaceOfOneFromAList) {
  shrink_to(4);
  apply({listed("198.18.0.1", 3h), listed("198.18.0.2", 1h), listed("198.18.0.3", 2h),
         ban("198.18.0.4", Remediation::ban, 1min)});
  apply({ban("198.18.0.5", Remediation::ban, 1min)});
  EXPECT_TRUE(drops("198.18.0.5"));
  EXPECT_FALSE(drops("198.18.0.2")) << "the shortest of the list";
  for (const char* stays : {"198.18.0.1", "198.18.0.3", "198.18.0.4"}) EXPECT_TRUE(drops(stays)) << stays;
  EXPECT_EQ(backend->status().bans, 4u);
}

TEST_F(Bounds, AListEntryTakesNoPlaceOfABanMadeHere) {
  shrink_to(2);
  apply({ban("198.18.0.1", Remediation::ban, 1min), ban("198.18.0.2", Remediation::ban, 1min)});
  const auto done = backend->apply(std::vector{listed("198.18.0.3", 1000h)});
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::too_large);
  EXPECT_TRUE(drops("198.18.0.1"));
  EXPECT_TRUE(drops("198.18.0.2"));
}

TEST_F(Bounds, ALongerBanTakesThePlaceOfAShorterOne) {
  shrink_to(3);
  apply({ban("198.18.0.1", Remediation::ban, 1h), ban("198.18.0.2", Remediation::ban, 2h),
         ban("198.18.0.3", Remediation::ban, 3h)});
  apply({ban("198.18.0.4", Remediation::ban, 4h), ban("198.18.0.5", Remediation::ban, 5h)});
  EXPECT_FALSE(drops("198.18.0.1"));
  EXPECT_FALSE(drops("198.18.0.2"));
  for (const char* stays : {"198.18.0.3", "198.18.0.4", "198.18.0.5"}) EXPECT_TRUE(drops(stays)) << stays;
}

TEST_F(Bounds, ARenewedBanNeedsNoPlace) {
  shrink_to(2);
  apply({ban("198.18.0.1"), ban("198.18.0.2")});
  apply({ban("198.18.0.1", Remediation::ban, 5h)});
  EXPECT_TRUE(drops("198.18.0.1"));
  EXPECT_TRUE(drops("198.18.0.2"));
}

TEST_F(Bounds, ReconcileWithTooManyKeepsThoseMadeHereAndSaysSo) {
  shrink_to(4);
  std::vector<DecisionChange> all;
  for (int i = 1; i <= 8; ++i) all.push_back(listed("198.18.0." + std::to_string(i), i * 1h));
  all.push_back(ban("198.18.1.1", Remediation::ban, 1min));
  all.push_back(ban("198.18.1.2", Remediation::ban, 1min));
  const auto done = backend->reconcile(all, {});
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::too_large);
  for (const char* stays : {"198.18.1.1", "198.18.1.2", "198.18.0.8", "198.18.0.7"})
    EXPECT_TRUE(drops(stays)) << stays;
  EXPECT_EQ(backend->status().bans, 4u);
  EXPECT_FALSE(backend->reconcile(all, {}).ok()) << "a second time likewise";
  EXPECT_TRUE(drops("198.18.0.8"));
}

}  // namespace
}  // namespace testudo::test
