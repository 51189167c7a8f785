#include "detect/dispatch.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "detect/shape.h"

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

  struct Sets {
    Bits plain, guarded;
  };
  std::vector<std::pair<SlotRef, std::map<std::string, Sets>>> by_slot;
  decided_by_.assign(set.scenarios.size(), -1);
  for (const auto& s : set.scenarios) {
    const auto& required = s->filter.required();
    int best = -1;
    for (size_t i = 0; i < required.size(); ++i)
      if (usable(required[i].slot) &&
          (best < 0 || rank(required[i].slot) > rank(required[size_t(best)].slot)))
        best = int(i);
    decided_by_[s->id] = best;
    if (best < 0) {
      add(always_, s->id);
      continue;
    }
    const auto& chosen = required[size_t(best)];
    auto it =
        std::find_if(by_slot.begin(), by_slot.end(), [&](const auto& p) { return p.first == chosen.slot; });
    if (it == by_slot.end()) it = by_slot.insert(by_slot.end(), {chosen.slot, {}});
    std::vector<std::string> values = chosen.values;
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    for (const std::string& value : values) add(it->second[value].plain, s->id);
  }
  for (auto& [slot, values] : by_slot) {
    Jump& jump = jumps_.emplace_back();
    jump.slot = slot;
    size_t size = 2;
    while (size < 2 * values.size()) size *= 2;
    jump.table.resize(size);
    for (auto& [value, sets] : values) {
      jump.empty_counts = jump.empty_counts || value.empty();
      const uint64_t hash = table_hash(value, process_secret());
      size_t at = hash & (size - 1);
      while (jump.table[at].used) at = (at + 1) & (size - 1);
      jump.table[at] = {hash, value, std::move(sets.plain), std::move(sets.guarded), true};
    }
  }
}

void Dispatch::candidates(const Event& event, expr::Context&, uint64_t* bits) const {
  std::fill(bits, bits + words_, 0);
  join(always_, bits);
  for (const Jump& jump : jumps_) {
    const std::string_view value = event.get(jump.slot);
    if (value.empty() && !jump.empty_counts) continue;
    if (const Entry* entry = jump.find(value)) join(entry->plain, bits);
  }
}

}  // namespace testudo::detect
