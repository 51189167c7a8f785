#include "decide/active.h"

#include <algorithm>

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

int severity(Remediation remediation) {
  switch (remediation) {
    case Remediation::ban:
    case Remediation::reset:
      return 5;
    case Remediation::captcha:
      return 4;
    case Remediation::throttle:
      return 3;
    case Remediation::sample:
      return 2;
    case Remediation::log_only:
      return 1;
    case Remediation::none:
      break;
  }
  return 0;
}

ActiveIndex::ActiveIndex() : counts_(std::make_shared<ActiveCounts>()) {}
ActiveIndex::~ActiveIndex() = default;

ActiveIndex::TextId ActiveIndex::intern(std::string_view text) {
  const auto it = text_ids_.find(text);
  if (it != text_ids_.end()) return it->second;
  texts_.emplace_back(text);
  const auto id = TextId(texts_.size() - 1);
  text_ids_.emplace(texts_.back(), id);
  return id;
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
  d.duration = Duration(row.duration);
  d.until = from_unix_nanos(row.until);
  d.created_at = from_unix_nanos(row.created_at);
  d.simulated = row.simulated;
  if (row.has_prefix) d.prefix = row.prefix;
  return d;
}

DecisionChange ActiveIndex::change_of(const Row& row) const {
  DecisionChange change;
  change.op = DecisionChange::Op::set;
  change.prefix = row.prefix;
  change.remediation = remediation_of(texts_[row.type]);
  change.until = from_unix_nanos(row.until);
  change.origin = texts_[row.origin];
  change.scenario = texts_[row.scenario];
  return change;
}

void ActiveIndex::count(const Row& row, int64_t n) {
  if (!row.simulated) counts_->add({texts_[row.origin], texts_[row.scenario], texts_[row.type]}, n);
}

// Walks the rows of one prefix (one or two, nearly always) and emits what is different from before. Of equals
// the older row stays, so that a repeated ban changes nothing.
void ActiveIndex::project(const Prefix& prefix, PrefixState& state, Changes& changes) {
  const Row* best = nullptr;
  int best_severity = 0;
  for (int64_t id = state.first; id != 0;) {
    const Row& row = rows_.at(id);
    id = row.next;
    const int s = row.simulated ? 0 : severity(remediation_of(texts_[row.type]));
    if (s == 0) continue;
    const bool better = best == nullptr || s > best_severity ||
                        (s == best_severity && row.until > best->until) ||
                        (s == best_severity && row.until == best->until && row.id == state.projected);
    if (!better) continue;
    best = &row;
    best_severity = s;
  }
  if (best == nullptr) {
    if (state.projected == 0) return;
    DecisionChange change;
    change.op = DecisionChange::Op::clear;
    change.prefix = prefix;
    change.remediation = state.remediation;
    change.until = from_unix_nanos(state.until);
    state.projected = 0;
    state.remediation = Remediation::none;
    changes.push_back(std::move(change));
    return;
  }
  DecisionChange change = change_of(*best);
  const bool same =
      state.projected != 0 && state.until == best->until && state.remediation == change.remediation;
  state.projected = best->id;
  state.until = best->until;
  state.remediation = change.remediation;
  if (!same) changes.push_back(std::move(change));
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
  row.has_prefix = d.prefix.has_value();
  if (d.prefix) row.prefix = *d.prefix;
  row.simulated = d.simulated;
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
    return true;
  }
  PrefixState& state = *prefixes_.find(row.prefix);
  if (state.first == id) {
    state.first = row.next;
  } else {
    for (int64_t at = state.first; at != 0;) {
      Row& other = rows_.at(at);
      if (other.next == id) {
        other.next = row.next;
        break;
      }
      at = other.next;
    }
  }
  project(row.prefix, state, changes);
  if (state.first == 0) prefixes_.erase(row.prefix);
  return true;
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

std::optional<DecisionChange> ActiveIndex::projection(const Prefix& prefix) const {
  const PrefixState* state = prefixes_.find(prefix);
  if (state == nullptr || state->projected == 0) return std::nullopt;
  return change_of(rows_.at(state->projected));
}

ActiveIndex::Changes ActiveIndex::projections() const {
  Changes all;
  all.reserve(prefixes_.size());
  for (const auto& [prefix, state] : prefixes_)
    if (state.projected != 0) all.push_back(change_of(rows_.at(state.projected)));
  return all;
}

std::optional<TimePoint> ActiveIndex::next_end() const {
  if (ends_.empty()) return std::nullopt;
  return from_unix_nanos(ends_.begin()->first);
}

}  // namespace testudo
