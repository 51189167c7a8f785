// expr/zones.h: time zones of expressions: timezone('Europe/Berlin'), evt.Time.In(…).
//
// A time is an instant; the zone in which its hours count is a number beside it (Value::size, 0 is UTC).
// Zones come from the system's zone files, each read once for the life of the process; at most 255 are known.
#pragma once

#include <string>
#include <string_view>

#include "base/zone_rules.h"
#include "expr/code.h"

namespace testudo::expr {

struct Zone {
  std::string name;
  uint32_t number = 0;
  std::shared_ptr<const ZoneRules> rules;  ///< null: UTC
};

/// Null (and failed) when there is no such zone. "" is UTC.
const Zone* find_zone(Machine& m, std::string_view name);
Value zone_value(const Zone& zone);
/// The zone in a value of timezone(), or by name; null (and failed) when it is neither.
const Zone* zone_in(Machine& m, const Value& value);

/// Seconds east of Greenwich at that time in its zone.
int offset_of(const Value& time);
/// The same instant with another zone.
Value in_zone(const Value& time, const Zone& zone);

/// As Go prints it: "2026-11-24 19:22:49 +0100 +01"; zones have no short names here but UTC.
std::string time_text(const Value& time);
/// RFC 3339.
std::string time_json(const Value& time);

}  // namespace testudo::expr
