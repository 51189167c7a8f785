// decide/active_project.cpp: all decisions of one prefix → what holds for it, and what follows.
#include "decide/active.h"

namespace testudo {

/// Calls `visit(row)` for each decision in force on the prefix that does something in the kernel.
template <typename F>
void ActiveIndex::each(const PrefixState& state, F visit) const {
  const auto look = [&](const Row& row) {
    if (effect(row).rank > 0) visit(row);
  };
  for (int64_t id = state.first; id != 0;) {
    const Row& row = rows_.at(id);
    id = row.next;
    look(row);
  }
  // One that has ended may still stand here: work() comes to it.
  for (const int64_t id : sets_[state.areas])
    if (const auto it = rows_.find(id); it != rows_.end()) look(it->second);
}

// Of full equals the older one, so that a repeated ban changes nothing.
bool ActiveIndex::better(const Row& a, const Row* b) const {
  if (b == nullptr) return true;
  // The business of web bouncers, who are served decisions: to the kernel it is nothing, and must not take
  // the place of what it could do.
  const auto is_captcha = [&](const Row& row) { return effect(row).remediation == Remediation::captcha; };
  if (is_captcha(a) != is_captcha(*b)) return is_captcha(*b);
  if (stronger(effect(a), effect(*b))) return true;
  if (stronger(effect(*b), effect(a))) return false;
  return a.until > b->until || (a.until == b->until && a.id < b->id);
}

ActiveIndex::Choice ActiveIndex::choose(const PrefixState& state) const {
  Choice choice;
  each(state, [&](const Row& row) {
    if (better(row, choice.now)) choice.now = &row;
  });
  if (choice.now == nullptr) return choice;
  const Row& now = *choice.now;
  each(state, [&](const Row& row) {
    if (&row == &now) return;
    if (row.until <= now.until && !reaches_beyond(effect(row).terms, effect(now).terms)) return;
    if (better(row, choice.next)) choice.next = &row;
  });
  return choice;
}

DecisionChange ActiveIndex::change_of(const Prefix& prefix, const Choice& choice) const {
  const Row& row = *choice.now;
  DecisionChange change;
  change.op = DecisionChange::Op::set;
  change.prefix = prefix;
  change.remediation = effect(row).remediation;
  change.terms = effect(row).terms;
  change.until = from_unix_nanos(row.until);
  change.origin = texts_[row.origin];
  change.scenario = texts_[row.scenario];
  if (choice.next == nullptr) return change;
  auto next = std::make_shared<Remedy>();
  next->remediation = effect(*choice.next).remediation;
  next->terms = effect(*choice.next).terms;
  next->until = from_unix_nanos(choice.next->until);
  next->origin = texts_[choice.next->origin];
  next->scenario = texts_[choice.next->scenario];
  change.next = std::move(next);
  return change;
}

void ActiveIndex::project(const Prefix& prefix, PrefixState& state, Changes& changes) {
  const Choice choice = choose(state);
  const PrefixState before = state;
  state.effect = choice.now == nullptr ? 0 : choice.now->effect;
  state.until = choice.now == nullptr ? 0 : choice.now->until;
  state.next_effect = choice.next == nullptr ? 0 : choice.next->effect;
  state.next_until = choice.next == nullptr ? 0 : choice.next->until;
  if (state.effect == before.effect && state.until == before.until &&
      state.next_effect == before.next_effect && state.next_until == before.next_until)
    return;
  if (choice.now != nullptr) return changes.push_back(change_of(prefix, choice));
  DecisionChange change;
  change.op = DecisionChange::Op::clear;
  change.prefix = prefix;
  change.remediation = effects_[before.effect].remediation;
  change.until = from_unix_nanos(before.until);
  changes.push_back(std::move(change));
}

std::optional<DecisionChange> ActiveIndex::projection(const Prefix& prefix) const {
  const PrefixState* state = prefixes_.find(prefix);
  if (state == nullptr) return std::nullopt;
  const Choice choice = choose(*state);
  if (choice.now == nullptr) return std::nullopt;
  return change_of(prefix, choice);
}

ActiveIndex::Changes ActiveIndex::projections() const {
  Changes all;
  all.reserve(prefixes_.size());
  for (const auto& [prefix, state] : prefixes_)
    if (const Choice choice = choose(state); choice.now != nullptr) all.push_back(change_of(prefix, choice));
  return all;
}

}  // namespace testudo
