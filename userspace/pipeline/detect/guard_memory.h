// detect/guard_memory.h: which rows of the common text tests held for the last texts of a slot.
//
// Lines come in crowds with the same path, the same agent, the same status. What was found in such a text
// (in upper case, unescaped …) is found again without looking. A stranger who varies his texts gains nothing
// but that they are looked through, as all were before.
//
// Not thread-safe: each dispatch has its own. Bounded: 512 texts of at most 128 bytes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace testudo::detect {

class GuardMemory {
 public:
  static constexpr size_t kMaxText = 128;

  struct Entry {
    uint32_t slot = UINT32_MAX;
    uint64_t known = 0;          ///< subjects of the slot that were looked through
    std::vector<uint32_t> rows;  ///< that hold, of these subjects
    std::string text;
  };
  /// The entry of this text of this slot; nothing is known in it when it is new. Valid until the next call.
  /// `text` has at most kMaxText bytes.
  Entry& find(uint32_t slot, std::string_view text) {
    const uint64_t hash = table_hash(text, process_secret() + slot);
    Entry& entry = (*entries_)[hash % kEntries];
    if (entry.slot == slot && entry.text == text) return entry;
    entry.slot = slot;
    entry.text.assign(text);
    entry.known = 0;
    entry.rows.clear();
    return entry;
  }

 private:
  static constexpr size_t kEntries = 512;
  std::unique_ptr<std::array<Entry, kEntries>> entries_ = std::make_unique<std::array<Entry, kEntries>>();
};

}  // namespace testudo::detect
