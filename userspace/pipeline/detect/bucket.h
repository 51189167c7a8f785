// detect/bucket.h: one bucket, what one scenario remembers about one group value.
//
// Events fill it, time drains it, as a token bucket (engine-spec §5.3): `capacity` tokens, one comes back
// each `leakspeed`; an event takes one; the event that finds less than one overflows.
//
// Plain data in one cache line, side by side with the other buckets of its group (detect/buckets.h), which
// knows the group value itself. What does not fit (kept events, seen values) lies in the shard's pool. No
// clock inside: the caller passes the time, so that a live log and a replay run the same arithmetic.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "detect/pool.h"
#include "detect/seen_set.h"

namespace testudo::detect {

/// Takes a token, `elapsed` after the last one was taken (negative: logs are not sorted; nothing comes back
/// then). False = overflow.
inline bool take_token(double& tokens, Duration elapsed, int32_t capacity, Duration leakspeed) {
  if (elapsed.count() > 0) tokens += double(elapsed.count()) / double(leakspeed.count());
  if (tokens > capacity) tokens = capacity;
  // A deficit that a nanosecond of leaking makes good is rounding, not an overflow.
  if ((1.0 - tokens) * double(leakspeed.count()) >= 1.0) return false;
  tokens = std::max(0.0, tokens - 1.0);
  return true;
}

/// Whose bucket it is.
struct GroupKey {
  uint64_t hash = 0;
  std::string_view text;  ///< at most 256 bytes (longer ones end in a hash)
  bool marked = false;    ///< its events' source is in doubt: they fill buckets of their own
};

struct alignas(64) Bucket {
  static constexpr uint32_t kNone = UINT32_MAX;

  uint32_t scenario = kNone;    ///< the document that made it: all its behaviour; kNone = the place is free
  uint32_t partition : 29 = 0;  ///< that of the scenario
  uint32_t witness : 2 = 0;     ///< what the sources of its events ask for (model/event.h)
  uint32_t log_time : 1 = 0;    ///< the last event came in log time
  union {
    double tokens = 0;    ///< leaky
    uint64_t guillotine;  ///< bayesian: evidence that stays true, by its row
  };
  TimePoint first{}, last{};
  union {
    uint64_t first_hash = 0;  ///< of the first line: part of the alert's uuid
    /// Where no events are kept (Rule::lean): up to this total the queue would hold one without a usable
    /// source.
    uint64_t spoiled_below;
  };
  SeenSet seen;
  Pool::Handle queue = Pool::kNone;  ///< detect/queue.h
  int32_t total = 0;
  int16_t first_offset = 0, last_offset = 0;  ///< of the log's zone, minutes
};
static_assert(sizeof(Bucket) == 64);

}  // namespace testudo::detect
