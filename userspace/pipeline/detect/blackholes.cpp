#include "detect/blackholes.h"

#include <algorithm>

#include "detect/keys.h"

namespace testudo::detect {

uint64_t Blackholes::hash_of(uint32_t scenario, uint64_t key_hash) {
  return mix(key_hash + scenario * 0x9e3779b97f4a7c15ULL);
}

uint32_t Blackholes::find(const Hole& like, std::string_view group) const {
  return index_.find(like.hash, [&](uint32_t i) {
    const Hole& hole = holes_[i];
    return hole.hash == like.hash && hole.scenario == like.scenario && hole.marked == like.marked &&
           hole.group == group;
  });
}

bool Blackholes::swallows(uint32_t scenario, uint64_t key_hash, bool marked, std::string_view group,
                          TimePoint t, Duration length) {
  Hole hole{hash_of(scenario, key_hash), t + length, scenario, marked, {}};
  if (const uint32_t row = find(hole, group); row != FlatIndex::kNone) {
    if (holes_[row].end > t) return true;
    holes_[row].end = hole.end;
    return false;
  }
  make_room(t);
  hole.group = group;
  add(std::move(hole));
  return false;
}

void Blackholes::restore(Hole hole) {
  hole.hash = hash_of(hole.scenario, hole.hash);
  if (index_.size() >= most_ || find(hole, hole.group) != FlatIndex::kNone) return;
  add(std::move(hole));
}

void Blackholes::add(Hole&& hole) {
  uint32_t row = uint32_t(holes_.size());
  if (free_.empty()) {
    holes_.emplace_back();
  } else {
    row = free_.back();
    free_.pop_back();
  }
  index_.insert(hole.hash, row);
  holes_[row] = std::move(hole);
}

void Blackholes::erase(uint32_t row) {
  index_.erase(holes_[row].hash, row);
  holes_[row].scenario = UINT32_MAX;
  free_.push_back(row);
}

// Those that are over go when the table has doubled since the last look; the one that ends first goes when
// they are too many all the same.
void Blackholes::make_room(TimePoint t) {
  if (index_.size() < std::min(purge_at_, most_)) return;
  for (uint32_t i = 0; i < holes_.size(); ++i)
    if (holes_[i].scenario != UINT32_MAX && holes_[i].end <= t) erase(i);
  purge_at_ = std::max<size_t>(64, index_.size() * 2);
  if (index_.size() < most_) return;
  // An eighth at once, so that the look at all of them is paid for.
  std::vector<std::pair<TimePoint, uint32_t>> ends;
  for (uint32_t i = 0; i < holes_.size(); ++i)
    if (holes_[i].scenario != UINT32_MAX) ends.emplace_back(holes_[i].end, i);
  const size_t drop = std::min(ends.size(), most_ / 8 + 1);
  std::partial_sort(ends.begin(), ends.begin() + std::ptrdiff_t(drop), ends.end());
  for (size_t i = 0; i < drop; ++i) erase(ends[i].second);
}

}  // namespace testudo::detect
