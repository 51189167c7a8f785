// detect/dispatch.h: which scenarios may want an event, without evaluating their filters.
//
// Nearly all filters begin with an equality (`evt.Meta.log_type == 'x'`): each scenario hangs behind one
// value of one slot, so that an event costs one look per slot in use. Sets of scenarios are bits in the order
// of scenarios: no sorting, and a set is joined by a handful of words. Behind an equality, or without one, a
// scenario may have a guard: constants of which one must occur in the event's texts; those that were not
// found leave it out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "detect/scenario.h"

namespace testudo::detect {

class Dispatch {
 public:
  Dispatch(const ScenarioSet& set, const SlotNames& names);

  size_t words() const { return words_; }
  /// Sets the bits of the scenarios that may want `event`; `bits` has words() words and is overwritten.
  void candidates(const Event& event, expr::Context& context, uint64_t* bits) const;
  /// The equality that decides, by its row in filter.required(); -1 when the scenario is asked always.
  int decided_by(uint32_t scenario) const { return decided_by_[scenario]; }

 private:
  struct Part {
    uint32_t word;
    uint64_t mask;
  };
  using Bits = std::vector<Part>;
  /// Scenarios behind one value (or behind none).
  struct Set {
    Bits plain, guarded;
    std::vector<uint32_t> subjects;  ///< of the guards
  };
  struct Entry {
    uint64_t hash = 0;
    std::string value;
    Set set;
    bool used = false;
  };
  struct Jump {
    SlotRef slot;
    bool empty_counts = false;  ///< some scenario asks for the empty value
    std::vector<Entry> table;   ///< open addressing, a power of two
    const Entry* find(std::string_view value) const;
  };
  static void add(Bits& bits, uint32_t id);
  void add(Set& set, const Scenario& scenario, bool guarded);
  void join_guarded(const Event& event, expr::Context& context, uint64_t* bits) const;
  static void join(const Bits& bits, uint64_t* out) {
    for (const Part& part : bits) out[part.word] |= part.mask;
  }

  size_t words_;
  std::vector<Jump> jumps_;
  Set always_;
  std::vector<Bits> by_row_;  ///< by row of the common text tests: scenarios whose guard it is in
  std::vector<int> decided_by_;
  // Working memory of candidates(): a dispatch belongs to one thread.
  mutable std::vector<const Set*> guarded_;
  mutable std::vector<uint64_t> hit_;
  mutable std::vector<uint32_t> subjects_, rows_;
};

}  // namespace testudo::detect
