// What time alone does to buckets: counters overflow, the others run empty and go.
#include <algorithm>

#include "detect/shard.h"

namespace testudo::detect {

void Shard::start_timer(const Bucket& bucket) {
  // Timers of buckets that are gone pile up behind long durations.
  if (timers_.size() > 2 * buckets_.size() + 64) {
    std::erase_if(timers_, [&](const Timer& t) {
      const Bucket& b = buckets_.row(t.row);
      return b.scenario == Bucket::kNone || b.birth != t.birth;
    });
    std::make_heap(timers_.begin(), timers_.end());
  }
  timers_.push_back(
      {bucket.first + set_->rules[bucket.scenario].lifetime, bucket.key_hash, bucket.row, bucket.birth});
  std::push_heap(timers_.begin(), timers_.end());
}

void Shard::fire_timers(TimePoint now, std::vector<Emitted>& out) {
  while (!timers_.empty() && timers_.front().end <= now) {
    std::pop_heap(timers_.begin(), timers_.end());
    const Timer timer = timers_.back();
    timers_.pop_back();
    Bucket& bucket = buckets_.row(timer.row);
    if (bucket.scenario == Bucket::kNone || bucket.birth != timer.birth) continue;
    overflow(bucket, timer.end, {nullptr, nullptr, nullptr, &out});
  }
}

void Shard::tick(TimePoint now, size_t budget, std::vector<Emitted>& out) {
  // Before the first tick nobody knew the time: lines in log time may have come just now.
  if (last_tick_ == TimePoint{}) late_at_ = now;
  last_tick_ = now;
  fire_timers(now, out);
  sweep(now, false, budget);
  // Buckets in log time are left alone while lines in log time still come: their clock is behind.
  if (now - late_at_ > 1min) sweep(now, true, budget);
}

void Shard::sweep(TimePoint t, bool log_time, size_t budget) {
  for (size_t i = 0; i < budget && buckets_.size() > 0; ++i) {
    if (sweep_at_ >= buckets_.rows()) sweep_at_ = 0;
    Bucket& bucket = buckets_.row(sweep_at_++);
    if (bucket.scenario == Bucket::kNone || bucket.log_time != log_time) continue;
    const Rule& rule = set_->rules[bucket.scenario];
    if (rule.type == BucketType::counter && !log_time) continue;  // its timer ends it
    if (!expired(bucket, rule, t)) continue;
    ++counters(bucket.scenario).underflowed;
    buckets_.erase(bucket);
  }
}

}  // namespace testudo::detect
