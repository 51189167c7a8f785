// Methods of times (in UTC, or in the zone they were moved to), durations, weekdays and months, named as in
// Go.
#include "base/time.h"
#include "expr/layout.h"
#include "expr/members.h"
#include "expr/zones.h"

namespace testudo::expr {
namespace {

using std::chrono::days;
using std::chrono::floor;

constexpr int64_t kSecond = 1'000'000'000;
constexpr std::string_view weekday_names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                              "Thursday", "Friday", "Saturday"};
constexpr std::string_view month_names[] = {"January",   "February", "March",    "April",
                                            "May",       "June",     "July",     "August",
                                            "September", "October",  "November", "December"};

TimePoint at(const Value& self) { return from_unix_nanos(self.integer); }
// What a clock on the wall shows there.
TimePoint wall(const Value& self) { return at(self) + std::chrono::seconds(offset_of(self)); }
std::chrono::year_month_day date(const Value& self) { return floor<days>(wall(self)); }
int64_t of_day(const Value& self) { return (wall(self) - floor<days>(wall(self))).count(); }

bool give(int64_t number, Value& out, ClassId flavour = ClassId::none) {
  out = Value::of(number);
  out.class_id = uint8_t(flavour);
  return true;
}
bool year(Machine&, const Value& s, const Value*, Value& out) { return give(int(date(s).year()), out); }
bool month(Machine&, const Value& s, const Value*, Value& out) {
  return give(unsigned(date(s).month()), out, ClassId::month);
}
bool day(Machine&, const Value& s, const Value*, Value& out) { return give(unsigned(date(s).day()), out); }
bool hour(Machine&, const Value& s, const Value*, Value& out) {
  return give(of_day(s) / (3600 * kSecond), out);
}
bool minute(Machine&, const Value& s, const Value*, Value& out) {
  return give(of_day(s) / (60 * kSecond) % 60, out);
}
bool second(Machine&, const Value& s, const Value*, Value& out) {
  return give(of_day(s) / kSecond % 60, out);
}
bool nanosecond(Machine&, const Value& s, const Value*, Value& out) { return give(of_day(s) % kSecond, out); }
bool weekday(Machine&, const Value& s, const Value*, Value& out) {
  return give(std::chrono::weekday(floor<days>(wall(s))).c_encoding(), out, ClassId::weekday);
}
bool year_day(Machine&, const Value& s, const Value*, Value& out) {
  const auto start = std::chrono::sys_days(date(s).year() / std::chrono::January / 1);
  return give((floor<days>(wall(s)) - start).count() + 1, out);
}
bool unix_s(Machine&, const Value& s, const Value*, Value& out) { return give(unix_seconds(at(s)), out); }
bool unix_ms(Machine&, const Value& s, const Value*, Value& out) {
  return give(floor<std::chrono::milliseconds>(at(s)).time_since_epoch().count(), out);
}
bool unix_ns(Machine&, const Value& s, const Value*, Value& out) { return give(s.integer, out); }
bool utc(Machine&, const Value& s, const Value*, Value& out) {
  out = Value::time(s.integer);
  return true;
}
bool in(Machine& m, const Value& s, const Value* args, Value& out) {
  const Zone* zone = zone_in(m, args[0]);
  if (zone) out = in_zone(s, *zone);
  return zone != nullptr;
}
bool zone_name(Machine& m, const Value& s, const Value*, Value& out) {
  return m.copy(static_cast<const Zone*>(s.object)->name, out);
}
bool add(Machine& m, const Value& s, const Value* args, Value& out) {
  int64_t sum = 0;
  if (__builtin_add_overflow(s.integer, args[0].integer, &sum)) return m.fail({"the time is out of range"});
  out = s;
  out.integer = sum;
  return true;
}
bool sub(Machine& m, const Value& s, const Value* args, Value& out) {
  int64_t difference = 0;
  if (__builtin_sub_overflow(s.integer, args[0].integer, &difference))
    return m.fail({"the duration is out of range"});
  out = Value::duration(difference);
  return true;
}
bool before(Machine&, const Value& s, const Value* args, Value& out) {
  out = Value::of(s.integer < args[0].integer);
  return true;
}
bool after(Machine&, const Value& s, const Value* args, Value& out) {
  out = Value::of(s.integer > args[0].integer);
  return true;
}
bool equal(Machine&, const Value& s, const Value* args, Value& out) {
  out = Value::of(s.integer == args[0].integer);
  return true;
}
bool time_text(Machine& m, const Value& s, const Value*, Value& out) {
  return m.copy(expr::time_text(s), out);
}
bool time_format(Machine& m, const Value& s, const Value* args, Value& out) {
  return m.copy(format_layout(at(s), args[0].text(), offset_of(s)), out);
}

bool duration_in(int64_t unit, const Value& s, Value& out) {
  out = Value::of(double(s.integer / unit) + double(s.integer % unit) / double(unit));
  return true;
}
bool hours(Machine&, const Value& s, const Value*, Value& out) { return duration_in(3600 * kSecond, s, out); }
bool minutes(Machine&, const Value& s, const Value*, Value& out) { return duration_in(60 * kSecond, s, out); }
bool seconds(Machine&, const Value& s, const Value*, Value& out) { return duration_in(kSecond, s, out); }
bool milliseconds(Machine&, const Value& s, const Value*, Value& out) {
  return give(s.integer / 1'000'000, out);
}
bool microseconds(Machine&, const Value& s, const Value*, Value& out) { return give(s.integer / 1'000, out); }
bool duration_text(Machine& m, const Value& s, const Value*, Value& out) {
  return m.copy(format_duration(Duration(s.integer)), out);
}
bool duration_abs(Machine&, const Value& s, const Value*, Value& out) {
  out = Value::duration(s.integer == INT64_MIN ? INT64_MAX : s.integer < 0 ? -s.integer : s.integer);
  return true;
}

bool weekday_text(Machine&, const Value& s, const Value*, Value& out) {
  out = Value::of(weekday_names[uint64_t(s.integer) % 7]);
  return true;
}
bool month_text(Machine&, const Value& s, const Value*, Value& out) {
  out = Value::of(month_names[uint64_t(s.integer - 1) % 12]);
  return true;
}

constexpr StaticType kWeekday{Type::integer, ClassId::weekday};
constexpr StaticType kMonth{Type::integer, ClassId::month};
const Method time_calls[] = {
    {"Year", {}, kInteger, year},
    {"Month", {}, kMonth, month},
    {"Day", {}, kInteger, day},
    {"Hour", {}, kInteger, hour},
    {"Minute", {}, kInteger, minute},
    {"Second", {}, kInteger, second},
    {"Nanosecond", {}, kInteger, nanosecond},
    {"Weekday", {}, kWeekday, weekday},
    {"YearDay", {}, kInteger, year_day},
    {"Unix", {}, kInteger, unix_s},
    {"UnixMilli", {}, kInteger, unix_ms},
    {"UnixNano", {}, kInteger, unix_ns},
    {"UTC", {}, kTime, utc},
    {"Local", {}, kTime, utc},
    {"In", {Type::object}, kTime, in},
    {"Add", {Type::duration}, kTime, add},
    {"Sub", {Type::time}, kDuration, sub},
    {"Before", {Type::time}, kBoolean, before},
    {"After", {Type::time}, kBoolean, after},
    {"Equal", {Type::time}, kBoolean, equal},
    {"Format", {Type::string}, kString, time_format},
    {"String", {}, kString, time_text},
};
const Method duration_calls[] = {
    {"Hours", {}, kReal, hours},
    {"Minutes", {}, kReal, minutes},
    {"Seconds", {}, kReal, seconds},
    {"Milliseconds", {}, kInteger, milliseconds},
    {"Microseconds", {}, kInteger, microseconds},
    {"Nanoseconds", {}, kInteger, unix_ns},
    {"Abs", {}, kDuration, duration_abs},
    {"String", {}, kString, duration_text},
};
const Method weekday_calls[] = {{"String", {}, kString, weekday_text}};
const Method month_calls[] = {{"String", {}, kString, month_text}};
const Method zone_calls[] = {{"String", {}, kString, zone_name}};

}  // namespace

std::span<const Method> time_methods() { return time_calls; }
std::span<const Method> duration_methods() { return duration_calls; }
std::span<const Method> weekday_methods() { return weekday_calls; }
std::span<const Method> month_methods() { return month_calls; }
std::span<const Method> zone_methods() { return zone_calls; }

}  // namespace testudo::expr
