// enforce/filter.h: userspace's half of the filters in front of the exact tables (layout: bpf/abi.h).
//
// A bit that is missing lets a banned address pass; one too many costs a look. So bits are set before anybody
// may rely on them, never cleared one by one, and a rebuild replaces word by word: each new word holds all
// bits of what is in the table. One writer.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "enforce/entry.h"

namespace testudo {

/// Words of a filter for so many entries, a power of two: 12 to 24 bits each, so that at most 1.1% of
/// innocent packets look into the table for nothing, and the filter of 2.4 million (4 MiB) costs few of them
/// a cache miss. At most 32 MiB.
uint32_t filter_words_for(uint64_t entries);

class Filter {
 public:
  Filter() = default;
  /// `words`: the live memory, a power of two of them.
  Filter(std::span<uint64_t> words, uint64_t seed) : words_(words), seed_(seed) {}

  /// For ban4, ban6 and ban6_64; other tables have no filter.
  void add(const EntryKey& key);
  bool may_hold(const EntryKey& key) const;
  /// Everything passes it from the next packet on.
  void clear();

  /// A copy to fill with what is in force, and the swap.
  std::vector<uint64_t> blank() const { return std::vector<uint64_t>(words_.size(), 0); }
  Filter over(std::vector<uint64_t>& words) const { return Filter(words, seed_); }
  void replace_by(const std::vector<uint64_t>& words);

  size_t words() const { return words_.size(); }

 private:
  struct Spot {
    uint32_t word;
    uint64_t bits;
  };
  Spot spot(const EntryKey& key) const;

  std::span<uint64_t> words_;
  uint64_t seed_ = 0;
};

}  // namespace testudo
