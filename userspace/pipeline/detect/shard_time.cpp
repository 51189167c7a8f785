// What time alone does to buckets: counters overflow, the others run empty and go.
#include <algorithm>

#include "detect/shard.h"

namespace testudo::detect {

/// Its bucket, unless that is gone.
Bucket* Shard::timed(const Timer& timer) {
  if (timer.group >= buckets_.rows() || timer.place >= buckets_.places(timer.group)) return nullptr;
  Bucket& b = buckets_.at(timer.group, timer.place);
  return b.scenario != Bucket::kNone && buckets_.queues().birth(b) == timer.birth ? &b : nullptr;
}

void Shard::start_timer(uint32_t group, const Bucket& bucket) {
  // Timers of buckets that are gone pile up behind long durations.
  if (timers_.size() > 2 * buckets_.size() + 64) {
    std::erase_if(timers_, [&](const Timer& t) { return !timed(t); });
    std::make_heap(timers_.begin(), timers_.end());
  }
  timers_.push_back({bucket.first + set_->rules[bucket.scenario].lifetime, group,
                     uint32_t(&bucket - &buckets_.at(group, 0)), buckets_.queues().birth(bucket)});
  std::push_heap(timers_.begin(), timers_.end());
}

void Shard::fire_timers(TimePoint now, std::vector<Emitted>& out) {
  while (!timers_.empty() && timers_.front().end <= now) {
    std::pop_heap(timers_.begin(), timers_.end());
    const Timer timer = timers_.back();
    timers_.pop_back();
    if (Bucket* bucket = timed(timer))
      overflow(*bucket, timer.end, {nullptr, nullptr, nullptr, &out, buckets_.key(timer.group), timer.group});
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

bool Shard::empty_now(const Bucket& bucket, TimePoint t, bool log_time) const {
  if (bucket.log_time != log_time) return false;
  const Rule& rule = set_->rules[bucket.scenario];
  if (rule.type == BucketType::counter && !log_time) return false;  // its timer ends it
  return expired(bucket, rule, t);
}

void Shard::sweep(TimePoint t, bool log_time, size_t budget) {
  for (size_t looked = 0, rows = 0; looked < budget && rows < budget && buckets_.size() > 0; ++rows) {
    if (sweep_at_ >= buckets_.rows()) sweep_at_ = 0;
    const auto group = uint32_t(sweep_at_++);
    looked += buckets_.places(group);
    for (uint32_t i = 0; i < buckets_.places(group); ++i) {
      Bucket& bucket = buckets_.at(group, i);
      if (bucket.scenario == Bucket::kNone || !empty_now(bucket, t, log_time)) continue;
      ++counters(bucket.scenario).underflowed;
      buckets_.erase(group, bucket);
    }
  }
}

/// The next group goes when all of its buckets have run empty.
void Shard::sweep_group(TimePoint t, bool log_time) {
  if (sweep_at_ >= buckets_.rows()) sweep_at_ = 0;
  const auto group = uint32_t(sweep_at_++);
  if (!buckets_.may_be_over(group, t)) return;
  const auto each = [&](auto f) {
    for (uint32_t i = 0; i < buckets_.places(group); ++i)
      if (Bucket& bucket = buckets_.at(group, i); bucket.scenario != Bucket::kNone && !f(bucket))
        return false;
    return true;
  };
  if (!each([&](Bucket& bucket) { return empty_now(bucket, t, log_time); })) return;
  each([&](Bucket& bucket) {
    ++counters(bucket.scenario).underflowed;
    buckets_.erase(group, bucket);
    return true;
  });
}

}  // namespace testudo::detect
