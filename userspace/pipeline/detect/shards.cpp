#include "detect/shards.h"

#include <algorithm>

#include "base/log.h"

namespace testudo::detect {

Shards::Shards(std::shared_ptr<const ScenarioSet> set, std::shared_ptr<const SlotNames> names,
               ShardOptions options)
    : set_(std::move(set)), names_(std::move(names)), options_(options) {
  make();
}

void Shards::make() {
  shards_.clear();
  for (uint32_t i = 0; i < kCount; ++i) shards_.push_back(std::make_unique<Shard>(set_, names_, options_));
  set_trace(trace_);
}

void Shards::take(const PourBatch& batch, std::vector<Emitted>& out) {
  const auto before = std::ptrdiff_t(out.size());
  for (uint32_t i = 0, lists = batch.lists; lists; ++i, lists >>= 1)
    if (lists & 1) shards_[i]->take(batch, i, out);
  // One record may give two: a counter whose time was up, then the new bucket's. They stay as they came.
  std::stable_sort(out.begin() + before, out.end(),
                   [](const Emitted& a, const Emitted& b) { return a.order < b.order; });
}

void Shards::tick(TimePoint now, size_t budget, std::vector<Emitted>& out) {
  for (const auto& shard : shards_) shard->tick(now, budget / kCount + 1, out);
}

// Through the snapshot: slot numbers, rows of scenarios and shards may all be others in the new content.
void Shards::adopt(std::shared_ptr<const ScenarioSet> set, std::shared_ptr<const SlotNames> names) {
  const std::string saved = save();
  set_ = std::move(set);
  names_ = std::move(names);
  make();
  if (const auto restored = restore(saved); !restored)
    log::write(log::Level::error, "buckets.lost", {{"error", restored.error().text()}});
}

size_t Shards::buckets() const {
  size_t out = 0;
  for (const auto& shard : shards_) out += shard->buckets();
  return out;
}
size_t Shards::bytes() const {
  size_t out = 0;
  for (const auto& shard : shards_) out += shard->bytes();
  return out;
}

std::vector<size_t> Shards::buckets_per_scenario() const {
  std::vector<size_t> out(set_->scenarios.size());
  for (const auto& shard : shards_) shard->count_buckets(out);
  return out;
}

void Shards::drain_counters(std::vector<ScenarioCounters>& totals, std::vector<uint32_t>& changed) {
  totals.resize(set_->scenarios.size());
  changed.clear();
  for (const auto& shard : shards_)
    shard->drain_counters([&](uint32_t id, const ScenarioCounters& counters) {
      totals[id].add(counters);
      changed.push_back(id);
    });
  std::sort(changed.begin(), changed.end());
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
}

void Shards::set_trace(PourTrace* trace) {
  trace_ = trace;
  for (const auto& shard : shards_) shard->set_trace(trace);
}

}  // namespace testudo::detect
