#include "detect/dispatch.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "detect/shape.h"
#include "expr/text_tests.h"

namespace testudo::detect {

template <typename What>
What& Dispatch::Values<What>::operator[](const std::string& value) {
  if (2 * used_ >= table_.size()) {
    std::vector<Entry> old(2 * table_.size());
    old.swap(table_);
    for (Entry& entry : old) {
      if (!entry.used) continue;
      size_t at = entry.hash & (table_.size() - 1);
      while (table_[at].used) at = (at + 1) & (table_.size() - 1);
      table_[at] = std::move(entry);
    }
  }
  const uint64_t hash = table_hash(value, process_secret());
  size_t at = hash & (table_.size() - 1);
  while (table_[at].used && table_[at].value != value) at = (at + 1) & (table_.size() - 1);
  if (!table_[at].used) {
    table_[at] = {hash, value, {}, true};
    ++used_;
  }
  return table_[at].what;
}

void Dispatch::add(Bits& bits, uint32_t id) {
  const uint32_t word = id / 64;
  if (bits.empty() || bits.back().word != word) bits.push_back({word, 0});
  bits.back().mask |= 1ull << (id % 64);
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
    for (const auto& r : s->filter.required())
      if (usable(r.slot)) ++rank(r.slot);
  std::stable_sort(popularity.begin(), popularity.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  for (const auto& [slot, count] : popularity)
    if (gates_.size() < kMaxGates) gates_.push_back({slot, {}, {}});

  for (const auto& s : set.scenarios) {
    const auto& required = s->filter.required();
    const expr::Expression::Required* best = nullptr;
    for (const auto& r : required)
      if (usable(r.slot) && (!best || rank(r.slot) > rank(best->slot))) best = &r;
    uint64_t gates = 0;
    std::vector<bool>& decided = decided_.emplace_back(required.size());
    for (size_t i = 0; i < required.size(); ++i)
      decided[i] = &required[i] == best || (usable(required[i].slot) && add_gate(s->id, required[i], gates));
    // What a filter writes may be what the guard's text is made of.
    const auto& reads = s->filter.reads();
    if (!s->guard_subjects.empty() && std::all_of(reads.begin(), reads.end(), usable)) add_guard(*s);
    if (!best) {
      add(always_.bits, s->id);
      always_.gates |= gates;
      continue;
    }
    auto jump =
        std::find_if(jumps_.begin(), jumps_.end(), [&](const Jump& j) { return j.slot == best->slot; });
    if (jump == jumps_.end()) jump = jumps_.insert(jump, {best->slot, false, {}});
    for (const std::string& value : best->values) {
      Set& behind = jump->values[value];
      add(behind.bits, s->id);
      behind.gates |= gates;
      jump->empty_counts = jump->empty_counts || value.empty();
    }
  }
}

/// False when there is no gate for the slot, or another row of the scenario stands there already.
bool Dispatch::add_gate(uint32_t id, const expr::Expression::Required& row, uint64_t& gates) {
  const auto gate =
      std::find_if(gates_.begin(), gates_.end(), [&](const Gate& g) { return g.slot == row.slot; });
  const uint64_t bit = uint64_t{1} << (gate - gates_.begin());
  if (gate == gates_.end() || (gates & bit)) return false;
  gates |= bit;
  add(gate->asking, id);
  const size_t part = gate->asking.size() - 1;
  for (const std::string& value : row.values) {
    auto& allowed = gate->allows[value];
    if (allowed.size() <= part) allowed.resize(part + 1);
    allowed[part] |= uint64_t{1} << (id % 64);
  }
  return true;
}

void Dispatch::add_guard(const Scenario& scenario) {
  add(guarded_, scenario.id);
  for (const uint32_t row : scenario.filter.guard()) {
    if (by_row_.size() <= row) by_row_.resize(row + 1);
    add(by_row_[row], scenario.id);
  }
  for (const uint32_t subject : scenario.guard_subjects) {
    auto guard =
        std::find_if(guards_.begin(), guards_.end(), [&](const Guard& g) { return g.subject == subject; });
    if (guard == guards_.end()) guard = guards_.insert(guard, {subject, {}});
    add(guard->users, scenario.id);
  }
}

void Dispatch::candidates(const Event& event, expr::Context& context, uint64_t* bits) const {
  std::fill(bits, bits + words_, 0);
  join(always_.bits, bits);
  uint64_t gates = always_.gates;
  for (const Jump& jump : jumps_) {
    const std::string_view value = event.get(jump.slot);
    if (value.empty() && !jump.empty_counts) continue;
    const Set* behind = jump.values.find(value);
    if (!behind) continue;
    join(behind->bits, bits);
    gates |= behind->gates;
  }
  for (; gates; gates &= gates - 1) {
    const Gate& gate = gates_[size_t(std::countr_zero(gates))];
    if (meet(gate.asking, bits)) pass(gate, event.get(gate.slot), bits);
  }
  // Where nobody has looked for the constants, any may be there.
  if (context.texts && meet(guarded_, bits)) pass_guards(event, context, bits);
}

void Dispatch::pass(const Gate& gate, std::string_view value, uint64_t* bits) {
  const std::vector<uint64_t>* const allowed = gate.allows.find(value);
  for (size_t i = 0; i < gate.asking.size(); ++i) {
    const Part& part = gate.asking[i];
    bits[part.word] &= ~part.mask | (allowed && i < allowed->size() ? (*allowed)[i] : 0);
  }
}

void Dispatch::group_guards(const expr::TextTests& texts) const {
  constexpr size_t kMost = 64;
  for (const Guard& guard : guards_) {
    const SlotRef slot = texts.slot_of(guard.subject);
    auto of_slot = std::find_if(guarded_slots_.begin(), guarded_slots_.end(), [&](const GuardedSlot& g) {
      return g.slot == slot && g.guards.size() < kMost;
    });
    if (of_slot == guarded_slots_.end()) of_slot = guarded_slots_.insert(of_slot, {slot, {}, {}});
    of_slot->guards.push_back(guard);
    std::vector<uint64_t> users(words_);
    join(of_slot->users, users.data());
    join(guard.users, users.data());
    of_slot->users.clear();
    for (uint32_t w = 0; w < words_; ++w)
      if (users[w]) of_slot->users.push_back({w, users[w]});
  }
}

/// Appends to rows_ what holds in the slot's texts, as far as candidates ask for it.
void Dispatch::look(uint32_t slot, const Event& event, expr::Context& context, const uint64_t* bits) const {
  const GuardedSlot& asked = guarded_slots_[slot];
  const std::string_view text = event.get(asked.slot);
  if (text.size() > GuardMemory::kMaxText) {
    for (const Guard& guard : asked.guards)
      if (meet(guard.users, bits)) context.texts->found(context, guard.subject, rows_);
    return;
  }
  GuardMemory::Entry& entry = memory_.find(slot, text);
  for (size_t i = 0; i < asked.guards.size(); ++i) {
    const Guard& guard = asked.guards[i];
    if ((entry.known >> i & 1) || !meet(guard.users, bits)) continue;
    context.texts->found(context, guard.subject, entry.rows);
    entry.known |= uint64_t{1} << i;
  }
  rows_.insert(rows_.end(), entry.rows.begin(), entry.rows.end());
}

void Dispatch::pass_guards(const Event& event, expr::Context& context, uint64_t* bits) const {
  if (guarded_slots_.empty()) group_guards(context.texts->tests());
  rows_.clear();
  for (uint32_t slot = 0; slot < guarded_slots_.size(); ++slot)
    if (meet(guarded_slots_[slot].users, bits)) look(slot, event, context, bits);
  hit_.assign(words_, 0);
  for (const uint32_t row : rows_)
    if (row < by_row_.size()) join(by_row_[row], hit_.data());
  for (const Part& part : guarded_) bits[part.word] &= ~part.mask | hit_[part.word];
}

}  // namespace testudo::detect
