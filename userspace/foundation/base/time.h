// base/time.h: points in time and durations as the formats around us write them.
//
// Everything inside counts nanoseconds; a point in time is UTC. No function here reads a clock but now().
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace testudo {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::sys_time<std::chrono::nanoseconds>;
using namespace std::chrono_literals;

/// Wall clock.
TimePoint now();
/// Nanoseconds of CLOCK_MONOTONIC, for measuring.
int64_t monotonic_ns();
/// Nanoseconds of CLOCK_BOOTTIME, what the kernel's expiry is compared with.
int64_t boottime_ns();

/// Go's duration syntax plus a leading day part: "10s", "0.5s", "1h30m", "-12s", "7d", "1d12h", "0".
Result<Duration> parse_duration(std::string_view text);
/// As Go prints it: "0s", "10s", "1m5s", "1h0m0s", "1.5s", "300ms".
std::string format_duration(Duration duration);
/// Whole seconds in Go's form: "3h59m59s", "-12s". Rounds towards zero.
std::string format_duration_seconds(Duration duration);
/// For people: "3h 59m", "12s", "7d 2h". Two units at most.
std::string format_duration_short(Duration duration);

/// "2021-09-29T12:11:34Z", with fraction when there is one (trailing zeros trimmed).
std::string format_rfc3339(TimePoint time);
/// Seconds only: "2021-09-29T12:11:34Z".
std::string format_rfc3339_seconds(TimePoint time);
/// "2026-11-24T18:22:49.000Z".
std::string format_rfc3339_millis(TimePoint time);
/// Go's default text of a UTC time: "2026-11-24 18:22:49 +0000 UTC" (fraction when there is one).
std::string format_go_time(TimePoint time);
/// RFC 3339 with any offset; "T" or a blank between date and time. Moments outside in_clock() are an error.
Result<TimePoint> parse_rfc3339(std::string_view text);

/// Days since 1970-01-01 of a proleptic Gregorian date; month 1–12.
int64_t days_from_civil(int year, unsigned month, unsigned day);

/// Moments that the product takes from outside: 1970 to 2261, so that neither a moment nor the difference of
/// two of them leaves 64 bits of nanoseconds.
inline bool in_clock(int64_t unix_second) { return unix_second >= 0 && unix_second < 9'214'646'400; }

inline int64_t unix_seconds(TimePoint t) {
  return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
}
inline int64_t unix_nanos(TimePoint t) { return t.time_since_epoch().count(); }
inline TimePoint from_unix_nanos(int64_t ns) { return TimePoint(Duration(ns)); }
inline TimePoint from_unix_seconds(int64_t s) { return TimePoint(std::chrono::seconds(s)); }

}  // namespace testudo
