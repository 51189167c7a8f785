// detect/alert_build.h: from a bucket that overflowed to its alerts (engine-spec §5.7).
#pragma once

#include "detect/buckets.h"
#include "detect/pour.h"
#include "model/alert.h"

namespace testudo::detect {

struct OverflowingBucket {
  const Queues& queues;
  GroupKey group;
  const Bucket& bucket;
  const Rule& rule;
  const Scenario& scenario;
  TimePoint at{};                    ///< when it overflowed
  const PourEvent* event = nullptr;  ///< the one that made it overflow; null: a timer did
  const EventImage* only = nullptr;  ///< triggers: the only event; otherwise the queue has them
  std::string_view only_scope;       ///< its scope value
  bool brief = false;                ///< the alert's head alone, and events where content reads them
  bool lean = false;                 ///< `event` tells the one source; otherwise the queue does (Rule::lean)
};

/// One alert for each source, with source_keys; no alerts when an event has no usable source.
Overflow build_overflow(const OverflowingBucket& from, const ScenarioSet& set, const SlotNames& names);

/// Do these fields of an event give an alert its source?
bool has_source(std::string_view source_ip, std::string_view source_range);

/// Minutes by which the zone of an RFC 3339 text is east of UTC.
int16_t offset_of(std::string_view rfc3339);
/// The moment as RFC 3339 in that zone.
std::string text_at(TimePoint t, int16_t offset);

}  // namespace testudo::detect
