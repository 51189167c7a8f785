// daemon/early.h: before the network is up: which interfaces were guarded, and what time it may be.
//
// At this point of a boot there is no default route that would name the interfaces, and the clock is whatever
// the hardware says: a machine without battery wakes up in 1970, and bans that are measured by such a clock
// would last for decades or be over. The store knows when it was last written: what was left of a ban then is
// what it gets.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "enforce/backend.h"

namespace testudo {

/// Keeps the names of the interfaces that hold the program, for the next boot. Writes only when they changed.
void remember_interfaces(const std::string& state_folder, const EnforceStatus& status);
/// Empty when nothing was kept.
std::vector<std::string> remembered_interfaces(const std::string& state_folder);

/// `wall`, unless it lies before the last write to the store, or so far behind it that a wrong clock is
/// likelier than a machine that slept for that long: then the moment of the last write.
TimePoint believed_time(TimePoint wall, TimePoint last_written);
/// When a file of the store was last written; the epoch when there is none.
TimePoint last_written(const std::string& database);

/// A backend for a wall clock that is `ahead` of the time that is believed: ends are told to the inner one in
/// the time of its own clock.
std::unique_ptr<Backend> with_clock_ahead(std::unique_ptr<Backend> inner, Duration ahead);

}  // namespace testudo
