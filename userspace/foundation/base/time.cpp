#include "base/time.h"

#include <ctime>

#include <cmath>
#include <cstdio>

namespace testudo {
namespace {

int64_t clock_ns(clockid_t id) {
  timespec ts{};
  clock_gettime(id, &ts);
  return ts.tv_sec * 1'000'000'000LL + ts.tv_nsec;
}

struct Civil {
  int year;
  unsigned month, day, hour, minute, second;
  int64_t nanos;
};

Civil civil(TimePoint time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return {int(date.year()),
          unsigned(date.month()),
          unsigned(date.day()),
          unsigned(clock.hours().count()),
          unsigned(clock.minutes().count()),
          unsigned(clock.seconds().count()),
          clock.subseconds().count()};
}

/// ".5", ".000012" or "" for a number of nanoseconds.
std::string fraction(int64_t nanos) {
  if (nanos == 0) return "";
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, ".%09lld", static_cast<long long>(nanos));
  std::string out = buffer;
  while (out.back() == '0') out.pop_back();
  return out;
}

std::string stamp(TimePoint time, char between) {
  const Civil c = civil(time);
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02u%c%02u:%02u:%02u", c.year, c.month, c.day, between,
                c.hour, c.minute, c.second);
  return buffer;
}

bool digits(std::string_view text, size_t at, size_t count, int& out) {
  if (at + count > text.size()) return false;
  out = 0;
  for (size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    out = out * 10 + (text[i] - '0');
  }
  return true;
}

}  // namespace

TimePoint now() { return TimePoint(Duration(clock_ns(CLOCK_REALTIME))); }
int64_t monotonic_ns() { return clock_ns(CLOCK_MONOTONIC); }
int64_t boottime_ns() { return clock_ns(CLOCK_BOOTTIME); }

Result<Duration> parse_duration(std::string_view text) {
  const auto bad = [&](const char* why) {
    return Error{Code::bad_input,
                 "'" + std::string(text.substr(0, 64)) + "' is not a duration: " + why,
                 {},
                 "durations look like 10s, 1h30m or 7d"};
  };
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  if (rest.empty()) return bad("it is empty");
  if (rest == "0") return Duration(0);
  long double total = 0;
  while (!rest.empty()) {
    size_t i = 0;
    long double number = 0, scale = 1;
    bool seen = false, point = false;
    for (; i < rest.size() && ((rest[i] >= '0' && rest[i] <= '9') || (rest[i] == '.' && !point)); ++i) {
      if (rest[i] == '.') {
        point = true;
        continue;
      }
      seen = true;
      if (point) {
        scale /= 10;
        number += (rest[i] - '0') * scale;
      } else {
        number = number * 10 + (rest[i] - '0');
      }
    }
    if (!seen) return bad("a number is missing");
    rest.remove_prefix(i);
    size_t u = 0;
    while (u < rest.size() && rest[u] != '.' && (rest[u] < '0' || rest[u] > '9')) ++u;
    const std::string_view unit = rest.substr(0, u);
    long double factor = 0;
    if (unit == "ns")
      factor = 1;
    else if (unit == "us" || unit == "µs" || unit == "μs")
      factor = 1e3L;
    else if (unit == "ms")
      factor = 1e6L;
    else if (unit == "s")
      factor = 1e9L;
    else if (unit == "m")
      factor = 60e9L;
    else if (unit == "h")
      factor = 3600e9L;
    else if (unit == "d")
      factor = 86400e9L;
    else
      return bad(unit.empty() ? "the unit is missing" : "the unit is unknown");
    total += number * factor;
    rest.remove_prefix(u);
  }
  if (total > 9.2e18L) return bad("it is longer than 292 years");
  const auto ns = static_cast<int64_t>(std::llround(total));
  return Duration(negative ? -ns : ns);
}

