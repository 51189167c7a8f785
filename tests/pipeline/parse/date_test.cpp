#include "parse/date.h"

#include <gtest/gtest.h>

namespace testudo::parse {
namespace {

const TimePoint kToday = *parse_rfc3339("2026-06-01T12:00:00Z");

std::string marshaled(std::string_view text, std::string_view layout = "", Zone zone = {}) {
  const auto stamp = parse_log_date(text, layout, kToday, zone);
  if (!stamp) return "none";
  char buffer[48];
  return std::string(buffer, write_rfc3339(*stamp, buffer));
}

struct Row {
  const char* sentence;
  const char* text;
  const char* layout;
  const char* expected;
};

class LogDates : public testing::TestWithParam<Row> {};
TEST_P(LogDates, AreReadAsGoReadsThem) {
  EXPECT_EQ(marshaled(GetParam().text, GetParam().layout), GetParam().expected) << GetParam().sentence;
}
INSTANTIATE_TEST_SUITE_P(
    Rows, LogDates,
    testing::Values(
        Row{"RFC 3339", "2021-09-29T12:11:34Z", "", "2021-09-29T12:11:34Z"},
        Row{"the offset is kept", "2021-09-29T12:11:34+02:00", "", "2021-09-29T12:11:34+02:00"},
        Row{"a fraction after the seconds is taken, trailing zeros trimmed", "2021-09-29T12:11:34.1200Z", "",
            "2021-09-29T12:11:34.12Z"},
        Row{"a comma is a separator too", "2021-09-29T12:11:34,5Z", "", "2021-09-29T12:11:34.5Z"},
        Row{"access logs", "10/Oct/2020:13:55:36 -0700", "", "2020-10-10T13:55:36-07:00"},
        Row{"syslog: a run of blanks is one", "Feb  2 09:08:07", "", "2026-02-02T09:08:07Z"},
        Row{"syslog with two digits", "Feb 12 09:08:07", "", "2026-02-12T09:08:07Z"},
        Row{"apache's error log", "Mon Jan 2 15:04:05 2006", "", "2006-01-02T15:04:05Z"},
        Row{"apache's error log with microseconds", "Mon Jan 02 15:04:05.123456 2006", "",
            "2006-01-02T15:04:05.123456Z"},
        Row{"nginx's error log", "2021/03/04 05:06:07", "", "2021-03-04T05:06:07Z"},
        Row{"a date alone", "2021-03-04", "", "2021-03-04T00:00:00Z"},
        Row{"Unix seconds, the fraction left out", "1632917494.75", "", "2021-09-29T12:11:34Z"},
        Row{"a custom layout comes first", "0304 05:06:07", "0102 15:04:05", "2026-03-04T05:06:07Z"},
        Row{"twelve hours with PM", "03/04/2021, 3:04:05 PM", "01/02/2006, 3:04:05 PM",
            "2021-03-04T15:04:05Z"},
        Row{"a fraction of exactly three digits", "2021-03-04 05:06:07.120+0200",
            "2006-01-02 15:04:05.000-0700", "2021-03-04T05:06:07.12+02:00"},
        Row{"two digits for the year", "210304 05:06:07", "060102 15:04:05", "2021-03-04T05:06:07Z"},
        Row{"the 31st of February is none", "2021-02-31T00:00:00Z", "", "none"},
        Row{"an hour of 25 is none", "Feb  2 25:00:00", "", "none"},
        Row{"text behind it is an error", "2021-03-04T05:06:07Z and more", "", "none"},
        Row{"nothing", "", "", "none"},
        Row{"a number of years beyond counting", "99999999999999999999", "", "none"},
        Row{"Go's zero time is no stamp of a log", "0001-01-01T00:00:00Z", "", "none"},
        Row{"a year before the epoch", "1969-12-31 23:59:59", "", "none"},
        Row{"a year that the clock does not reach", "9999-12-31T23:59:59Z", "", "none"},
        Row{"the last year that it does", "2261-12-31T23:59:59Z", "", "2261-12-31T23:59:59Z"},
        Row{"NUL bytes", "2021-03-04\0", "", "2021-03-04T00:00:00Z"}));

TEST(LogDate, TakesTheZoneOfTheSourceWhereTheStampHasNone) {
  EXPECT_EQ(marshaled("2021-03-04 05:06:07", "", *Zone::parse("+02:00")), "2021-03-04T05:06:07+02:00");
  EXPECT_EQ(marshaled("2021-03-04T05:06:07Z", "", *Zone::parse("+02:00")), "2021-03-04T05:06:07Z");
  EXPECT_FALSE(Zone::parse("Mars/Olympus").ok());
  EXPECT_FALSE(Zone::parse("../../etc/passwd").ok());
}

TEST(LogDate, KnowsSummerTimeOfANamedZone) {
  const auto zone = Zone::parse("Europe/Berlin");
  if (!zone.ok()) GTEST_SKIP() << "the package tzdata is not installed";
  EXPECT_EQ(marshaled("2021-01-04 05:06:07", "", *zone), "2021-01-04T05:06:07+01:00");
  EXPECT_EQ(marshaled("2021-07-04 05:06:07", "", *zone), "2021-07-04T05:06:07+02:00");
  EXPECT_EQ(marshaled("2021-03-28 01:59:59", "", *zone), "2021-03-28T01:59:59+01:00");
  EXPECT_EQ(marshaled("2021-03-28 03:00:00", "", *zone), "2021-03-28T03:00:00+02:00");
  EXPECT_EQ(marshaled("2021-10-31 03:00:00", "", *zone), "2021-10-31T03:00:00+01:00");
  EXPECT_EQ(marshaled("1975-07-04 05:06:07", "", *zone), "1975-07-04T05:06:07+01:00");
  EXPECT_EQ(marshaled("1950-01-01 00:00:00", "", *zone), "none");
}

TEST(LogDate, SaysWhenTheYearWasGuessed) {
  EXPECT_TRUE(parse_log_date("Dec 31 23:59:59", "", kToday, {})->guessed_year);
  EXPECT_FALSE(parse_log_date("2021-03-04", "", kToday, {})->guessed_year);
}

}  // namespace
}  // namespace testudo::parse
