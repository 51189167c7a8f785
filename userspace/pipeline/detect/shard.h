// detect/shard.h: the buckets of a sixteenth of all groups (or of the ordered scenarios), and what overflows.
//
//   record → its group → its bucket (found or made; an expired one begins again) → distinct → cancel_on → one
//   event more
//          → level, condition, evidence → overflow → overflow_filter → blackhole → alerts, one per source
//
// One thread at a time. Results depend only on the order of records, never on a clock: live time comes in
// with the events and with tick().
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "detect/asker.h"
#include "detect/blackholes.h"
#include "detect/buckets.h"
#include "detect/pour.h"
#include "detect/trace.h"
#include "model/alert.h"

namespace testudo::detect {

/// Bounds of all shards together.
struct ShardOptions {
  size_t max_buckets = 200'000;
  /// Of all buckets, at most this share belongs to one /24 (IPv4) or /48 (IPv6): strangers from one network
  /// cannot push everybody else out.
  double network_share = 0.05;
  /// Buckets and the events that they keep for their alerts hold at most about this much; beyond it the
  /// emptiest buckets go.
  size_t max_bytes = 128 << 20;
  size_t max_blackholes = 400'000;
  /// Of group hashes and of hashes of distinct values; the matchers take the same. 0 = the process's secret;
  /// a replay takes a fixed one, so that evictions repeat.
  uint64_t seed = 0;
  /// Who takes the alerts wants them without events, contexts, message and identity (a replay that prints
  /// their heads): what nobody reads is not kept, unless content that runs after it might read all. Such
  /// buckets are not saved: a snapshot would lack what they do not keep.
  bool brief = false;
};

struct ScenarioCounters {
  uint64_t poured = 0, overflowed = 0, created = 0, underflowed = 0, blackholed = 0, cancelled = 0,
           filtered = 0, errors = 0, no_source = 0, evicted = 0;
  void add(const ScenarioCounters& o);
};

/// What overflowed. `order` is that of the record (0 from tick()).
struct Emitted {
  uint32_t order = 0;
  uint64_t line_number = 0;
  uint32_t scenario = 0;
  bool marked = false;
  Overflow overflow;  ///< with at least one alert
};

class Shard {
 public:
  Shard(std::shared_ptr<const ScenarioSet> set, std::shared_ptr<const SlotNames> names,
        const ShardOptions& options);

  /// Takes list `index` of the batch, in order. Overflows are appended, alerts built, contexts evaluated.
  void take(const PourBatch& batch, uint32_t index, std::vector<Emitted>& out) {
    take(batch, index, 0, batch.records[index].size(), out);
  }
  /// Of the list, rows from `first` up to before `end`.
  void take(const PourBatch& batch, uint32_t index, size_t first, size_t end, std::vector<Emitted>& out);

  /// Live mode: counters whose time is up overflow; of the other buckets, `budget` are looked at and go when
  /// they are empty.
  void tick(TimePoint now, size_t budget, std::vector<Emitted>& out);

  /// Counters since the last call, of scenarios that have any: `f(scenario id, counters)`.
  template <typename F>
  void drain_counters(F f) {
    for (const uint32_t id : changed_) {
      f(id, counters_[id]);
      counters_[id] = {};
      marked_changed_[id] = false;
    }
    changed_.clear();
  }
  size_t buckets() const { return buckets_.size(); }
  void count_buckets(std::vector<size_t>& by_scenario) const;
  size_t bytes() const { return buckets_.bytes(); }
  void set_trace(PourTrace* trace) { trace_ = trace; }

 private:
  friend class Snapshot;  // snapshot.cpp: reads and writes all of it
  struct Timer {
    TimePoint end;
    uint32_t group, place, birth;
    bool operator<(const Timer& o) const { return end > o.end; }  // the earliest on top of the heap
  };
  /// The record that is being poured; none when a timer fires.
  struct Pour {
    const PourEvent* event = nullptr;
    const PourRecord* record = nullptr;
    const PourKey* keys = nullptr;
    std::vector<Emitted>* out = nullptr;
    GroupKey key;
    uint32_t group = Buckets::kNone;  ///< its row
    bool fresh = false;
  };

  ScenarioCounters& counters(uint32_t scenario) {
    if (!marked_changed_[scenario]) {
      marked_changed_[scenario] = true;
      changed_.push_back(scenario);
    }
    return counters_[scenario];
  }
  void pour(const PourBatch& batch, const PourRecord& record, std::vector<Emitted>& out);
  void find_group(Pour& pour);
  void trigger(const Pour& pour);
  Bucket& open(Pour& pour);
  Pool::Handle copy(const PourEvent& event);
  bool refused(Bucket& bucket, const Rule& rule, const Pour& pour);
  void add_event(Bucket& bucket, const Rule& rule, const Pour& pour);
  bool lean(const Rule& rule) const { return brief_ && rule.lean; }
  bool passes(const Bucket& bucket, const Pour& pour);
  bool overflows(Bucket& bucket, const Rule& rule, const Pour& pour);
  bool asks_after(Bucket& bucket, const Pour& pour);
  /// The bucket is gone afterwards.
  void overflow(Bucket& bucket, TimePoint at, const Pour& pour);
  /// Null image: the queue's; otherwise the only event (triggers).
  PourStep::Result emit(Bucket& bucket, TimePoint at, const Pour& pour, const EventImage* only);
  bool expired(const Bucket& bucket, const Rule& rule, TimePoint t) const {
    return t - bucket.last > rule.lifetime;
  }
  void sweep(TimePoint t, bool log_time, size_t budget);
  void sweep_group(TimePoint t, bool log_time);
  bool empty_now(const Bucket& bucket, TimePoint t, bool log_time) const;
  void fire_timers(TimePoint now, std::vector<Emitted>& out);
  void start_timer(uint32_t group, const Bucket& bucket);
  Bucket* timed(const Timer& timer);
  uint64_t line_hash(const PourEvent& event);
  void trace(const Bucket& bucket, const Pour& pour, PourStep::Result result);

  std::shared_ptr<const ScenarioSet> set_;
  std::shared_ptr<const SlotNames> names_;
  uint64_t seed_;
  const bool brief_;
  uint64_t seen_seed_;  ///< of distinct values: their hashes outlive the process in snapshots
  Buckets buckets_;
  Blackholes blackholes_;
  Asker asker_;
  std::vector<ScenarioCounters> counters_;
  std::vector<uint8_t> marked_changed_;
  std::vector<uint32_t> changed_, evicted_;
  std::vector<Timer> timers_;
  size_t sweep_at_ = 0;                ///< row of a group
  TimePoint last_tick_{}, late_at_{};  ///< late_at_: the last tick before an event in log time
  // The event that is being poured: its copy is made once, its hash computed once.
  const PourEvent* current_ = nullptr;
  Pool::Handle copy_ = Pool::kNone;
  // The group that was looked up last: records of an event mostly have one.
  GroupKey last_key_;
  uint32_t last_group_ = Buckets::kNone, last_deaths_ = 0, hint_ = 0;
  std::vector<uint32_t> runs_;  ///< of a list: the first record of each group of an event
  const PourEvent* hashed_ = nullptr;
  uint64_t hash_ = 0;
  PourTrace* trace_ = nullptr;
};

}  // namespace testudo::detect
