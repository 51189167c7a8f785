// decide/flush_mark.h: the moment of the last `testudo flush`: nothing decided before it comes back.
//
// Three places hold it, the newest counts: a file in the state folder, the pinned meta map, the store. So it
// works with no daemon, with no kernel part, and after a reboot.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"

namespace testudo {

/// The file's name inside the state folder; its content is nanoseconds since 1970 in decimal.
inline constexpr const char* kFlushMarkFile = "flush-mark";
inline constexpr const char* kFlushMarkKey = "flush_mark";

/// Zero when there is none. A damaged file is logged, and its time of writing is taken.
TimePoint read_flush_mark(const std::string& state_folder);
Result<void> write_flush_mark(const std::string& state_folder, TimePoint mark);
/// Decimal nanoseconds; zero when it is no number.
TimePoint parse_flush_mark(const std::string& text);

}  // namespace testudo
