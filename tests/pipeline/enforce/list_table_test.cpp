#include "enforce/list_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <vector>

namespace testudo {
namespace {

constexpr uint64_t kSeed = 0x5eed;
constexpr uint32_t kSpam = 100, kScan = 200;  // policies of two lists

template <typename Table, typename Line>
struct Owned {
  explicit Owned(uint32_t count) : lines(count), table(lines, kSeed) {}
  std::vector<Line> lines;
  Table table;
};
using Owned4 = Owned<ListTable4, list4_line>;
using Owned6 = Owned<ListTable6, list6_line>;

std::multiset<uint32_t> policies_of(const ListTable4& table, uint32_t address) {
  std::multiset<uint32_t> out;
  table.find(address, [&](testudo_term term) { out.insert(testudo_term_policy(term)); });
  return out;
}
std::multiset<uint32_t> policies_of(const ListTable6& table, const ban6_key& key, uint8_t length) {
  std::multiset<uint32_t> out;
  table.find(key, length, [&](testudo_term term) { out.insert(testudo_term_policy(term)); });
  return out;
}

TEST(ListTable4, HoldsAnAddressOnceForEachList) {
  Owned4 t(TESTUDO_LIST_LINES);
  EXPECT_EQ(t.table.put(7, list_term(kSpam, 0, 0)), ListPut::added);
  EXPECT_EQ(t.table.put(7, list_term(kScan, 0, 0)), ListPut::added);
  EXPECT_EQ(t.table.put(7, list_term(kSpam, 900, 0)), ListPut::changed);
  EXPECT_EQ(policies_of(t.table, 7), (std::multiset<uint32_t>{kSpam, kScan}));
  EXPECT_TRUE(t.table.erase(7, kSpam));
  EXPECT_FALSE(t.table.erase(7, kSpam));
  EXPECT_EQ(policies_of(t.table, 7), std::multiset<uint32_t>{kScan});
  EXPECT_TRUE(policies_of(t.table, 8).empty());
}

TEST(ListTable4, TakesTheAddressZeroLikeAnyOther) {
  Owned4 t(TESTUDO_LIST_LINES);
  EXPECT_EQ(t.table.put(0, list_term(kSpam, 0, 0)), ListPut::added);
  EXPECT_EQ(policies_of(t.table, 0), std::multiset<uint32_t>{kSpam});
}

// Nine of ten slots taken, so that most lines run over.
TEST(ListTable4, EntriesBehindAFullLineAreFoundWhateverIsRemovedBeforeThem) {
  Owned4 t(TESTUDO_LIST_LINES);
  for (uint32_t a = 1; a <= 450; ++a) ASSERT_EQ(t.table.put(a, list_term(kSpam, 0, 0)), ListPut::added);
  for (uint32_t gone = 1; gone <= 450; ++gone) {
    ASSERT_TRUE(t.table.erase(gone, kSpam));
    for (uint32_t a = gone + 1; a <= 450; ++a)
      ASSERT_EQ(policies_of(t.table, a).size(), 1u) << a << " after " << gone << " went";
  }
}

TEST(ListTable4, RoomOfTheRemovedIsUsedAgain) {
  Owned4 t(1 + 5);
  uint32_t stood = 0;
  while (t.table.put(stood, list_term(kSpam, 0, 0)) == ListPut::added) ++stood;
  EXPECT_EQ(stood, 40u);
  for (int round = 0; round < 1000; ++round) {
    ASSERT_TRUE(t.table.erase(uint32_t(round) % stood, kSpam));
    ASSERT_EQ(t.table.put(uint32_t(round) % stood, list_term(kSpam, 0, 0)), ListPut::added) << round;
  }
}

TEST(ListTable4, AFullNeighbourhoodSaysSoAndChangesNothing) {
  Owned4 t(1 + 5);
  std::set<uint32_t> in;
  for (uint32_t a = 1; a < 200; ++a)
    if (t.table.put(a, list_term(kSpam, 0, 0)) != ListPut::no_room) in.insert(a);
  EXPECT_EQ(in.size(), 40u);
  size_t found = 0;
  t.table.for_each([&](uint32_t address, testudo_term) { found += in.count(address); });
  EXPECT_EQ(found, in.size());
}

TEST(ListTable4, TenThousandRoundsOfChangesEqualAMap) {
  Owned4 t(list4_lines(400));
  std::map<std::pair<uint32_t, uint32_t>, testudo_term> reference;
  std::mt19937 random(3);
  for (int round = 0; round < 10'000; ++round) {
    const uint32_t address = random() % 300, policy = random() % 2 ? kSpam : kScan;
    const auto key = std::pair(address, policy);
    if (random() % 3) {
      const testudo_term term = list_term(policy, random() % 100'000, 0);
      const ListPut done = t.table.put(address, term);
      ASSERT_EQ(done, reference.count(key) ? ListPut::changed : ListPut::added);
      reference[key] = term;
    } else {
      ASSERT_EQ(t.table.erase(address, policy), reference.erase(key) == 1);
    }
  }
  std::map<std::pair<uint32_t, uint32_t>, testudo_term> found;
  t.table.for_each([&](uint32_t address, testudo_term term) {
    found[{address, testudo_term_policy(term)}] = term;
  });
  EXPECT_EQ(found, reference);
}

TEST(ListTable4, AMillionFindRoomAtTheLoadThatIsPlannedAndBeyondIt) {
  constexpr uint32_t kEntries = 1'000'000;
  Owned4 t(list4_lines(kEntries));
  EXPECT_LE(double(t.table.bytes()) / kEntries, 14.1) << "bytes an entry";
  std::mt19937 random(5);
  for (uint32_t i = 0; i < kEntries + kEntries / 8; ++i)
    ASSERT_NE(t.table.put(uint32_t(random()), list_term(kSpam, 0, 0)), ListPut::no_room) << i;
}

TEST(ListTable4, AnAddressThatSixteenListsNameHasRoom) {
  Owned4 t(list4_lines(100'000));
  std::mt19937 random(5);
  for (int i = 0; i < 100'000; ++i) t.table.put(uint32_t(random()), list_term(kSpam, 0, 0));
  for (uint32_t list = 0; list < 16; ++list)
    EXPECT_NE(t.table.put(77, list_term(kScan + list, 0, 0)), ListPut::no_room) << list;
}

const ban6_key kHost{0x20010db8, 7}, kNetwork{0x20010db8, 0};

TEST(ListTable6, AnAddressAndItsNetworkAreTwoEntries) {
  Owned6 t(TESTUDO_LIST_LINES);
  EXPECT_EQ(t.table.put(kHost, 128, list_term(kSpam, 0, 0)), ListPut::added);
  EXPECT_EQ(t.table.put(kNetwork, 64, list_term(kSpam, 0, 0)), ListPut::added);
  EXPECT_EQ(t.table.put(kNetwork, 128, list_term(kScan, 0, 0)), ListPut::added);
  EXPECT_EQ(policies_of(t.table, kNetwork, 64), std::multiset<uint32_t>{kSpam});
  EXPECT_EQ(policies_of(t.table, kNetwork, 128), std::multiset<uint32_t>{kScan});
  EXPECT_TRUE(t.table.erase(kNetwork, 64, kSpam));
  EXPECT_TRUE(policies_of(t.table, kNetwork, 64).empty());
  EXPECT_EQ(policies_of(t.table, kHost, 128), std::multiset<uint32_t>{kSpam});
}

TEST(ListTable6, AKeyStaysWhereItStoodUntilTheTableIsBuiltAnew) {
  Owned6 t(TESTUDO_LIST_LINES);
  ASSERT_EQ(t.table.put(kHost, 128, list_term(kSpam, 0, 0)), ListPut::added);
  const auto count_keys = [&] {
    int keys = 0;
    for (size_t line = 1; line < t.lines.size(); ++line)
      for (const __u8 length : t.lines[line].length) keys += length != 0;
    return keys;
  };
  for (int round = 0; round < 100; ++round) {
    ASSERT_TRUE(t.table.erase(kHost, 128, kSpam));
    ASSERT_EQ(count_keys(), 1);
    ASSERT_EQ(t.table.put(kHost, 128, list_term(round % 2 ? kSpam : kScan, 0, 0)), ListPut::added);
    ASSERT_EQ(count_keys(), 1);
    if (round % 2 == 0) {
      ASSERT_TRUE(t.table.erase(kHost, 128, kScan));
      ASSERT_EQ(t.table.put(kHost, 128, list_term(kSpam, 0, 0)), ListPut::added);
    }
  }
}

TEST(ListTable6, HundredThousandFindRoomAndAreFoundAgain) {
  constexpr int kEntries = 100'000;
  Owned6 t(list6_lines(kEntries));
  std::mt19937_64 random(5);
  std::vector<ban6_key> keys;
  for (int i = 0; i < kEntries + kEntries / 8; ++i) {
    keys.push_back({random(), i % 2 ? random() : 0});
    ASSERT_EQ(t.table.put(keys.back(), i % 2 ? 128 : 64, list_term(kSpam, 0, 0)), ListPut::added) << i;
  }
  for (size_t i = 0; i < keys.size(); ++i)
    ASSERT_EQ(policies_of(t.table, keys[i], i % 2 ? 128 : 64).size(), 1u) << i;
}

TEST(ListTerm, EndsAreRoundedUpToSixteenSeconds) {
  EXPECT_EQ(list_expiry_s(list_term(kSpam, 0, 160), 160), 0u) << "never";
  EXPECT_EQ(list_expiry_s(list_term(kSpam, 161, 160), 160), 176u);
  EXPECT_EQ(list_expiry_s(list_term(kSpam, 176, 160), 160), 176u);
  EXPECT_EQ(list_expiry_s(list_term(kSpam, 177, 160), 160), 192u);
  EXPECT_EQ(testudo_term_policy(list_term(4095, 177, 160)), 4095u);
}

TEST(ListTerm, WhatIsOverAtTheStartIsOverAfterOneTickAndStaysSo) {
  const testudo_term term = list_term(kSpam, 100, 160);
  EXPECT_FALSE(testudo_term_over(term, 160, 175));
  EXPECT_TRUE(testudo_term_over(term, 160, 176));
  EXPECT_TRUE(testudo_term_over(term, 160, 100'000'000));
  EXPECT_FALSE(testudo_term_over(list_term(kSpam, 0, 160), 160, 100'000'000));
}

TEST(ListTerm, AnEndBehindTheLastTickIsCutShortAndSaysSo) {
  const testudo_term term = list_term(kSpam, 100'000'000, 160);
  EXPECT_TRUE(is_cut_short(term));
  EXPECT_EQ(list_expiry_s(term, 160), 160 + uint64_t(TESTUDO_LIST_TICKS - 1) * TESTUDO_LIST_TICK_S);
  EXPECT_FALSE(is_cut_short(list_term(kSpam, 1'000'000, 160)));
}

}  // namespace
}  // namespace testudo
