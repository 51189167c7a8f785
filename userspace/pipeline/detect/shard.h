// detect/shard.h: the buckets of one worker, and what overflows from them.
//
// One shard is used by one thread. Results depend only on the order of events, never on a clock.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "detect/bucket.h"
#include "model/alert.h"

namespace testudo::detect {

struct ShardOptions {
  size_t max_buckets = 200'000;
  /// Of all buckets, at most this share belongs to one /24 (IPv4) or /48 (IPv6): strangers from one network
  /// cannot push everybody else out.
  double network_share = 0.05;
  /// Events that buckets keep for their alerts hold at most about this much; beyond it the emptiest buckets
  /// go.
  int64_t max_event_bytes = 128 << 20;
};

struct ScenarioCounters {
  uint64_t poured = 0, overflowed = 0, created = 0, underflowed = 0, blackholed = 0, errors = 0,
           no_source = 0, evicted = 0;
};

/// Watches which scenarios an event reaches: `explain`.
struct PourTrace {
  virtual ~PourTrace() = default;
  virtual void poured(const Scenario& scenario, const Bucket& bucket) = 0;
};

class Shard {
 public:
  Shard(std::shared_ptr<const ScenarioSet> set, std::shared_ptr<const SlotNames> names,
        ShardOptions options = {});

  /// Event, its time, and that time as text. `marked`: the source is one of several that the line allows;
  /// marked events fill buckets of their own, so that an honest event never overflows together with a
  /// doubtful one.
  struct Pour {
    Event& event;
    TimePoint t;
    std::string_view t_text;
    bool marked = false;
    int64_t read_mono = 0;
  };
  /// Pours into every scenario that wants it; overflows are appended to `alerts`, one per source.
  void pour(const Pour& pour, expr::Context& context, std::vector<Alert>& alerts);

  /// Would any scenario take this event? Cheap look before the dearer questions about a line.
  bool wanted(Event& event, expr::Context& context);

  /// Drops buckets that are empty at `t`; at most `budget` are looked at. Call now and then.
  void sweep(TimePoint t, size_t budget);

  /// Content was reloaded: buckets live on under (scenario, filter text, group value); those whose scenario
  /// is gone are dropped. Slot numbers of the old names must be valid in the new ones.
  void adopt(std::shared_ptr<const ScenarioSet> set, std::shared_ptr<const SlotNames> names);

  /// Every bucket and blackhole as bytes (detect/snapshot.cpp), so that a restart forgets no slow attacker.
  std::string save() const;
  /// Puts back what save() gave, by scenario name and filter text; what belongs to no scenario of now is left
  /// out. Nothing is restored from damaged or foreign bytes (corrupt). The shard must be empty. The number of
  /// buckets.
  Result<size_t> restore(std::string_view bytes);

  size_t buckets() const { return all_.size(); }
  const std::vector<ScenarioCounters>& counters() const { return counters_; }  ///< by scenario id
  std::vector<size_t> buckets_per_scenario() const;
  void set_trace(PourTrace* trace) { trace_ = trace; }

 private:
  using Key = std::pair<uint32_t, std::string>;  // partition and marked bit, group
  struct KeyHash {
    size_t operator()(const Key& k) const { return table_hash(k.second, process_secret() ^ k.first); }
  };
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return table_hash(text, process_secret()); }
  };
  struct Dispatch {
    SlotRef slot;
    std::unordered_map<std::string, std::vector<uint32_t>, TextHash, std::equal_to<>> by_value;
  };

  void index_scenarios();
  void candidates(Event& event, std::vector<uint32_t>& out) const;
  void pour_one(const Scenario& scenario, const Pour& pour, expr::Context& context, EventCopy*& copy,
                std::vector<Alert>& alerts);
  Bucket& insert(std::unique_ptr<Bucket> bucket);
  Bucket& bucket_for(const Scenario& scenario, std::string_view group, bool marked);
  void make_room(uint64_t network);
  void erase(Bucket& bucket);
  void overflow(Bucket& bucket, const Pour& pour, std::vector<Alert>& alerts);
  bool in_blackhole(const Scenario& scenario, const std::string& key, TimePoint t);

  std::shared_ptr<const ScenarioSet> set_;
  std::shared_ptr<const SlotNames> names_;
  ShardOptions options_;
  std::vector<Dispatch> dispatch_;
  std::vector<uint32_t> always_;
  std::vector<ScenarioCounters> counters_;
  std::unordered_map<Key, std::unique_ptr<Bucket>, KeyHash> buckets_;
  std::vector<Bucket*> all_;
  std::unordered_map<uint64_t, std::vector<Bucket*>> networks_;
  std::vector<std::unordered_map<std::string, TimePoint>> blackholes_;  // by scenario id
  std::vector<uint32_t> scratch_;
  size_t sweep_at_ = 0;
  uint64_t random_ = 0x9e3779b97f4a7c15ULL;
  PourTrace* trace_ = nullptr;
};

/// /24 or /48 of an address that a group value starts with ("1.2.3.4", "1.2.3.4/example.org"); 0 = none.
uint64_t network_of(std::string_view group);

/// Content of an alert from a bucket that overflowed; nothing when no event has a usable source.
std::vector<Alert> build_alerts(const Bucket& bucket, const ScenarioSet& set, const SlotNames& names,
                                TimePoint overflow_at, std::string_view overflow_text);

}  // namespace testudo::detect
