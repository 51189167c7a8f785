#include "enforce/prefix_gate.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "bpf/abi.h"

namespace testudo {
namespace {

class Gate : public testing::Test {
 protected:
  static Prefix prefix(const char* text) { return *Prefix::parse(text); }
  static Ip ip(const char* text) { return *Ip::parse(text); }
  size_t bits() const {
    size_t count = 0;
    for (const uint64_t word : words) count += size_t(__builtin_popcountll(word));
    return count;
  }
  std::vector<uint64_t> words = std::vector<uint64_t>(TESTUDO_BM32_WORDS, 0);
  PrefixGate gate{words, 42};
};

TEST_F(Gate, OpensForTheAddressesOfAPrefixAndClosesWithIt) {
  gate.add(prefix("2001:db8:5::/48"));
  EXPECT_TRUE(gate.touches(ip("2001:db8:5::1")));
  EXPECT_EQ(bits(), 1u);
  gate.remove(prefix("2001:db8:5::/48"));
  EXPECT_FALSE(gate.touches(ip("2001:db8:5::1")));
  EXPECT_EQ(bits(), 0u);
}

TEST_F(Gate, APrefixShorterThan32OpensForEachOfIts32s) {
  gate.add(prefix("2001:db0::/28"));
  for (const char* inside : {"2001:db0::1", "2001:db8::1", "2001:dbf:ffff::1"})
    EXPECT_TRUE(gate.touches(ip(inside)));
  EXPECT_LE(bits(), 16u);
}

TEST_F(Gate, APrefixShorterThan16OpensForAllAndLeavesTheOthersBehind) {
  gate.add(prefix("2001:db8::/32"));
  gate.add(prefix("::/0"));
  EXPECT_TRUE(gate.touches(ip("fe80::1")));
  gate.remove(prefix("::/0"));
  EXPECT_TRUE(gate.touches(ip("2001:db8::1")));
  EXPECT_EQ(bits(), 1u);
}

TEST_F(Gate, ABitStaysUntilItsLastPrefixGoes) {
  gate.add(prefix("2001:db8:1::/48"));
  gate.add(prefix("2001:db8:2::/48"));
  gate.remove(prefix("2001:db8:1::/48"));
  EXPECT_TRUE(gate.touches(ip("2001:db8:2::1")));
  gate.remove(prefix("2001:db8:2::/48"));
  EXPECT_EQ(bits(), 0u);
}

TEST_F(Gate, AfterAnyOrderOfChangesNoPrefixIsShutOutAndNoBitStays) {
  std::mt19937 random(7);
  std::vector<Prefix> present;
  for (int step = 0; step < 3000; ++step) {
    if (present.empty() || random() % 3 != 0) {
      Ip address = ip("2001:db8::");
      for (size_t i = 2; i < 8; ++i) address.bytes[i] = uint8_t(random());
      present.push_back(Prefix::of(address, int(14 + random() % 50)));
      gate.add(present.back());
    } else {
      const size_t at = random() % present.size();
      gate.remove(present[at]);
      present.erase(present.begin() + long(at));
    }
    if (step % 100 != 0) continue;
    for (const Prefix& each : present) ASSERT_TRUE(gate.touches(each.ip)) << each.text();
  }
  for (const Prefix& each : present) gate.remove(each);
  EXPECT_EQ(bits(), 0u);
}

}  // namespace
}  // namespace testudo
