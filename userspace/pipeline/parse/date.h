// parse/date.h: the time stamps of logs, by Go's layouts (https://pkg.go.dev/time#pkg-constants).
//
// A layout is compiled once into a list of steps; the list of known layouts is tried in order, as
// engine-spec §1.4 gives it. No clock inside: today's date, for stamps without a year, is passed in.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/zone_rules.h"

namespace testudo::parse {

/// How stamps without a zone are read.
struct Zone {
  enum class Kind : uint8_t { utc, local, fixed, named } kind = Kind::utc;
  int offset_seconds = 0;                  ///< fixed: east of Greenwich
  std::shared_ptr<const ZoneRules> rules;  ///< named
  /// "UTC", "local", "+02:00", "-0530", "Europe/Berlin"; anything else is an error.
  static Result<Zone> parse(std::string_view text);
  /// Seconds east of Greenwich at a wall clock's reading, given as if it were UTC.
  int offset_at_local(int64_t local_seconds) const;
};

struct Stamp {
  TimePoint time{};
  int offset_seconds = 0;     ///< as written in the log (or of the zone that was assumed)
  bool guessed_year = false;  ///< the layout has no year, today's was taken
};

class Layout {
 public:
  /// Any Go layout; text that is no element stands for itself.
  static Layout compile(std::string_view layout);
  /// `today` gives the year where the layout has none. Nothing on any mismatch, out-of-range field or rest.
  std::optional<Stamp> parse(std::string_view text, TimePoint today, const Zone& zone) const;

 private:
  enum class Step : uint8_t {
    literal,
    spaces,
    year4,
    year2,
    month_name,
    month_abbr,
    month2,
    month1,
    day2,
    day1,
    day_padded,
    weekday_name,
    weekday_abbr,
    hour24,
    hour12_2,
    hour12_1,
    minute2,
    minute1,
    second2,
    second1,
    pm,
    zone_colon_z,
    zone_colon,
    zone_compact,
    zone_hours,
    zone_name,
    fraction_exact,
    fraction_optional
  };
  struct Item {
    Step step;
    char literal = 0;
    uint8_t digits = 0;  ///< fractions
    char separator = '.';
  };
  std::vector<Item> items_;
};

/// ParseDate of the hub's content: custom layout, the known layouts, Unix seconds. Nothing when none fits.
std::optional<Stamp> parse_log_date(std::string_view text, std::string_view custom_layout, TimePoint today,
                                    const Zone& zone);

/// RFC 3339 with the offset kept and fraction trimmed: evt.MarshaledTime. Returns the length; at most 48
/// bytes.
size_t write_rfc3339(const Stamp& stamp, char* out);

}  // namespace testudo::parse
