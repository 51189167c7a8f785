#include "enforce/filter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace testudo {
namespace {

EntryKey v4(uint32_t address) { return entry_key(Prefix::host(Ip::v4(address))); }

TEST(Filter, ShowsEverythingThatWasAdded) {
  std::vector<uint64_t> words(1024);
  Filter filter(words, 42);
  const char* entries[] = {"203.0.113.7", "255.255.255.255", "0.0.0.0",
                           "2001:db8::7", "2001:db8::/64",   "::1"};
  for (const char* text : entries) filter.add(entry_key(*Prefix::parse(text)));
  for (const char* text : entries) EXPECT_TRUE(filter.may_hold(entry_key(*Prefix::parse(text)))) << text;
  filter.clear();
  for (const char* text : entries) EXPECT_FALSE(filter.may_hold(entry_key(*Prefix::parse(text)))) << text;
}

TEST(Filter, AnIpv6AddressAndItsNetworkShareOneWord) {
  std::vector<uint64_t> words(4096);
  Filter filter(words, 42);
  filter.add(entry_key(*Prefix::parse("2001:db8::7")));
  filter.add(entry_key(*Prefix::parse("2001:db8::/64")));
  int touched = 0;
  for (const uint64_t word : words) touched += word != 0;
  EXPECT_EQ(touched, 1);
}

// With n entries in w words, the bits of a word are Poisson with mean n/w entries; theory for k = 4 bits of
// 64: sum over i of P(i) * (1 - (1 - 1/64)^(4 i))^4.
double theory(double per_word) {
  double sum = 0, p = std::exp(-per_word);
  for (int i = 0; i < 60; ++i) {
    if (i > 0) p *= per_word / i;
    sum += p * std::pow(1 - std::pow(1 - 1.0 / 64, 4 * i), 4);
  }
  return sum;
}

TEST(Filter, HasTheFalsePositivesOfTheoryAndNotMore) {
  constexpr size_t kWords = 1 << 14;
  for (const double bits_each : {14.0, 28.0}) {
    SCOPED_TRACE(bits_each);
    std::vector<uint64_t> words(kWords);
    Filter filter(words, 0x5eed);
    std::mt19937 random(7);
    const auto entries = int(kWords * 64 / bits_each);
    for (int i = 0; i < entries; ++i) filter.add(v4(uint32_t(random()) | 1));
    int wrong = 0;
    constexpr int kProbes = 400'000;
    for (int i = 0; i < kProbes; ++i) wrong += filter.may_hold(v4(uint32_t(random()) & ~1u));
    const double expected = theory(64 / bits_each);
    EXPECT_NEAR(double(wrong) / kProbes, expected, expected * 0.15);
    EXPECT_LT(expected, 0.012);
  }
}

TEST(Filter, NeighboursAreSpreadToo) {
  std::vector<uint64_t> words(1 << 14);
  Filter filter(words, 0x5eed);
  for (uint32_t i = 0; i < 65536; ++i) filter.add(v4(0x0a000000 + i * 2));
  int wrong = 0;
  for (uint32_t i = 0; i < 65536; ++i) wrong += filter.may_hold(v4(0x0a000001 + i * 2));
  EXPECT_LT(wrong, 65536 * 0.012);
}

TEST(Filter, ARebuildDropsTheBitsOfNobody) {
  std::vector<uint64_t> words(64);
  Filter filter(words, 1);
  filter.add(v4(1));
  filter.add(v4(2));
  std::vector<uint64_t> fresh = filter.blank();
  filter.over(fresh).add(v4(2));
  filter.replace_by(fresh);
  EXPECT_FALSE(filter.may_hold(v4(1)));
  EXPECT_TRUE(filter.may_hold(v4(2)));
}

}  // namespace
}  // namespace testudo
