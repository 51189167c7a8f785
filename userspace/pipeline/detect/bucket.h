// detect/bucket.h: one bucket, what one scenario remembers about one key.
//
// Events fill it, time drains it, as a token bucket (engine-spec §5.3): `capacity` tokens, one comes back
// each `leakspeed`; an event takes one; the event that finds less than one overflows.
//
// Plain data in two cache lines: the first holds what finding it, expiry and the level need. What does not
// fit (long groups, long queues, seen values) lies in the shard's pool. No clock inside: the caller passes
// the time, so that a live log and a replay run the same arithmetic.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
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

struct alignas(64) Bucket {
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr size_t kInlineGroup = 20, kInlineQueue = 4;

  uint64_t key_hash = 0;
  TimePoint first{}, last{};
  union {
    double tokens = 0;    ///< leaky
    uint64_t guillotine;  ///< bayesian: evidence that stays true, by its row
  };
  uint32_t scenario = kNone;  ///< the document that made it: all its behaviour; kNone = the row is free
  uint16_t group_size = 0;
  bool marked = false;        ///< holds events whose source is in doubt
  bool log_time : 1 = false;  ///< the last event came in log time
  uint8_t witness : 2 = 0;    ///< what the sources of its events ask for (model/event.h)
  union {
    char text[kInlineGroup];
    Pool::Handle handle;
  } group_at{};
  int32_t total = 0;

  uint64_t first_hash = 0;  ///< of the first line: part of the alert's uuid
  SeenSet seen;
  int16_t first_offset = 0, last_offset = 0;  ///< of the log's zone, minutes
  uint32_t network = kNone;                   ///< row in the table of networks
  uint32_t network_next = kNone, network_previous = kNone;
  uint32_t row = kNone;  ///< in the shard's table; kNone = outside of it
  uint32_t birth = 0;    ///< number within the shard, from 1: tells it from a later one of the same key

  // A ring of `queue_size` events, `queue_room` words large: words of pool handles, one for each event (two
  // where the scenario has a scope of its own: image, scope value).
  uint16_t queue_size = 0, queue_head = 0, queue_room = kInlineQueue;
  union {
    Pool::Handle words[kInlineQueue];
    Pool::Handle handle;
  } queue_at{};

  std::string_view group(const Pool& pool) const {
    return {group_size <= kInlineGroup ? group_at.text : pool.at(group_at.handle), group_size};
  }
};
static_assert(sizeof(Bucket) == 128);

}  // namespace testudo::detect
