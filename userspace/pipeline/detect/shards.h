// detect/shards.h: all shards of one engine, and what concerns them together: reload, snapshot, counts.
//
// A shard is used by one thread at a time; the functions here want all of them at rest.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "detect/shard.h"

namespace testudo::detect {

class Shards {
 public:
  Shards(std::shared_ptr<const ScenarioSet> set, std::shared_ptr<const SlotNames> names,
         ShardOptions options);

  static constexpr uint32_t kCount = kShards + 1;
  Shard& operator[](uint32_t i) { return *shards_[i]; }  ///< kOrdered is the last

  /// The whole batch, one shard after another; overflows in the order of records. For serial use.
  void take(const PourBatch& batch, std::vector<Emitted>& out);
  /// `budget` for all shards together.
  void tick(TimePoint now, size_t budget, std::vector<Emitted>& out);

  /// Content was reloaded: buckets live on under (scenario, filter text, group value); those whose scenario
  /// is gone are dropped. Counters that were not drained are lost: drain them first.
  void adopt(std::shared_ptr<const ScenarioSet> set, std::shared_ptr<const SlotNames> names);

  /// Every bucket and blackhole as bytes (detect/snapshot.cpp), so that a restart forgets no slow attacker.
  /// Does not depend on the number of shards: each finds its own again by the hash of the group.
  std::string save() const;
  /// Puts back what save() gave, by scenario name and filter text; what belongs to no scenario of now is left
  /// out. Nothing is restored from damaged or foreign bytes (corrupt). The shards must be empty. The number
  /// of buckets.
  Result<size_t> restore(std::string_view bytes);

  size_t buckets() const;
  size_t bytes() const;
  std::vector<size_t> buckets_per_scenario() const;
  /// Adds what was counted since the last call to `totals` (by scenario); `changed` gets the scenarios.
  void drain_counters(std::vector<ScenarioCounters>& totals, std::vector<uint32_t>& changed);
  void set_trace(PourTrace* trace);
  const ShardOptions& options() const { return options_; }

 private:
  friend class Snapshot;  // snapshot.cpp
  void make();
  std::shared_ptr<const ScenarioSet> set_;
  std::shared_ptr<const SlotNames> names_;
  ShardOptions options_;
  std::vector<std::unique_ptr<Shard>> shards_;
  PourTrace* trace_ = nullptr;
};

}  // namespace testudo::detect
