// detect/dispatch.h: which scenarios may want an event, without evaluating their filters.
//
// Nearly all filters begin with an equality (`evt.Meta.log_type == 'x'`): each scenario hangs behind one
// value of one slot, so that an event costs one look per slot in use. Sets of scenarios are bits in the order
// of scenarios: no sorting, and a set is joined by a handful of words. What is left passes two sieves:
//
//   jumps    the scenarios behind the value that the event has, joined
//   gates    their further equalities (a status, a verb): those that want another value are taken out
//   guards   constants of which one must occur in the event's texts: only texts that somebody who is still
//            there asks about are looked through, and who finds nothing is taken out
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/text.h"
#include "detect/guard_memory.h"
#include "detect/scenario.h"

namespace testudo::detect {

class Dispatch {
 public:
  Dispatch(const ScenarioSet& set, const SlotNames& names);

  size_t words() const { return words_; }
  /// Sets the bits of the scenarios that may want `event`; `bits` has words() words and is overwritten.
  void candidates(const Event& event, expr::Context& context, uint64_t* bits) const;
  /// Is a candidate known to hold this row of its filter.required()?
  bool decides(uint32_t scenario, size_t row) const { return decided_[scenario][row]; }

 private:
  struct Part {
    uint32_t word;
    uint64_t mask;
  };
  using Bits = std::vector<Part>;

  /// Values of a slot, each with what is known of it. Open addressing, a power of two.
  template <typename What>
  class Values {
   public:
    What& operator[](const std::string& value);
    const What* find(std::string_view value) const {
      const uint64_t hash = table_hash(value, process_secret());
      const size_t mask = table_.size() - 1;
      for (size_t i = hash & mask; table_[i].used; i = (i + 1) & mask)
        if (table_[i].hash == hash && table_[i].value == value) return &table_[i].what;
      return nullptr;
    }

   private:
    struct Entry {
      uint64_t hash = 0;
      std::string value;
      What what;
      bool used = false;
    };
    std::vector<Entry> table_ = std::vector<Entry>(4);
    size_t used_ = 0;
  };

  /// Scenarios behind one value (or behind none), and the gates that some of them stand behind.
  struct Set {
    Bits bits;
    uint64_t gates = 0;
  };
  struct Jump {
    SlotRef slot;
    bool empty_counts = false;  ///< some scenario asks for the empty value
    Values<Set> values;
  };
  struct Gate {
    SlotRef slot;
    Bits asking;                           ///< scenarios that want one of some values …
    Values<std::vector<uint64_t>> allows;  ///< … and those of them that a value pleases, part by part
  };
  struct Guard {
    uint32_t subject = 0;
    Bits users;
  };
  /// Guards whose subjects are made of one slot, at most 64.
  struct GuardedSlot {
    SlotRef slot;
    std::vector<Guard> guards;
    Bits users;
  };
  static constexpr size_t kMaxGates = 64;

  static void add(Bits& bits, uint32_t id);
  static void join(const Bits& bits, uint64_t* out) {
    for (const Part& part : bits) out[part.word] |= part.mask;
  }
  static bool meet(const Bits& bits, const uint64_t* others) {
    for (const Part& part : bits)
      if (others[part.word] & part.mask) return true;
    return false;
  }
  bool add_gate(uint32_t id, const expr::Expression::Required& row, uint64_t& gates);
  void add_guard(const Scenario& scenario);
  static void pass(const Gate& gate, std::string_view value, uint64_t* bits);
  void pass_guards(const Event& event, expr::Context& context, uint64_t* bits) const;
  void look(uint32_t slot, const Event& event, expr::Context& context, const uint64_t* bits) const;
  void group_guards(const expr::TextTests& texts) const;

  size_t words_;
  std::vector<Jump> jumps_;
  Set always_;
  std::vector<Gate> gates_;
  std::vector<Guard> guards_;  ///< until they are grouped
  Bits guarded_;               ///< scenarios with a guard
  std::vector<Bits> by_row_;   ///< by row of the common text tests: scenarios whose guard it is in
  std::vector<std::vector<bool>> decided_;
  // Working memory of candidates(): a dispatch belongs to one thread.
  mutable std::vector<GuardedSlot> guarded_slots_;  ///< made with the first event: then the texts are known
  mutable GuardMemory memory_;
  mutable std::vector<uint64_t> hit_;
  mutable std::vector<uint32_t> rows_;
};

}  // namespace testudo::detect
