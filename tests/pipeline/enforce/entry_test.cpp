#include "enforce/entry.h"

#include <gtest/gtest.h>

namespace testudo {
namespace {

struct Home {
  const char* prefix;
  Table table;
};

TEST(EntryKey, EachPrefixHasOneTableAndComesBackFromItsKey) {
  const Home homes[] = {
      {"203.0.113.7", Table::ban4},    {"203.0.113.0/24", Table::net4}, {"0.0.0.0/0", Table::net4},
      {"203.0.113.6/31", Table::net4}, {"2001:db8::7", Table::ban6},    {"2001:db8:0:1::/64", Table::ban6_64},
      {"2001:db8::/63", Table::net6},  {"2001:db8::/65", Table::net6},  {"::/0", Table::net6},
  };
  for (const Home& home : homes) {
    SCOPED_TRACE(home.prefix);
    const Prefix prefix = *Prefix::parse(home.prefix);
    const EntryKey key = entry_key(prefix);
    EXPECT_EQ(key.table, home.table);
    EXPECT_EQ(prefix_of(key.table, key.bytes()), prefix);
  }
}

TEST(EntryKey, Ipv4InIpv6FormIsIpv4) {
  EXPECT_EQ(wire_prefix(*Prefix::parse("::ffff:203.0.113.7")).text(), "203.0.113.7");
  EXPECT_EQ(wire_prefix(*Prefix::parse("::ffff:203.0.113.0/120")).text(), "203.0.113.0/24");
  EXPECT_EQ(wire_prefix(*Prefix::parse("::ffff:0:0/96")).text(), "0.0.0.0/0");
  EXPECT_EQ(wire_prefix(*Prefix::parse("::/95")).text(), "::/95");
}

const Clocks clocks{from_unix_seconds(1'700'000'000), 5'000'000'001};  // 5 s and 1 ns after boot

TEST(Expiry, IsRoundedUpSoThatABanNeverEndsEarly) {
  EXPECT_EQ(expiry_of(clocks.wall + 10s, clocks), 16u);
  EXPECT_EQ(expiry_of(clocks.wall + 1ns, clocks), 6u);
  EXPECT_EQ(expiry_of(clocks.wall + 10s - 1ns, clocks), 15u);
}

TEST(Expiry, OfWhatIsOverIsNothing) {
  EXPECT_EQ(expiry_of(clocks.wall, clocks), std::nullopt);
  EXPECT_EQ(expiry_of(clocks.wall - 1s, clocks), std::nullopt);
  EXPECT_EQ(expiry_of(TimePoint::min(), clocks), std::nullopt);
}

TEST(Expiry, OfWhatIsFarIsTheLastSecondAndNeverWraps) {
  EXPECT_EQ(expiry_of(clocks.wall + 24h * 365 * 200, clocks), 0xffffffffu);
  EXPECT_EQ(expiry_of(TimePoint::max() - 1ns, clocks), 0xffffffffu);
  EXPECT_EQ(expiry_of(TimePoint::max(), clocks), 0u) << "never";
}

TEST(Expiry, LeftIsWhatTheKernelWillGrant) {
  EXPECT_EQ(left_of(16, clocks), 10s + 999999999ns);
  EXPECT_LT(left_of(5, clocks), Duration::zero());
  EXPECT_EQ(left_of(0, clocks), Duration::max());
}

TEST(Expiry, StampsOfTheKernelAreShownInWallTime) {
  EXPECT_EQ(unix_ns_of(4'000'000'001, clocks), 1'699'999'999'000'000'000);
  EXPECT_EQ(unix_ns_of(0, clocks), 0) << "never stays never";
}

}  // namespace
}  // namespace testudo
