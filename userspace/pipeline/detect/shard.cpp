#include "detect/shard.h"

#include <algorithm>

#include "base/text.h"
#include "detect/ahead.h"
#include "detect/keys.h"

namespace testudo::detect {
namespace {

using Truth = expr::Expression::Truth;
constexpr uint32_t kTightQueue = Window::kMost;  ///< of unbounded queues when memory is short
constexpr uint64_t kSeenSalt = 0x5eed0f5eed0f5eedULL;

/// A shard's share: the ordered one counts like the others.
size_t part(size_t total) { return std::max<size_t>(1, total / (kShards + 1)); }

BucketLimits limits_of(const ShardOptions& options) {
  const size_t buckets = part(options.max_buckets);
  return {buckets, std::max<size_t>(8, size_t(double(buckets) * options.network_share)),
          part(options.max_bytes)};
}

}  // namespace

void ScenarioCounters::add(const ScenarioCounters& o) {
  poured += o.poured, overflowed += o.overflowed, created += o.created, underflowed += o.underflowed;
  blackholed += o.blackholed, cancelled += o.cancelled, filtered += o.filtered, errors += o.errors;
  no_source += o.no_source, evicted += o.evicted;
}

Shard::Shard(std::shared_ptr<const ScenarioSet> set, std::shared_ptr<const SlotNames> names,
             const ShardOptions& options)
    : set_(std::move(set)),
      names_(std::move(names)),
      seed_(options.seed ? options.seed : process_secret()),
      brief_(options.brief && !set_->later.whole),
      seen_seed_(seed_ ^ kSeenSalt),
      buckets_(set_, limits_of(options)),
      blackholes_(part(options.max_blackholes)),
      asker_(set_, names_),
      counters_(set_->scenarios.size()),
      marked_changed_(set_->scenarios.size()) {}

void Shard::take(const PourBatch& batch, uint32_t index, size_t first, size_t end,
                 std::vector<Emitted>& out) {
  const std::vector<PourRecord>& records = batch.records[index];
  runs_.clear();
  for (size_t i = first; i < end; ++i)
    if (i == first || records[i].key_hash != records[i - 1].key_hash) runs_.push_back(uint32_t(i));
  // Attackers come by the thousand: nearly every group is cold. Steps ahead of the records fetch the index,
  // then the group, then its buckets, then what hangs on them.
  constexpr size_t kAhead = 3, kSteps = 4;
  const size_t runs = runs_.size();
  for (size_t i = 0; i < runs + kAhead * kSteps; ++i) {
    const auto hash = [&](size_t step) { return records[runs_[i - kAhead * step]].key_hash; };
    const auto due = [&](size_t step) { return i >= kAhead * step && i - kAhead * step < runs; };
    if (due(0)) buckets_.prefetch_index(hash(0));
    if (due(1)) buckets_.prefetch_group(hash(1));
    if (due(2)) buckets_.prefetch_buckets(hash(2));
    if (due(3)) buckets_.prefetch_parts(hash(3));
    // The batch itself is as large as a cache, and a shard takes every sixteenth event of it.
    if (due(2)) {
      const PourRecord& record = records[runs_[i - kAhead * 2]];
      ask_for(&batch.events[record.event]);
      ask_for(record.group.data());
      const size_t last = i - kAhead * 2 + 1 < runs ? runs_[i - kAhead * 2 + 1] : end;
      for (size_t k = runs_[i - kAhead * 2]; k < last; ++k)
        if (records[k].keys != PourRecord::kNoKeys) ask_for(&batch.keys[records[k].keys]);
    }
    if (!due(kSteps)) continue;
    const size_t run = i - kAhead * kSteps;
    const size_t behind = run + 1 < runs ? runs_[run + 1] : end;
    for (size_t k = runs_[run]; k < behind; ++k) pour(batch, records[k], out);
  }
  if (copy_ != Pool::kNone) buckets_.queues().release(copy_);
  copy_ = Pool::kNone;
  current_ = hashed_ = nullptr;
  last_key_ = {};
  last_group_ = Buckets::kNone;
}

/// Sets the row of the record's group; most often it is that of the record before.
void Shard::find_group(Pour& pour) {
  const GroupKey& key = pour.key;
  if (last_group_ == Buckets::kNone || last_deaths_ != buckets_.deaths() || last_key_.hash != key.hash ||
      last_key_.marked != key.marked || last_key_.text != key.text) {
    last_key_ = key;
    last_group_ = buckets_.group(key);
    last_deaths_ = buckets_.deaths();
    hint_ = 0;
  }
  pour.group = last_group_;
}

void Shard::pour(const PourBatch& batch, const PourRecord& record, std::vector<Emitted>& out) {
  Pour pour{&batch.events[record.event],
            &record,
            record.keys == PourRecord::kNoKeys ? nullptr : &batch.keys[record.keys],
            &out,
            {record.key_hash, record.group, record.marked}};
  const PourEvent& event = *pour.event;
  if (current_ != &event) {
    if (copy_ != Pool::kNone) buckets_.queues().release(copy_);
    copy_ = Pool::kNone;
    current_ = &event;
    if (event.log_time) late_at_ = last_tick_;
  }
  const uint32_t partition = set_->rules[record.scenario].partition;
  if (set_->partitions[partition].momentary) return trigger(pour);
  find_group(pour);
  Bucket* bucket = pour.group == Buckets::kNone ? nullptr : buckets_.find(pour.group, partition, hint_);
  if (bucket) {
    const Rule& rule = set_->rules[bucket->scenario];
    if (rule.type == BucketType::counter && !event.log_time && !bucket->log_time) {
      // Its timer should have fired by now.
      if (event.t - bucket->first >= rule.lifetime) {
        overflow(*bucket, bucket->first + rule.lifetime,
                 {nullptr, &record, nullptr, &out, pour.key, pour.group});
        bucket = nullptr;
      }
    } else if (expired(*bucket, rule, event.t)) {
      ++counters(bucket->scenario).underflowed;
      if (set_->rules[record.scenario].type == BucketType::trigger) {
        buckets_.erase(pour.group, *bucket);
        bucket = nullptr;
      } else {
        buckets_.renew(*bucket, record.scenario);
        ++counters(record.scenario).created;
        pour.fresh = true;
      }
    }
  }
  if (!bucket) {
    if (set_->rules[record.scenario].type == BucketType::trigger) return trigger(pour);
    bucket = &open(pour);
    pour.fresh = true;
  }
  const Rule& rule = set_->rules[bucket->scenario];
  if (refused(*bucket, rule, pour)) return;
  add_event(*bucket, rule, pour);
  buckets_.keep_busy(pour.group, event.t + rule.lifetime);
  if (overflows(*bucket, rule, pour)) return overflow(*bucket, event.t, pour);
  if (buckets_.overfull()) {
    evicted_.clear();
    buckets_.relieve(*bucket, evicted_);
    for (const uint32_t scenario : evicted_) ++counters(scenario).evicted;
  }
  if (trace_) trace(*bucket, pour, PourStep::Result::poured);
}

Bucket& Shard::open(Pour& pour) {
  constexpr size_t kMany = 512;  // fewer need no sweeping
  const PourRecord& record = *pour.record;
  // Every new group pays for a look at two others: what has run empty does not pile up. Where one bucket
  // still lives, the others may come again.
  if (pour.group == Buckets::kNone && buckets_.size() >= kMany)
    for (int i = 0; i < 2; ++i) sweep_group(pour.event->t, pour.event->log_time);
  evicted_.clear();
  Bucket& bucket = buckets_.insert(pour.key, record.scenario, pour.group, evicted_);
  last_key_ = pour.key;
  last_group_ = pour.group;
  last_deaths_ = buckets_.deaths();
  for (const uint32_t scenario : evicted_) ++counters(scenario).evicted;
  ++counters(record.scenario).created;
  return bucket;
}

Pool::Handle Shard::copy(const PourEvent& event) {
  if (copy_ == Pool::kNone) copy_ = buckets_.queues().keep(*event.image);
  return copy_;
}

/// distinct and cancel_on: true when the event does not count.
bool Shard::refused(Bucket& bucket, const Rule& rule, const Pour& pour) {
  if (rule.distinct) {
    const PourKey& key = pour.keys[rule.place];
    if (key.has_distinct && !bucket.seen.insert(buckets_.pool(), table_hash(key.distinct, seen_seed_))) {
      if (trace_) trace(bucket, pour, PourStep::Result::seen);
      return true;
    }
  }
  if (!rule.cancel) return false;
  const Scenario& scenario = *set_->scenarios[bucket.scenario];
  bool cancel = false;
  if (scenario.early_cancel) {
    cancel = pour.keys[rule.place].cancel;
  } else {
    asker_.begin(buckets_, pour.key, bucket, pour.event);
    const Truth truth = asker_.ask(scenario.cancel_on);
    if (truth == Truth::failed) ++counters(bucket.scenario).errors;
    cancel = truth == Truth::yes;
  }
  if (!cancel) return false;
  ++counters(bucket.scenario).cancelled;
  if (trace_) trace(bucket, pour, PourStep::Result::cancelled);
  buckets_.erase(pour.group, bucket);
  return true;
}

void Shard::add_event(Bucket& bucket, const Rule& rule, const Pour& pour) {
  const PourEvent& event = *pour.event;
  if (bucket.total == 0) {
    bucket.first = bucket.last = event.t;
    bucket.first_offset = event.offset;
    if (!lean(rule)) bucket.first_hash = line_hash(event);
    bucket.log_time = event.log_time;
  }
  if (bucket.total < INT32_MAX) ++bucket.total;
  bucket.witness |= event.witness;
  ++counters(bucket.scenario).poured;
  Queues& queues = buckets_.queues();
  const bool counts = rule.window && passes(bucket, pour);
  if (counts && rule.pulse) queues.beat(bucket, rule, bucket.total, event.time);
  if (lean(rule)) {
    if (event.spoils) bucket.spoiled_below = uint64_t(bucket.total) + rule.queue_limit;
    if (!queues.size(bucket)) {
      if (event.blank) return;
      queues.materialize(bucket, rule, std::min(rule.queue_limit, uint32_t(bucket.total) - 1));
    }
  }
  const bool keeps = !(lean(rule) && event.blank);
  const uint32_t limit =
      rule.unbounded && buckets_.tight() ? std::min(kTightQueue, rule.queue_limit) : rule.queue_limit;
  queues.push(bucket, rule, limit, keeps ? copy(event) : Queues::kBlank,
              pour.keys ? pour.keys[rule.place].scope_value : std::string_view(), counts);
  if (bucket.total == 1 && rule.type == BucketType::counter && !event.log_time)
    start_timer(pour.group, bucket);
}

/// Does the event count for the condition's window?
bool Shard::passes(const Bucket& bucket, const Pour& pour) {
  // The record speaks for its own scenario; another one may have made the bucket.
  if (bucket.scenario == pour.record->scenario && pour.record->passes != PourRecord::Passes::unknown)
    return pour.record->passes == PourRecord::Passes::yes;
  return asker_.passes(*set_->scenarios[bucket.scenario], *pour.event->image);
}

bool Shard::overflows(Bucket& bucket, const Rule& rule, const Pour& pour) {
  const PourEvent& event = *pour.event;
  const Duration elapsed = event.t - bucket.last;
  bucket.last = event.t;
  bucket.last_offset = event.offset;
  bucket.log_time = event.log_time;
  if (rule.counts && !take_token(bucket.tokens, elapsed, rule.capacity, rule.leakspeed)) return true;
  return rule.asks_after && asks_after(bucket, pour);
}

bool Shard::asks_after(Bucket& bucket, const Pour& pour) {
  const Scenario& scenario = *set_->scenarios[bucket.scenario];
  if (scenario.early_condition) {
    if (pour.keys[scenario.place].condition) return true;
    if (scenario.evidence.empty()) return false;
  }
  if (scenario.condition && !scenario.early_condition) {
    const Truth truth = asker_.condition(buckets_, pour.key, bucket, *pour.event);
    if (truth == Truth::yes) return true;
    if (truth == Truth::failed) ++counters(bucket.scenario).errors;
  }
  if (scenario.evidence.empty()) return false;
  asker_.begin(buckets_, pour.key, bucket, pour.event);
  uint64_t errors = 0;
  const bool convinced = asker_.convinced(scenario, bucket.guillotine, errors);
  if (errors) counters(bucket.scenario).errors += errors;
  return convinced;
}

void Shard::count_buckets(std::vector<size_t>& by_scenario) const {
  by_scenario.resize(std::max(by_scenario.size(), set_->scenarios.size()));
  buckets_.each([&](size_t, const Bucket& b) { ++by_scenario[b.scenario]; });
}

}  // namespace testudo::detect
