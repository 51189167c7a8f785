// The quick reader gives what the layouts give, or nothing.
#include "parse/stamp.h"

#include <gtest/gtest.h>

namespace testudo::parse {
namespace {

const TimePoint kToday = *parse_rfc3339("2026-06-01T12:00:00Z");

void expect_same(const std::string& text, const Zone& zone, bool must_be_read) {
  CommonStamp quick;
  const bool read = read_common_stamp(text, kToday, zone, quick);
  if (must_be_read) {
    EXPECT_TRUE(read) << text;
  }
  if (!read) return;
  const auto slow = parse_log_date(text, "", kToday, zone);
  ASSERT_TRUE(slow.has_value()) << text;
  char buffer[48];
  EXPECT_EQ(quick.view(), std::string_view(buffer, write_rfc3339(*slow, buffer))) << text;
  EXPECT_EQ(quick.stamp.time, slow->time) << text;
  EXPECT_EQ(quick.stamp.offset_seconds, slow->offset_seconds) << text;
  EXPECT_EQ(quick.stamp.guessed_year, slow->guessed_year) << text;
}

constexpr const char* kCommon[] = {"2026-02-03T00:00:00.233000+00:00",
                                   "2026-02-03T04:05:06Z",
                                   "2026-12-31T23:59:59.999999999-11:30",
                                   "2024-02-29T00:00:00+01:00",
                                   "2000-02-29T00:00:00.5Z",
                                   "2261-12-31T23:59:59Z",
                                   "Feb  3 00:00:00",
                                   "Dec 31 23:59:59",
                                   "May 15 06:07:08",
                                   "02/Jan/2006:15:04:05 -0700",
                                   "10/Oct/2020:13:55:36 +0000",
                                   "31/Dec/1999:23:59:59 +1400"};

TEST(CommonStamp, IsReadAsTheLayoutsReadIt) {
  for (const char* text : kCommon)
    for (const char* zone : {"UTC", "+02:00", "-0530"}) expect_same(text, *Zone::parse(zone), true);
}

TEST(CommonStamp, AnythingElseIsLeftToTheLayouts) {
  for (const char* text :
       {"", "2026-02-30T00:00:00Z", "2026-02-03 00:00:00", "2026-02-03T24:00:00Z", "2026-02-03T00:00:00",
        "2026-02-03T00:00:00.Z", "2026-02-03T00:00:00.1234567890Z", "2026-02-03T00:00:00+0100",
        "Feb 30 00:00:00", "feb  3 00:00:00", "Feb  3 00:00:0a", "Feb 29 00:00:00",
        "32/Jan/2006:15:04:05 -0700", "1969-12-31T23:59:59Z", "2026-02-03T00:00:60Z", "0000-00-00T00:00:00Z",
        "////////:::::::: ++++++++"}) {
    CommonStamp out;
    EXPECT_FALSE(read_common_stamp(text, kToday, {}, out)) << text;
  }
}

TEST(CommonStamp, AgreesOnWhateverIsOneByteAway) {
  constexpr std::string_view bytes = "0123456789 :-+/.,TZzJanFebMay\n";
  for (const std::string text : kCommon)
    for (size_t i = 0; i < text.size(); ++i) {
      for (const char byte : bytes) {
        std::string changed = text;
        changed[i] = byte;
        expect_same(changed, *Zone::parse("+02:00"), false);
      }
      std::string shorter = text;
      expect_same(shorter.erase(i, 1), {}, false);
      expect_same(text.substr(0, i), {}, false);
    }
}

}  // namespace
}  // namespace testudo::parse
