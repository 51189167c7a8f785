// A stamp, the zone, and a layout, each on its line: what is read lies in the years that the clock's 64 bits
// hold, and is read again as the same moment from what is written of it.
#include "parse/stamp.h"

#include <cstdint>
#include <cstdlib>

#include "base/text.h"

namespace {

using namespace testudo;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const std::optional<parse::Stamp>& stamp) {
  if (!stamp) return;
  require(stamp->time >= TimePoint{});
  char buffer[48];
  const size_t n = parse::write_rfc3339(*stamp, buffer);
  require(n >= 20 && n <= sizeof buffer);
  const auto again = parse_rfc3339({buffer, n});
  // Offsets of 24 hours and more are written by some logs, and no RFC 3339.
  if (stamp->offset_seconds > -86400 && stamp->offset_seconds < 86400 && stamp->offset_seconds % 60 == 0)
    require(again && *again == stamp->time);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 1024) return 0;
  const auto parts = split({reinterpret_cast<const char*>(data), size}, '\n');
  if (parts.size() < 3) return 0;
  const TimePoint today = from_unix_seconds(1795544569);
  // Names of zones are files, and no input of strangers.
  parse::Zone zone;
  if (parts[1].starts_with('+') || parts[1].starts_with('-') || parts[1] == "local")
    if (const auto given = parse::Zone::parse(parts[1])) zone = *given;
  const auto stamp = parse::parse_log_date(parts[0], {}, today, zone);
  check(stamp);
  // The quick reader says the same, or nothing.
  parse::CommonStamp quick;
  if (parse::read_common_stamp(parts[0], today, zone, quick)) {
    char buffer[48];
    require(stamp && stamp->time == quick.stamp.time && stamp->guessed_year == quick.stamp.guessed_year);
    require(quick.view() == std::string_view(buffer, parse::write_rfc3339(*stamp, buffer)));
  }
  check(parse::parse_log_date(parts[0], parts[2], today, zone));
  check(parse::Layout::compile(parts[2]).parse(parts[0], today, zone));
  // What a layout says of itself never crashes either.
  check(parse::Layout::compile(parts[2]).parse(parts[2], today, zone));
  if (const auto time = parse_rfc3339(parts[0])) {
    const auto again = parse_rfc3339(format_rfc3339(*time));
    require(again && *again == *time);
  }
  if (const auto duration = parse_duration(parts[0])) (void)format_duration(*duration);
  return 0;
}
