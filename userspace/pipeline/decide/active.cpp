#include "decide/active.h"

#include <algorithm>

#include "decide/coverage.h"

namespace testudo {

void ActiveCounts::add(const Key& key, int64_t n) {
  const std::lock_guard lock(mutex_);
  const auto it = counts_.try_emplace(key, 0).first;
  it->second += n;
  if (it->second <= 0) counts_.erase(it);
}

std::map<ActiveCounts::Key, int64_t> ActiveCounts::snapshot() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

ActiveIndex::ActiveIndex() : effects_(1), sets_(1), counts_(std::make_shared<ActiveCounts>()) {
  set_ids_.emplace(std::vector<int64_t>(), 0);
}
ActiveIndex::~ActiveIndex() = default;

ActiveIndex::TextId ActiveIndex::intern(std::string_view text) {
  const auto it = text_ids_.find(text);
  if (it != text_ids_.end()) return it->second;
  texts_.emplace_back(text);
  const auto id = TextId(texts_.size() - 1);
  text_ids_.emplace(texts_.back(), id);
  return id;
}

// Nearly all decisions share a handful of effects: params are read once for each.
ActiveIndex::EffectId ActiveIndex::intern_effect(const Row& row) {
  const auto [it, fresh] = effect_ids_.try_emplace({row.type, row.params, row.simulated}, 0);
  if (!fresh) return it->second;
  auto effect = effect_of(texts_[row.type], texts_[row.params], row.simulated);
  // Params are checked where decisions come in; what an older store holds and cannot be read does nothing.
  if (!effect || effect->rank == 0) return it->second;
  effects_.push_back(std::move(*effect));
  return it->second = EffectId(effects_.size() - 1);
}

Decision ActiveIndex::decision_of(const Row& row) const {
  Decision d;
  d.id = row.id;
  d.uuid = row.uuid;
  d.alert_id = row.alert_id;
  d.origin = texts_[row.origin];
  d.scenario = texts_[row.scenario];
  d.scope = texts_[row.scope];
  d.value = row.value;
  d.type = texts_[row.type];
  d.params = texts_[row.params];
  d.duration = Duration(row.duration);
  d.until = from_unix_nanos(row.until);
  d.created_at = from_unix_nanos(row.created_at);
  d.simulated = row.simulated;
  if (row.has_prefix) d.prefix = row.prefix;
  return d;
}

void ActiveIndex::count(const Row& row, int64_t n) {
  if (!row.simulated) counts_->add({texts_[row.origin], texts_[row.scenario], texts_[row.type]}, n);
}

void ActiveIndex::add(const Decision& d, Changes& changes) {
  if (rows_.contains(d.id) || d.id == 0) return;
  Row row;
  row.id = d.id;
  row.alert_id = d.alert_id;
  row.duration = d.duration.count();
  row.until = unix_nanos(d.until);
  row.created_at = unix_nanos(d.created_at);
  row.origin = intern(d.origin);
  row.scenario = intern(d.scenario);
  row.scope = intern(d.scope);
  row.type = intern(d.type);
  row.params = intern(d.params);
  row.has_prefix = d.prefix.has_value();
  if (d.prefix) row.prefix = *d.prefix;
  row.simulated = d.simulated;
  row.effect = intern_effect(row);
  row.value = d.value;
  row.uuid = d.uuid;
  ends_.emplace(row.until, row.id);
  count(row, 1);
  if (!row.has_prefix) {
    values_[row.value].insert(row.id);
    rows_.emplace(row.id, std::move(row));
    return;
  }
  const Prefix prefix = row.prefix;
  PrefixState& state = prefixes_.at(prefix);
  row.next = state.first;
  state.first = row.id;
  if (prefix.ip.is_v4() && !prefix.is_host()) {
    ranges_.insert(row.id);
    if (drops(effect(row).remediation)) wide_sum_ += addresses4(prefix);
  }
  rows_.emplace(row.id, std::move(row));
  project(prefix, state, changes);
}

bool ActiveIndex::remove(int64_t id, Changes& changes) {
  const auto it = rows_.find(id);
  if (it == rows_.end()) return false;
  const Row row = std::move(it->second);
  rows_.erase(it);
  ends_.erase({row.until, row.id});
  count(row, -1);
  if (!row.has_prefix) {
    const auto values = values_.find(row.value);
    values->second.erase(id);
    if (values->second.empty()) values_.erase(values);
    set_area(id, nullptr);
    return true;
  }
  if (ranges_.erase(id) > 0 && drops(effect(row).remediation)) wide_sum_ -= addresses4(row.prefix);
  unlink(row, changes);
  return true;
}

void ActiveIndex::unlink(const Row& row, Changes& changes) {
  PrefixState& state = *prefixes_.find(row.prefix);
  if (state.first == row.id) {
    state.first = row.next;
  } else {
    for (int64_t at = state.first; at != 0;) {
      Row& other = rows_.at(at);
      if (other.next == row.id) {
        other.next = row.next;
        break;
      }
      at = other.next;
    }
  }
  project(row.prefix, state, changes);
  if (state.empty()) prefixes_.erase(row.prefix);
}

void ActiveIndex::expire(TimePoint now, Changes& changes) {
  // Several rows of one prefix may end together: only what comes out at the end is said.
  Changes steps;
  while (!ends_.empty() && ends_.begin()->first <= unix_nanos(now)) remove(ends_.begin()->second, steps);
  std::unordered_map<Prefix, size_t, PrefixHash> last;
  for (size_t i = 0; i < steps.size(); ++i) last[steps[i].prefix] = i;
  for (size_t i = 0; i < steps.size(); ++i)
    if (last[steps[i].prefix] == i) changes.push_back(std::move(steps[i]));
}

void ActiveIndex::clear() {
  for (const auto& [id, row] : rows_) count(row, -1);
  rows_.clear();
  prefixes_.clear();
  ends_.clear();
  values_.clear();
  areas_.clear();
  steps_.clear();
  ranges_.clear();
  area_prefixes_ = 0;
  wide_sum_ = 0;
}

std::optional<Decision> ActiveIndex::get(int64_t id) const {
  const auto it = rows_.find(id);
  if (it == rows_.end()) return std::nullopt;
  return decision_of(it->second);
}

std::vector<Decision> ActiveIndex::find(const DecisionFilter& filter) const {
  std::vector<int64_t> ids;
  if (filter.id) {
    ids.push_back(*filter.id);
  } else if (filter.range && filter.contains) {
    ids = covering(*filter.range);
  } else {
    ids.reserve(rows_.size());
    for (const auto& [id, row] : rows_) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  std::vector<Decision> found;
  for (const int64_t id : ids) {
    const auto it = rows_.find(id);
    if (it == rows_.end()) continue;
    Decision decision = decision_of(it->second);
    if (!matches(filter, decision)) continue;
    found.push_back(std::move(decision));
    if (filter.limit > 0 && found.size() >= size_t(filter.limit)) break;
  }
  return found;
}

std::vector<int64_t> ActiveIndex::covering(const Prefix& prefix) const {
  std::vector<int64_t> ids;
  prefixes_.covering(prefix, [&](const Prefix&, const PrefixState& state) {
    for (int64_t id = state.first; id != 0; id = rows_.at(id).next) ids.push_back(id);
  });
  return ids;
}

std::vector<int64_t> ActiveIndex::touching(const Prefix& prefix) const {
  std::vector<int64_t> ids;
  prefixes_.touching(prefix, [&](const Prefix&, const PrefixState& state) {
    for (int64_t id = state.first; id != 0; id = rows_.at(id).next) ids.push_back(id);
  });
  return ids;
}

std::vector<int64_t> ActiveIndex::by_value(std::string_view value) const {
  const auto it = values_.find(std::string(value));
  if (it == values_.end()) return {};
  return {it->second.begin(), it->second.end()};
}

std::optional<TimePoint> ActiveIndex::next_end() const {
  if (ends_.empty()) return std::nullopt;
  return from_unix_nanos(ends_.begin()->first);
}

}  // namespace testudo
