#include "engine/profile.h"

#include <time.h>

#include <algorithm>

namespace testudo {

Profile::Profile(const std::vector<std::string>& stages)
    : stages_(std::min(stages.size(), kMaxSteps - 6)), names_{"read", "transform"} {
  names_.insert(names_.end(), stages.begin(), stages.begin() + ptrdiff_t(stages_));
  names_.insert(names_.end(), {"ambiguity", "match", "buckets", "completion"});
  int64_t best = INT64_MAX;
  for (int i = 0; i < 1000; ++i) {
    const int64_t before = clock_ns();
    best = std::min(best, clock_ns() - before);
  }
  clock_cost_ = best;
}

int64_t Profile::clock_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

bool Profile::Watch::begin() {
  if (seen_++ % kEvery != 0) return false;
  took_.fill(0);
  last_ = Profile::clock_ns();
  return true;
}

void Profile::Watch::step(size_t step) {
  const int64_t at = Profile::clock_ns();
  took_[step] += std::max<int64_t>(0, at - last_ - profile_.clock_cost_);
  last_ = at;
}

void Profile::Watch::end(bool parsed) {
  for (size_t i = 0; i < kMaxSteps; ++i) {
    if (took_[i] == 0) continue;
    profile_.all_[i].fetch_add(took_[i], std::memory_order_relaxed);
    if (parsed) profile_.parsed_[i].fetch_add(took_[i], std::memory_order_relaxed);
  }
  profile_.lines_.fetch_add(1, std::memory_order_relaxed);
  profile_.parsed_lines_.fetch_add(parsed, std::memory_order_relaxed);
}

std::vector<Profile::Row> Profile::rows(uint64_t lines, uint64_t parsed) const {
  const auto per = [](int64_t ns, uint64_t n) { return n ? double(ns) / double(n) : 0.0; };
  std::vector<Row> out;
  for (size_t i = 0; i < names_.size(); ++i) {
    const int64_t all = all_[i].load();
    // Reading, buckets and completion were timed for all lines; the others for a sample.
    const bool sampled = i != read && i < first_stage + stages_ + 2;
    if (all == 0) continue;
    if (sampled)
      out.push_back({names_[i], per(all, lines_.load()), per(parsed_[i].load(), parsed_lines_.load())});
    else
      out.push_back({names_[i], per(all, lines), i == read ? per(all, lines) : per(all, parsed)});
  }
  return out;
}

}  // namespace testudo
