#include "enforce/prefix_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "bpf/abi.h"

namespace testudo {
namespace {

struct Bitmap {
  std::vector<uint64_t> words = std::vector<uint64_t>(TESTUDO_BM24_WORDS);
  PrefixMap map{words};
  bool touches(const char* address) const { return map.touches(*Ip::parse(address)); }
};

Prefix prefix(const char* text) { return *Prefix::parse(text); }

TEST(PrefixMap, MarksTheNetworksThatAPrefixTouches) {
  Bitmap bits;
  EXPECT_TRUE(bits.map.add(prefix("10.0.0.0/8")));
  EXPECT_TRUE(bits.map.add(prefix("203.0.113.128/25")));
  EXPECT_FALSE(bits.map.add(prefix("10.0.0.0/8"))) << "known";
  EXPECT_TRUE(bits.touches("10.0.0.0"));
  EXPECT_TRUE(bits.touches("10.255.255.255"));
  EXPECT_FALSE(bits.touches("9.255.255.255"));
  EXPECT_FALSE(bits.touches("11.0.0.0"));
  EXPECT_TRUE(bits.touches("203.0.113.1")) << "a /24 is the finest that the map knows";
  EXPECT_FALSE(bits.touches("203.0.112.1"));
}

TEST(PrefixMap, ARemovedPrefixLeavesWhatOthersNeed) {
  Bitmap bits;
  for (const char* text : {"10.0.0.0/8", "10.1.0.0/16", "10.2.3.0/24", "10.2.3.128/25"})
    bits.map.add(prefix(text));
  EXPECT_TRUE(bits.map.remove(prefix("10.2.3.0/24")));
  EXPECT_TRUE(bits.touches("10.2.3.0"));
  EXPECT_TRUE(bits.map.remove(prefix("10.0.0.0/8")));
  EXPECT_TRUE(bits.touches("10.1.200.0"));
  EXPECT_TRUE(bits.touches("10.2.3.0")) << "the /25";
  EXPECT_FALSE(bits.touches("10.2.4.0"));
  EXPECT_FALSE(bits.touches("10.3.0.0"));
  EXPECT_TRUE(bits.map.remove(prefix("10.2.3.128/25")));
  EXPECT_FALSE(bits.touches("10.2.3.0"));
  EXPECT_FALSE(bits.map.remove(prefix("10.2.3.128/25"))) << "gone";
}

TEST(PrefixMap, TheWholeAddressSpaceAndBack) {
  Bitmap bits;
  bits.map.add(prefix("0.0.0.0/0"));
  bits.map.add(prefix("255.255.255.0/24"));
  EXPECT_TRUE(bits.touches("0.0.0.0"));
  EXPECT_TRUE(bits.touches("128.7.7.7"));
  bits.map.remove(prefix("0.0.0.0/0"));
  EXPECT_FALSE(bits.touches("128.7.7.7"));
  EXPECT_TRUE(bits.touches("255.255.255.255"));
}

TEST(PrefixMap, StaysEqualToAFreshOneThroughRandomChanges) {
  Bitmap bits;
  std::mt19937 random(11);
  std::vector<Prefix> present;
  for (int step = 0; step < 3000; ++step) {
    if (present.size() < 60 || random() % 2) {
      // A small space, so that prefixes nest and neighbour.
      const Prefix p =
          Prefix::of(Ip::v4(0x0a000000 + (uint32_t(random()) & 0x3ffff)), int(10 + random() % 22));
      if (bits.map.add(p)) present.push_back(p);
    } else {
      const size_t victim = random() % present.size();
      ASSERT_TRUE(bits.map.remove(present[victim]));
      present.erase(present.begin() + long(victim));
    }
    if (step % 100 != 0) continue;
    Bitmap fresh;
    for (const Prefix& p : present) fresh.map.add(p);
    ASSERT_EQ(bits.words, fresh.words) << "after step " << step;
  }
}

TEST(PrefixMap, RewritingDropsBitsOfNobody) {
  Bitmap bits;
  bits.words[5] = ~uint64_t(0);
  bits.map.add(prefix("10.0.0.0/8"));
  bits.map.rewrite();
  Bitmap fresh;
  fresh.map.add(prefix("10.0.0.0/8"));
  EXPECT_EQ(bits.words, fresh.words);
}

}  // namespace
}  // namespace testudo
