// Times in zones: timezone, In, now, date (§3.5). World's evt.Time is Monday 2021-11-15 18:13:20 UTC.
#include <filesystem>

#include "foundation/expr/support.h"

namespace testudo::expr {
namespace {

class Zones : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists("/usr/share/zoneinfo/Europe/Berlin"))
      GTEST_SKIP() << "tzdata is not installed";
  }
};

TEST_F(Zones, ATimeIsTheSameInstantInEachZone) {
  check({
      {"its hour", "evt.Time.In(timezone('Europe/Berlin')).Hour()", "19"},
      {"its day", "evt.Time.In(timezone('Asia/Tokyo')).Day()", "16"},
      {"its weekday", "evt.Time.In(timezone('Asia/Tokyo')).Weekday().String()", "\"Tuesday\""},
      {"back in UTC", "evt.Time.In(timezone('Asia/Tokyo')).UTC().Hour()", "18"},
      {"equal", "evt.Time.In(timezone('Asia/Tokyo')) == evt.Time", "true"},
      {"summer time", "(evt.Time + duration('4800h')).In(timezone('Europe/Berlin')).Hour()", "20"},
      {"sums stay in the zone", "(evt.Time.In(timezone('Asia/Tokyo')) + duration('1h')).Hour()", "4"},
      {"differences too", "(evt.Time.In(timezone('Asia/Tokyo')) - duration('1h')).Hour()", "2"},
      {"Add too", "evt.Time.In(timezone('Asia/Tokyo')).Add(duration('1h')).Hour()", "4"},
      {"half an hour", "evt.Time.In(timezone('Asia/Kolkata')).Minute()", "43"},
      {"formatted", "evt.Time.In(timezone('Europe/Berlin')).Format('2006-01-02 15:04 -0700 Z07:00 MST')",
       "\"2021-11-15 19:13 +0100 +01:00 +01\""},
      {"as text", "string(evt.Time.In(timezone('America/New_York')))", "\"2021-11-15 13:13:20 -0500 -05\""},
      {"as JSON", "evt.Time.In(timezone('Asia/Kolkata'))", "\"2021-11-15T23:43:20+05:30\""},
      {"UTC has its name", "evt.Time.In(timezone('UTC')).Format('15:04 MST Z07:00')", "\"18:13 UTC Z\""},
      {"a zone has a name", "timezone('Europe/Berlin').String()", "\"Europe/Berlin\""},
      {"no zone", "timezone('Middle/Earth')", "failed"},
      {"no file elsewhere", "timezone('../../../etc/passwd')", "failed"},
      {"In needs a zone", "evt.Time.In(evt)", "failed"},
      {"In needs no text", "evt.Time.In('UTC')", "error at 1:13"},
  });
}

TEST_F(Zones, DatesAreReadByTheClockOfTheirZone) {
  check({
      {"a zone first", "date(timezone('Europe/Berlin'), '2021-11-15 19:13:20') == evt.Time", "true"},
      {"a name last", "date('2021-11-15 19:13', '2006-01-02 15:04', 'Europe/Berlin').Unix()", "1636999980"},
      {"and in that zone", "date(timezone('Europe/Berlin'), '2021-11-15 19:13:20').Hour()", "19"},
      {"a zone in the text goes first", "date(timezone('Asia/Tokyo'), '2021-11-15T18:13:20Z') == evt.Time",
       "true"},
      {"without a zone it is UTC", "date('2021-11-15 18:13:20') == evt.Time", "true"},
      {"no date", "date('yesterday')", "failed"},
      {"a zone alone", "date(timezone('UTC'))", "failed"},
      {"now", "now(timezone('Asia/Tokyo')) - now() < duration('1m')", "true"},
  });
}

}  // namespace
}  // namespace testudo::expr
