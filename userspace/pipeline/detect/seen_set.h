// detect/seen_set.h: which values a bucket has seen, as 64-bit hashes (`distinct`).
#pragma once

#include <cstdint>
#include <vector>

#include "detect/pool.h"

namespace testudo::detect {

/// Lives in a pool, which its owner passes to each call and which must get the memory back: clear().
class SeenSet {
 public:
  /// What one bucket remembers at most; after that everything counts as seen, so that a stranger cannot grow
  /// a bucket without bound.
  static constexpr uint32_t kMost = 49'152;

  /// True when the value is new.
  bool insert(Pool& pool, uint64_t hash);
  void clear(Pool& pool);
  void prefetch(const Pool& pool) const {
    if (log_) __builtin_prefetch(pool.at(block_));
  }
  uint32_t size() const { return count_; }
  void each(const Pool& pool, std::vector<uint64_t>& out) const;

 private:
  void grow(Pool& pool);
  uint32_t slots() const { return log_ ? 1u << log_ : 0; }
  uint32_t block_ = Pool::kNone;
  uint16_t count_ = 0;
  uint8_t log_ = 0;  ///< of the number of slots; 0 = there are none
};

}  // namespace testudo::detect
