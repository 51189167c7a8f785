// expr/layout.h: times written by example, as Go's layouts do ("2006-01-02 15:04:05").
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace testudo::expr {

/// `time` by a clock that is `offset` seconds east of Greenwich. Layout elements that are unknown are copied;
/// zones have no short names here but UTC: "+01" stands for others.
std::string format_layout(TimePoint time, std::string_view layout, int offset = 0);

/// Parses the whole text; nothing when it does not fit the layout. Without a zone it is UTC; without a year,
/// 1970.
std::optional<TimePoint> parse_layout(std::string_view text, std::string_view layout);

/// Does the layout say in which zone a time is?
bool layout_has_zone(std::string_view layout);

}  // namespace testudo::expr
