// detect/bucket.h: one bucket, what one scenario remembers about one key.
//
// Events fill it, time drains it, as a token bucket (engine-spec §5.3): `capacity` tokens, one comes back
// each `leakspeed`; an event takes one; the event that finds less than one overflows.
//
// Not thread-safe: a shard owns its buckets (detect/shard.h). No clock inside: the caller passes the time, so
// that a live log and a replay run the same arithmetic.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/time.h"
#include "detect/event_copy.h"
#include "detect/scenario.h"

namespace testudo::detect {

class LeakyLevel {
 public:
  explicit LeakyLevel(int32_t capacity) : tokens_(capacity) {}
  /// Takes a token at `t`; false = overflow. `t` may lie before the last one (logs are not sorted): nothing
  /// comes back then, but the clock moves back with it.
  bool take(TimePoint t, int32_t capacity, Duration leakspeed) {
    if (used_) {
      const int64_t elapsed = t > last_ ? (t - last_).count() : 0;
      tokens_ += double(elapsed) / double(leakspeed.count());
      if (tokens_ > capacity) tokens_ = capacity;
    }
    // A deficit that a nanosecond of leaking makes good is rounding, not an overflow.
    if ((1.0 - tokens_) * double(leakspeed.count()) >= 1.0) return false;
    tokens_ -= 1.0;
    if (tokens_ < 0) tokens_ = 0;
    last_ = t;
    used_ = true;
    return true;
  }
  double tokens() const { return tokens_; }

  /// For snapshots.
  struct State {
    double tokens;
    TimePoint last;
    bool used;
  };
  State state() const { return {tokens_, last_, used_}; }
  void restore(const State& s) {
    tokens_ = s.tokens;
    last_ = s.last;
    used_ = s.used;
  }

 private:
  double tokens_;
  TimePoint last_{};
  bool used_ = false;
};

/// Which values were seen, as 64-bit hashes with a secret seed; small sets are scanned.
class SeenSet {
 public:
  /// True when the value is new. At most 65,536 are remembered; after that everything counts as seen, so that
  /// a stranger cannot grow a bucket without bound.
  bool insert(std::string_view value);

  /// For snapshots: the hashes, and the secret they were made with (one for the process; set before any
  /// insert).
  std::vector<uint64_t> hashes() const;
  void restore(const std::vector<uint64_t>& hashes);
  static uint64_t seed();
  static void set_seed(uint64_t seed);

 private:
  std::vector<uint64_t> few_;
  std::unordered_set<uint64_t> many_;
};

struct Bucket {
  Bucket(const Scenario& s, std::string k) : scenario(&s), group(std::move(k)), level(s.capacity) {}

  const Scenario* scenario;  ///< the document that created it: all its behaviour
  std::string group;         ///< value of groupby
  LeakyLevel level;
  SeenSet seen;
  std::vector<EventCopyRef> queue;  ///< at most Scenario::queue_limit() of them
  int32_t total = 0;
  TimePoint first{}, last{};
  std::string first_text, last_text;
  uint64_t first_hash = 0;  ///< of the first line: part of the alert's uuid
  uint64_t network = 0;     ///< /24 or /48 of the group value, 0 = none; for fair eviction
  bool marked = false;      ///< holds events whose source is in doubt
  uint32_t index = 0;       ///< in the shard's list
  uint32_t network_index = 0;

  bool expired(TimePoint t) const { return total > 0 && t - last > scenario->lifetime(); }
};

}  // namespace testudo::detect