std::string format_duration(Duration duration) {
  const int64_t ns = duration.count();
  if (ns == 0) return "0s";
  const bool negative = ns < 0;
  const uint64_t u = negative ? 0 - static_cast<uint64_t>(ns) : static_cast<uint64_t>(ns);
  std::string out = negative ? "-" : "";
  if (u < 1'000'000'000ULL) {
    const char* unit = u < 1'000 ? "ns" : u < 1'000'000 ? "µs" : "ms";
    const uint64_t base = u < 1'000 ? 1 : u < 1'000'000 ? 1'000 : 1'000'000;
    out += std::to_string(u / base);
    uint64_t rem = u % base;
    if (rem) {
      std::string frac = std::to_string(rem + base).substr(1);
      while (frac.back() == '0') frac.pop_back();
      out += "." + frac;
    }
    return out + unit;
  }
  const uint64_t hours = u / 3'600'000'000'000ULL, minutes = u / 60'000'000'000ULL % 60;
  if (hours) out += std::to_string(hours) + "h";
  if (hours || minutes) out += std::to_string(minutes) + "m";
  out += std::to_string(u / 1'000'000'000ULL % 60) + fraction(int64_t(u % 1'000'000'000ULL)) + "s";
  return out;
}

std::string format_duration_seconds(Duration duration) {
  return format_duration(std::chrono::duration_cast<std::chrono::seconds>(duration));
}

std::string format_duration_short(Duration duration) {
  int64_t s = duration.count() / 1'000'000'000;
  std::string sign = s < 0 ? "-" : "";
  if (s < 0) s = -s;
  const int64_t values[] = {s / 86400, s / 3600 % 24, s / 60 % 60, s % 60};
  const char units[] = {'d', 'h', 'm', 's'};
  for (int i = 0; i < 4; ++i) {
    if (values[i] == 0) continue;
    std::string out = sign + std::to_string(values[i]) + units[i];
    if (i < 3 && values[i + 1] != 0) out += " " + std::to_string(values[i + 1]) + units[i + 1];
    return out;
  }
  return "0s";
}

std::string format_rfc3339(TimePoint time) { return stamp(time, 'T') + fraction(civil(time).nanos) + "Z"; }
std::string format_rfc3339_seconds(TimePoint time) { return stamp(time, 'T') + "Z"; }
std::string format_rfc3339_millis(TimePoint time) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, ".%03dZ", int(civil(time).nanos / 1'000'000));
  return stamp(time, 'T') + buffer;
}
std::string format_go_time(TimePoint time) {
  return stamp(time, ' ') + fraction(civil(time).nanos) + " +0000 UTC";
}

Result<TimePoint> parse_rfc3339(std::string_view text) {
  const auto bad = [&] {
    return Error{
        Code::bad_input, "'" + std::string(text.substr(0, 64)) + "' is not an RFC 3339 time", {}, ""};
  };
  int year, month, day, hour, minute, second;
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != ' ') ||
      text[13] != ':' || text[16] != ':' || !digits(text, 0, 4, year) || !digits(text, 5, 2, month) ||
      !digits(text, 8, 2, day) || !digits(text, 11, 2, hour) || !digits(text, 14, 2, minute) ||
      !digits(text, 17, 2, second))
    return bad();
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(unsigned(month)),
                                         std::chrono::day(unsigned(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return bad();
  size_t at = 19;
  int64_t nanos = 0;
  if (text[at] == '.' || text[at] == ',') {
    int64_t unit = 100'000'000;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10)
      nanos += (text[at] - '0') * unit;
  }
  int64_t offset = 0;
  if (at < text.size() && text[at] == 'Z') {
    ++at;
  } else {
    int oh, om;
    if (at + 6 > text.size() || (text[at] != '+' && text[at] != '-') || !digits(text, at + 1, 2, oh) ||
        text[at + 3] != ':' || !digits(text, at + 4, 2, om) || oh > 23 || om > 59)
      return bad();
    offset = (oh * 3600 + om * 60) * (text[at] == '-' ? -1 : 1);
    at += 6;
  }
  if (at != text.size()) return bad();
  const int64_t seconds = days_from_civil(year, unsigned(month), unsigned(day)) * 86400 + hour * 3600 +
                          minute * 60 + second - offset;
  if (!in_clock(seconds))
    return Error{Code::bad_input,
                 "'" + std::string(text.substr(0, 64)) + "' lies outside of the years 1970 to 2261",
                 {},
                 ""};
  return TimePoint(std::chrono::seconds(seconds) + Duration(nanos));
}

int64_t days_from_civil(int year, unsigned month, unsigned day) {
  // H. Hinnant, "chrono-Compatible Low-Level Date Algorithms": years start in March, eras of 400 years.
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto yoe = static_cast<unsigned>(year - era * 400);
  const unsigned doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + static_cast<int64_t>(doe) - 719468;
}

}  // namespace testudo
