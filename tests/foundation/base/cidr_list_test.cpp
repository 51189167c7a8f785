#include "base/cidr_list.h"

#include <gtest/gtest.h>

namespace testudo {
namespace {

struct Row {
  const char* network;
  const char* address;
  bool inside;
};
const Row rows[] = {
    {"10.0.0.0/8", "10.255.0.1", true},
    {"10.0.0.0/8", "11.0.0.1", false},
    {"0.0.0.0/0", "203.0.113.7", true},
    {"0.0.0.0/0", "2001:db8::1", false},
    {"192.0.2.128/25", "192.0.2.127", false},
    {"192.0.2.128/25", "192.0.2.129", true},
    {"192.0.2.7/32", "192.0.2.7", true},
    {"192.0.2.7/32", "192.0.2.6", false},
    {"fc00::/7", "fdff::1", true},
    {"fc00::/7", "fe00::1", false},
    {"2001:db8::/65", "2001:db8::1", true},
    {"2001:db8::/65", "2001:db8::8000:0:0:1", false},
    {"::1/128", "::1", true},
    {"::1/128", "::2", false},
};

TEST(CidrList, HoldsWhatThePrefixHolds) {
  for (const Row& row : rows) {
    CidrList list;
    EXPECT_TRUE(list.empty());
    const auto prefix = Prefix::parse(row.network);
    const auto ip = Ip::parse(row.address);
    ASSERT_TRUE(prefix && ip);
    list.add(*prefix);
    EXPECT_EQ(list.contains(*ip), row.inside) << row.network << " " << row.address;
    EXPECT_EQ(prefix->contains(*ip), row.inside) << row.network << " " << row.address;
  }
}

}  // namespace
}  // namespace testudo
