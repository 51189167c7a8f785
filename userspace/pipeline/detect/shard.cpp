#include "detect/shard.h"

#include <algorithm>

#include "base/text.h"
#include "detect/alert_build.h"
#include "detect/keys.h"

namespace testudo::detect {
namespace {

using Truth = expr::Expression::Truth;
constexpr uint64_t kLineSeed = 0x1b873593cc9e2d51ULL;
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
      seen_seed_(seed_ ^ kSeenSalt),
      buckets_(set_, limits_of(options)),
      blackholes_(part(options.max_blackholes)),
      asker_(set_, names_),
      counters_(set_->scenarios.size()),
      marked_changed_(set_->scenarios.size()) {}

void Shard::take(const PourBatch& batch, uint32_t index, size_t first, size_t end,
                 std::vector<Emitted>& out) {
  const std::vector<PourRecord>& records = batch.records[index];
  // Attackers come by the thousand: nearly every bucket is cold. Three steps ahead of the records fetch the
  // index, then the bucket, then what hangs on it.
  constexpr size_t kIndex = 12, kBucket = 8, kParts = 4;
  for (size_t i = first; i < end + kIndex; ++i) {
    if (i < end) buckets_.prefetch(records[i].key_hash);
    if (const size_t k = i - (kIndex - kBucket); i >= first + (kIndex - kBucket) && k < end)
      buckets_.prefetch_bucket(records[k].key_hash);
    if (const size_t k = i - (kIndex - kParts); i >= first + (kIndex - kParts) && k < end)
      buckets_.prefetch_parts(records[k].key_hash);
    if (i >= first + kIndex) pour(batch, records[i - kIndex], out);
  }
  if (copy_ != Pool::kNone) buckets_.release(copy_);
  copy_ = Pool::kNone;
  current_ = hashed_ = nullptr;
}

void Shard::pour(const PourBatch& batch, const PourRecord& record, std::vector<Emitted>& out) {
  Pour pour{&batch.events[record.event], &record,
            record.keys == PourRecord::kNoKeys ? nullptr : &batch.keys[record.keys], &out};
  const PourEvent& event = *pour.event;
  if (current_ != &event) {
    if (copy_ != Pool::kNone) buckets_.release(copy_);
    copy_ = Pool::kNone;
    current_ = &event;
    if (event.log_time) late_at_ = last_tick_;
  }
  const uint32_t partition = set_->rules[record.scenario].partition;
  if (set_->partitions[partition].momentary) return trigger(pour);
  Bucket* bucket = buckets_.find(record.key_hash, partition, record.marked, record.group);
  if (bucket) {
    const Rule& rule = set_->rules[bucket->scenario];
    if (rule.type == BucketType::counter && !event.log_time && !bucket->log_time) {
      // Its timer should have fired by now.
      if (event.t - bucket->first >= rule.lifetime) {
        overflow(*bucket, bucket->first + rule.lifetime, {nullptr, &record, nullptr, &out});
        bucket = nullptr;
      }
    } else if (expired(*bucket, rule, event.t)) {
      ++counters(bucket->scenario).underflowed;
      buckets_.erase(*bucket);
      bucket = nullptr;
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
  if (overflows(*bucket, rule, pour)) return overflow(*bucket, event.t, pour);
  if (trace_) trace(*bucket, pour, PourStep::Result::poured);
}

Bucket& Shard::open(const Pour& pour) {
  constexpr size_t kMany = 512;  // fewer need no sweeping
  const PourRecord& record = *pour.record;
  // Every new bucket pays for a look at two others: what has run empty does not pile up.
  if (buckets_.size() >= kMany) sweep(pour.event->t, pour.event->log_time, 2);
  evicted_.clear();
  Bucket& bucket = buckets_.insert(record.key_hash, record.scenario, record.marked, record.group, evicted_);
  for (const uint32_t scenario : evicted_) ++counters(scenario).evicted;
  ++counters(record.scenario).created;
  return bucket;
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
    asker_.begin(buckets_, bucket, pour.event);
    const Truth truth = asker_.ask(scenario.cancel_on);
    if (truth == Truth::failed) ++counters(bucket.scenario).errors;
    cancel = truth == Truth::yes;
  }
  if (!cancel) return false;
  ++counters(bucket.scenario).cancelled;
  if (trace_) trace(bucket, pour, PourStep::Result::cancelled);
  buckets_.erase(bucket);
  return true;
}

void Shard::add_event(Bucket& bucket, const Rule& rule, const Pour& pour) {
  const PourEvent& event = *pour.event;
  if (bucket.total == 0) {
    bucket.first = bucket.last = event.t;
    bucket.first_offset = offset_of(event.t_text);
    bucket.first_hash = line_hash(event);
    bucket.log_time = event.log_time;
    if (rule.type == BucketType::counter && !event.log_time) start_timer(bucket);
  }
  if (bucket.total < INT32_MAX) ++bucket.total;
  bucket.witness |= event.witness;
  ++counters(bucket.scenario).poured;
  if (copy_ == Pool::kNone) copy_ = buckets_.keep(*event.image);
  const bool marked = rule.window && asker_.passes(*set_->scenarios[bucket.scenario], *event.image);
  buckets_.push(bucket, copy_, pour.keys ? pour.keys[rule.place].scope_value : std::string_view(), marked);
  if (buckets_.overfull()) {
    evicted_.clear();
    buckets_.relieve(bucket, evicted_);
    for (const uint32_t scenario : evicted_) ++counters(scenario).evicted;
  }
}

bool Shard::overflows(Bucket& bucket, const Rule& rule, const Pour& pour) {
  const PourEvent& event = *pour.event;
  const Duration elapsed = event.t - bucket.last;
  bucket.last = event.t;
  bucket.last_offset = offset_of(event.t_text);
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
    const Truth truth = asker_.condition(buckets_, bucket, *pour.event);
    if (truth == Truth::yes) return true;
    if (truth == Truth::failed) ++counters(bucket.scenario).errors;
  }
  if (scenario.evidence.empty()) return false;
  asker_.begin(buckets_, bucket, pour.event);
  uint64_t errors = 0;
  const bool convinced = asker_.convinced(scenario, bucket.guillotine, errors);
  if (errors) counters(bucket.scenario).errors += errors;
  return convinced;
}

void Shard::trigger(const Pour& pour) {
  const PourRecord& record = *pour.record;
  const Scenario& scenario = *set_->scenarios[record.scenario];
  // A bucket for the moment, outside of the table.
  Bucket bucket;
  buckets_.prepare(bucket, record.key_hash, record.scenario, record.marked, record.group);
  bucket.total = 1;
  bucket.first = bucket.last = pour.event->t;
  bucket.first_offset = bucket.last_offset = offset_of(pour.event->t_text);
  bucket.log_time = pour.event->log_time;
  bucket.witness = pour.event->witness;
  ++counters(record.scenario).poured;
  if (scenario.overflow_filter) {
    if (copy_ == Pool::kNone) copy_ = buckets_.keep(*pour.event->image);
    buckets_.push(bucket, copy_, pour.keys ? pour.keys[scenario.place].scope_value : std::string_view());
  }
  const auto result = emit(bucket, pour.event->t, pour, pour.event->image);
  if (trace_) trace(bucket, pour, result);
  buckets_.empty(bucket);
}

void Shard::overflow(Bucket& bucket, TimePoint at, const Pour& pour) {
  const auto result = emit(bucket, at, pour, nullptr);
  if (trace_ && pour.event) trace(bucket, pour, result);
  buckets_.erase(bucket);
}

PourStep::Result Shard::emit(Bucket& bucket, TimePoint at, const Pour& pour, const EventImage* only) {
  const Scenario& scenario = *set_->scenarios[bucket.scenario];
  const std::string_view group = bucket.group(buckets_.pool());
  Overflow built;
  const auto build = [&] {
    if (only) bucket.first_hash = line_hash(*pour.event);
    OverflowingBucket from{buckets_, bucket, scenario, at, pour.event, only, {}};
    if (only && pour.keys) from.only_scope = pour.keys[scenario.place].scope_value;
    built = build_overflow(from, *set_, *names_);
    if (built.alerts.empty()) return;
    const MetaPairs meta = asker_.contexts(buckets_, bucket, only);
    for (Alert& alert : built.alerts) alert.meta = meta;
  };
  if (scenario.overflow_filter) {
    build();
    asker_.begin(buckets_, bucket, nullptr, at);
    const Truth truth = asker_.ask(scenario.overflow_filter, built);
    if (truth == Truth::failed) ++counters(bucket.scenario).errors;
    if (truth == Truth::no) {
      ++counters(bucket.scenario).filtered;
      return PourStep::Result::filtered;
    }
  }
  if (scenario.blackhole > Duration(0) &&
      blackholes_.swallows(bucket.scenario, bucket.key_hash, bucket.marked, group, at, scenario.blackhole)) {
    ++counters(bucket.scenario).blackholed;
    return PourStep::Result::blackholed;
  }
  if (!scenario.overflow_filter) build();
  if (built.alerts.empty()) {
    ++counters(bucket.scenario).no_source;
    return PourStep::Result::no_source;
  }
  ++counters(bucket.scenario).overflowed;
  Emitted one;
  one.order = pour.record ? pour.record->order : 0;
  one.line_number = pour.event ? pour.event->line_number : 0;
  one.scenario = bucket.scenario;
  one.marked = bucket.marked;
  one.overflow = std::move(built);
  pour.out->push_back(std::move(one));
  return PourStep::Result::overflowed;
}

uint64_t Shard::line_hash(const PourEvent& event) {
  if (hashed_ != &event) {
    const std::string_view stamp = event.image->marshaled_time();
    // The seed is fixed: the same line gives the same uuid after a restart.
    hash_ = table_hash(event.raw, table_hash(stamp.empty() ? event.t_text : stamp, kLineSeed));
    hashed_ = &event;
  }
  return hash_;
}

void Shard::trace(const Bucket& bucket, const Pour& pour, PourStep::Result result) {
  PourStep step;
  step.result = result;
  step.group = bucket.group(buckets_.pool());
  const Scenario& owner = *set_->scenarios[bucket.scenario];
  step.level = owner.type == BucketType::leaky ? std::max(0.0, double(owner.capacity) - bucket.tokens)
                                               : double(bucket.total);
  step.capacity = owner.capacity;
  step.total = bucket.total;
  step.marked = bucket.marked;
  step.fresh = pour.fresh;
  trace_->step(*set_->scenarios[pour.record->scenario], owner, step);
}

void Shard::count_buckets(std::vector<size_t>& by_scenario) const {
  by_scenario.resize(std::max(by_scenario.size(), set_->scenarios.size()));
  for (size_t i = 0; i < buckets_.rows(); ++i)
    if (buckets_.row(i).scenario != Bucket::kNone) ++by_scenario[buckets_.row(i).scenario];
}

}  // namespace testudo::detect
