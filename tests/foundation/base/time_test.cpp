#include "base/time.h"

#include <gtest/gtest.h>

namespace testudo {
namespace {

TEST(Rfc3339, IsReadAsAMoment) {
  EXPECT_EQ(parse_rfc3339("2026-11-24T18:22:49Z")->time_since_epoch(), std::chrono::seconds(1795544569));
  EXPECT_EQ(*parse_rfc3339("2026-11-24T20:22:49.5+02:00"), *parse_rfc3339("2026-11-24T18:22:49.5Z"));
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00Z")->time_since_epoch().count(), 0);
  EXPECT_EQ(format_rfc3339(*parse_rfc3339("2261-12-31T23:59:59.999999999Z")),
            "2261-12-31T23:59:59.999999999Z");
}

// 64 bits of nanoseconds end in 2262; and the difference of any two moments must fit into them too.
TEST(Rfc3339, BeforeTheEpochOrAfterTheEndOfTheClockIsRefused) {
  for (const char* text : {"0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01",
                           "2262-01-01T00:00:00Z", "2261-12-31T23:59:59-00:01", "9999-12-31T23:59:59Z"}) {
    const auto time = parse_rfc3339(text);
    ASSERT_FALSE(time.ok()) << text;
    EXPECT_NE(time.error().message.find("1970"), std::string::npos) << time.error().text();
  }
}

}  // namespace
}  // namespace testudo
