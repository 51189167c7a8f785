// What overflows: triggers at once, buckets by their level, condition or timer; then overflow_filter,
// blackhole and alerts.
#include <algorithm>

#include "base/text.h"
#include "detect/alert_build.h"
#include "detect/shard.h"

namespace testudo::detect {
namespace {
using Truth = expr::Expression::Truth;
constexpr uint64_t kLineSeed = 0x1b873593cc9e2d51ULL;
}  // namespace

void Shard::trigger(const Pour& pour) {
  const PourRecord& record = *pour.record;
  const Scenario& scenario = *set_->scenarios[record.scenario];
  // A bucket for the moment, outside of the table.
  Bucket bucket;
  buckets_.prepare(bucket, record.scenario);
  bucket.total = 1;
  bucket.first = bucket.last = pour.event->t;
  bucket.first_offset = bucket.last_offset = pour.event->offset;
  bucket.log_time = pour.event->log_time;
  ++counters(record.scenario).poured;
  if (scenario.overflow_filter)
    buckets_.queues().push(bucket, set_->rules[record.scenario], 1, copy(*pour.event),
                           pour.keys ? pour.keys[scenario.place].scope_value : std::string_view(), false);
  const auto result = emit(bucket, pour.event->t, pour, pour.event->image);
  if (trace_) trace(bucket, pour, result);
  buckets_.empty(bucket);
}

void Shard::overflow(Bucket& bucket, TimePoint at, const Pour& pour) {
  const auto result = emit(bucket, at, pour, nullptr);
  if (trace_ && pour.event) trace(bucket, pour, result);
  buckets_.erase(pour.group, bucket);
}

PourStep::Result Shard::emit(Bucket& bucket, TimePoint at, const Pour& pour, const EventImage* only) {
  const Scenario& scenario = *set_->scenarios[bucket.scenario];
  Overflow built;
  const auto build = [&] {
    if (only && !brief_) bucket.first_hash = line_hash(*pour.event);
    const Rule& rule = set_->rules[bucket.scenario];
    OverflowingBucket from{buckets_.queues(), pour.key, bucket, rule, scenario, at, pour.event, only};
    from.brief = brief_;
    from.lean = !only && lean(rule);
    if (only && pour.keys) from.only_scope = pour.keys[scenario.place].scope_value;
    built = build_overflow(from, *set_, *names_);
    if (built.alerts.empty() || brief_) return;
    const MetaPairs meta = asker_.contexts(buckets_, bucket, only);
    for (Alert& alert : built.alerts) alert.meta = meta;
  };
  if (scenario.overflow_filter) {
    build();
    asker_.begin(buckets_, pour.key, bucket, nullptr, at);
    const Truth truth = asker_.ask(scenario.overflow_filter, built);
    if (truth == Truth::failed) ++counters(bucket.scenario).errors;
    if (truth == Truth::no) {
      ++counters(bucket.scenario).filtered;
      return PourStep::Result::filtered;
    }
  }
  if (scenario.blackhole > Duration(0) &&
      blackholes_.swallows(bucket.scenario, pour.key.hash, pour.key.marked, pour.key.text, at,
                           scenario.blackhole)) {
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
  one.marked = pour.key.marked;
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
  step.group = pour.key.text;
  const Scenario& owner = *set_->scenarios[bucket.scenario];
  step.level = owner.type == BucketType::leaky ? std::max(0.0, double(owner.capacity) - bucket.tokens)
                                               : double(bucket.total);
  step.capacity = owner.capacity;
  step.total = bucket.total;
  step.marked = pour.key.marked;
  step.fresh = pour.fresh;
  trace_->step(*set_->scenarios[pour.record->scenario], owner, step);
}

}  // namespace testudo::detect
