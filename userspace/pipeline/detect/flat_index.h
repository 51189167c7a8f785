// detect/flat_index.h: hash → row of a table that lives elsewhere; open addressing, eight bytes a slot.
//
// Slots hold 32 bits of the hash and the row, so that growing and closing gaps touch nothing else. Equal tags
// are settled by the caller, who knows the rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "detect/ahead.h"

namespace testudo::detect {

class FlatIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  template <typename Same>
  uint32_t find(uint64_t hash, Same same) const {
    for (size_t i = home(uint32_t(hash));; i = (i + 1) & mask_) {
      const Slot& slot = slots_[i];
      if (slot.row == kNone) return kNone;
      if (slot.tag == uint32_t(hash) && same(slot.row)) return slot.row;
    }
  }
  void prefetch(uint64_t hash) const { ask_for(&slots_[home(uint32_t(hash))]); }

  /// Likely the row, without asking: the first of that tag.
  uint32_t peek(uint64_t hash) const {
    for (size_t i = home(uint32_t(hash));; i = (i + 1) & mask_)
      if (slots_[i].row == kNone || slots_[i].tag == uint32_t(hash)) return slots_[i].row;
  }

  void insert(uint64_t hash, uint32_t row) {
    if ((count_ + 1) * 5 > slots_.size() * 3) grow();
    place({uint32_t(hash), row});
    ++count_;
  }
  void erase(uint64_t hash, uint32_t row) {
    size_t i = home(uint32_t(hash));
    while (slots_[i].row != row) i = (i + 1) & mask_;
    // Those behind move up, as far as they may without passing their home.
    for (size_t j = (i + 1) & mask_; slots_[j].row != kNone; j = (j + 1) & mask_) {
      const size_t distance = (j - home(slots_[j].tag)) & mask_;
      if (distance < ((j - i) & mask_)) continue;
      slots_[i] = slots_[j];
      i = j;
    }
    slots_[i].row = kNone;
    --count_;
  }
  size_t size() const { return count_; }
  void clear() {
    slots_.assign(kLeast, {});
    mask_ = kLeast - 1;
    count_ = 0;
  }

 private:
  struct Slot {
    uint32_t tag = 0, row = kNone;
  };
  static constexpr size_t kLeast = 16;
  size_t home(uint32_t tag) const { return tag & mask_; }
  void place(Slot slot) {
    size_t i = home(slot.tag);
    while (slots_[i].row != kNone) i = (i + 1) & mask_;
    slots_[i] = slot;
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    for (const Slot& slot : old)
      if (slot.row != kNone) place(slot);
  }
  std::vector<Slot> slots_ = std::vector<Slot>(kLeast);
  size_t mask_ = kLeast - 1, count_ = 0;
};

}  // namespace testudo::detect
