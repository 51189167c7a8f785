#include "detect/dispatch.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "detect/shape.h"
#include "expr/text_tests.h"

namespace testudo::detect {

const Dispatch::Entry* Dispatch::Jump::find(std::string_view value) const {
  const uint64_t hash = table_hash(value, process_secret());
  const size_t mask = table.size() - 1;
  for (size_t i = hash & mask; table[i].used; i = (i + 1) & mask)
    if (table[i].hash == hash && table[i].value == value) return &table[i];
  return nullptr;
}

void Dispatch::add(Bits& bits, uint32_t id) {
  const uint32_t word = id / 64;
  if (bits.empty() || bits.back().word != word) bits.push_back({word, 0});
  bits.back().mask |= 1ull << (id % 64);
}

void Dispatch::add(Set& set, const Scenario& scenario, bool guarded) {
  add(guarded ? set.guarded : set.plain, scenario.id);
  if (!guarded) return;
  for (const uint32_t subject : scenario.guard_subjects)
    if (std::find(set.subjects.begin(), set.subjects.end(), subject) == set.subjects.end())
      set.subjects.push_back(subject);
}

Dispatch::Dispatch(const ScenarioSet& set, const SlotNames& names)
    : words_((set.scenarios.size() + 63) / 64) {
  // A slot that a filter writes is no ground for a jump: what it holds depends on the filters before.
  Written written;
  for (const auto& s : set.scenarios) written.add(s->filter.text());
  const auto usable = [&](SlotRef slot) { return !written.may_hold(slot, names); };
  // The slot that most scenarios ask makes the best jump.
  std::vector<std::pair<SlotRef, size_t>> popularity;
  const auto rank = [&](SlotRef slot) -> size_t& {
    for (auto& [known, count] : popularity)
      if (known == slot) return count;
    return popularity.emplace_back(slot, 0).second;
  };
  for (const auto& s : set.scenarios)
    for (const auto& r : s->filter.required()) ++rank(r.slot);

  std::vector<std::pair<SlotRef, std::map<std::string, Set>>> by_slot;
  decided_by_.assign(set.scenarios.size(), -1);
  for (const auto& s : set.scenarios) {
    const auto& required = s->filter.required();
    int best = -1;
    for (size_t i = 0; i < required.size(); ++i)
      if (usable(required[i].slot) &&
          (best < 0 || rank(required[i].slot) > rank(required[size_t(best)].slot)))
        best = int(i);
    decided_by_[s->id] = best;
    // What a filter writes may be what the guard's text is made of.
    const auto& reads = s->filter.reads();
    const bool guarded = !s->guard_subjects.empty() && std::all_of(reads.begin(), reads.end(), usable);
    if (guarded)
      for (const uint32_t row : s->filter.guard()) {
        if (by_row_.size() <= row) by_row_.resize(row + 1);
        add(by_row_[row], s->id);
      }
    if (best < 0) {
      add(always_, *s, guarded);
      continue;
    }
    const auto& chosen = required[size_t(best)];
    auto it =
        std::find_if(by_slot.begin(), by_slot.end(), [&](const auto& p) { return p.first == chosen.slot; });
    if (it == by_slot.end()) it = by_slot.insert(by_slot.end(), {chosen.slot, {}});
    std::vector<std::string> values = chosen.values;
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    for (const std::string& value : values) add(it->second[value], *s, guarded);
  }
  for (auto& [slot, values] : by_slot) {
    Jump& jump = jumps_.emplace_back();
    jump.slot = slot;
    size_t size = 2;
    while (size < 2 * values.size()) size *= 2;
    jump.table.resize(size);
    for (auto& [value, of_value] : values) {
      jump.empty_counts = jump.empty_counts || value.empty();
      const uint64_t hash = table_hash(value, process_secret());
      size_t at = hash & (size - 1);
      while (jump.table[at].used) at = (at + 1) & (size - 1);
      jump.table[at] = {hash, value, std::move(of_value), true};
    }
  }
}

void Dispatch::candidates(const Event& event, expr::Context& context, uint64_t* bits) const {
  std::fill(bits, bits + words_, 0);
  guarded_.clear();
  const auto join_set = [&](const Set& set) {
    join(set.plain, bits);
    if (!set.guarded.empty()) guarded_.push_back(&set);
  };
  join_set(always_);
  for (const Jump& jump : jumps_) {
    const std::string_view value = event.get(jump.slot);
    if (value.empty() && !jump.empty_counts) continue;
    if (const Entry* entry = jump.find(value)) join_set(entry->set);
  }
  if (!guarded_.empty()) join_guarded(event, context, bits);
}

void Dispatch::join_guarded(const Event&, expr::Context& context, uint64_t* bits) const {
  if (!context.texts) {  // nobody has looked for the constants: any may be there
    for (const Set* set : guarded_) join(set->guarded, bits);
    return;
  }
  subjects_.clear();
  for (const Set* set : guarded_)
    for (const uint32_t subject : set->subjects)
      if (std::find(subjects_.begin(), subjects_.end(), subject) == subjects_.end())
        subjects_.push_back(subject);
  rows_.clear();
  for (const uint32_t subject : subjects_) context.texts->found(context, subject, rows_);
  if (rows_.empty()) return;
  hit_.assign(words_, 0);
  for (const uint32_t row : rows_)
    if (row < by_row_.size()) join(by_row_[row], hit_.data());
  for (const Set* set : guarded_)
    for (const Part& part : set->guarded) bits[part.word] |= part.mask & hit_[part.word];
}

}  // namespace testudo::detect
