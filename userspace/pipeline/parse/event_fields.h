// parse/event_fields.h: the fields of evt, beside the bags, that a static may set: one row each.
#pragma once

#include <span>
#include <string_view>

#include "model/alert.h"
#include "model/event.h"

namespace testudo::parse {

/// A field of the event, or a text of the overflow that it carries. All are strings: the format lets statics
/// set nothing else.
struct EventField {
  std::string_view path;  ///< as in `target:`, without `evt.`
  enum class Kind : uint8_t { line, whitelist_reason, time_text, marshaled_time, overflow } kind = Kind::line;
  /// Where it lives, for fields of the event itself.
  std::string_view Event::*text = nullptr;
  /// Where it lives in an overflow; null when the overflow has no alert.
  std::string* (*in_overflow)(Overflow& overflow) = nullptr;
};

std::span<const EventField> event_fields();
const EventField* find_event_field(std::string_view path);  ///< without `evt.`; null when it cannot be set

}  // namespace testudo::parse
