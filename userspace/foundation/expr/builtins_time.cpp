// now, duration, date. Times are instants in UTC; a zone by name is not known here, only UTC.
#include "base/time.h"
#include "expr/builtins.h"
#include "expr/layout.h"

namespace testudo::expr {
namespace {

constexpr Type kS = Type::string;

constexpr std::string_view layouts[] = {
    "2006-01-02",
    "15:04:05",
    "2006-01-02 15:04:05",
    "2006-01-02T15:04:05Z07:00",
    "02 Jan 06 15:04 MST",
    "Monday, 02-Jan-06 15:04:05 MST",
    "Mon, 02 Jan 2006 15:04:05 MST",
};

bool is_utc(std::string_view zone) {
  return zone.empty() || zone == "UTC" || zone == "GMT" || zone == "Etc/UTC";
}

bool now_call(Machine& m, const Value* a, size_t n, Value& out) {
  if (n > 0 && !is_utc(a[0].text()))
    return m.fail({"unknown time zone ", a[0].text(), " (only UTC is known here)"});
  out = Value::time(unix_nanos(now()));
  return true;
}

bool duration(Machine& m, const Value* a, size_t, Value& out) {
  // Go's syntax has no days.
  if (a[0].text().find('d') != std::string_view::npos) return m.fail({"not a duration: ", a[0].text()});
  const Result<Duration> parsed = parse_duration(a[0].text());
  if (!parsed) return m.fail({"not a duration: ", a[0].text()});
  out = Value::duration(parsed->count());
  return true;
}

bool date(Machine& m, const Value* a, size_t n, Value& out) {
  if (n > 2 && !is_utc(a[2].text()))
    return m.fail({"unknown time zone ", a[2].text(), " (only UTC is known here)"});
  std::optional<TimePoint> time;
  if (n > 1)
    time = parse_layout(a[0].text(), a[1].text());
  else
    for (const std::string_view layout : layouts)
      if (!time) time = parse_layout(a[0].text(), layout);
  if (!time) return m.fail({"not a date: ", a[0].text()});
  out = Value::time(unix_nanos(*time));
  return true;
}

const Builtin rows[] = {
    {"now", {kS}, 0, kTime, now_call, false, false},
    {"duration", {kS}, 1, kDuration, duration},
    {"date", {kS, kS, kS}, 1, kTime, date},
};

}  // namespace

std::span<const Builtin> time_builtins() { return rows; }

}  // namespace testudo::expr
