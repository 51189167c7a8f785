// now, duration, date, timezone.
#include "base/time.h"
#include "expr/builtins.h"
#include "expr/layout.h"
#include "expr/zones.h"

namespace testudo::expr {
namespace {

constexpr Type kS = Type::string, kU = Type::unknown;

constexpr std::string_view layouts[] = {
    "2006-01-02",
    "15:04:05",
    "2006-01-02 15:04:05",
    "2006-01-02T15:04:05Z07:00",
    "02 Jan 06 15:04 MST",
    "Monday, 02-Jan-06 15:04:05 MST",
    "Mon, 02 Jan 2006 15:04:05 MST",
};

bool now_call(Machine& m, const Value* a, size_t n, Value& out) {
  out = Value::time(unix_nanos(now()));
  if (n == 0) return true;
  const Zone* zone = zone_in(m, a[0]);
  if (zone) out = in_zone(out, *zone);
  return zone != nullptr;
}

bool timezone(Machine& m, const Value* a, size_t, Value& out) {
  const Zone* zone = find_zone(m, a[0].text());
  if (zone) out = zone_value(*zone);
  return zone != nullptr;
}

bool duration(Machine& m, const Value* a, size_t, Value& out) {
  // Go's syntax has no days.
  if (a[0].text().find('d') != std::string_view::npos) return m.fail({"not a duration: ", a[0].text()});
  const Result<Duration> parsed = parse_duration(a[0].text());
  if (!parsed) return m.fail({"not a duration: ", a[0].text()});
  out = Value::duration(parsed->count());
  return true;
}

// The time in the text; where the layout names no zone, by a clock in `zone`.
std::optional<TimePoint> read_time(std::string_view text, std::string_view layout, const Zone& zone) {
  std::optional<TimePoint> time = parse_layout(text, layout);
  if (time && zone.rules && !layout_has_zone(layout))
    *time -= std::chrono::seconds(zone.rules->offset_at_local(unix_seconds(*time)));
  return time;
}

// date([zone,] text [, layout [, name of a zone]])
bool date(Machine& m, const Value* a, size_t n, Value& out) {
  const Zone* zone = find_zone(m, "");
  if (a[0].kind == Value::Kind::object) {
    if (!(zone = zone_in(m, a[0]))) return false;
    ++a;
    --n;
  }
  for (size_t i = 0; i < std::max<size_t>(n, 1); ++i)
    if (i >= n || !a[i].is_string()) return m.fail({"date needs a text, and perhaps a layout"});
  if (n > 2 && !(zone = find_zone(m, a[2].text()))) return false;
  std::optional<TimePoint> time;
  if (n > 1)
    time = read_time(a[0].text(), a[1].text(), *zone);
  else
    for (const std::string_view layout : layouts)
      if (!time) time = read_time(a[0].text(), layout, *zone);
  if (!time) return m.fail({"not a date: ", a[0].text()});
  out = in_zone(Value::time(unix_nanos(*time)), *zone);
  return true;
}

const Builtin rows[] = {
    {"now", {kU}, 0, kTime, now_call, false, false},
    {"duration", {kS}, 1, kDuration, duration},
    {"date", {kU, kS, kS, kS}, 1, kTime, date},
    {"timezone", {kS}, 1, object_type(ClassId::zone), timezone},
};

}  // namespace

std::span<const Builtin> time_builtins() { return rows; }

}  // namespace testudo::expr
