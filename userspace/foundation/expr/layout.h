// expr/layout.h: times written by example, as Go's layouts do ("2006-01-02 15:04:05").
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace testudo::expr {

/// `time` in UTC. Layout elements that are unknown are copied.
std::string format_layout(TimePoint time, std::string_view layout);

/// Parses the whole text; nothing when it does not fit the layout. Without a zone it is UTC; without a year,
/// 1970.
std::optional<TimePoint> parse_layout(std::string_view text, std::string_view layout);

}  // namespace testudo::expr
