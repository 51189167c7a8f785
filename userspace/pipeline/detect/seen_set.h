// detect/seen_set.h: which values a bucket has seen, as 64-bit hashes (`distinct`).
//
// Most buckets see one value and are gone: the first lies in the bucket itself.
#pragma once

#include <cstdint>
#include <vector>

#include "detect/ahead.h"
#include "detect/pool.h"

namespace testudo::detect {

/// Lives in a bucket and a pool, which its owner passes to each call and which must get the memory back:
/// clear().
class SeenSet {
 public:
  /// What one bucket remembers at most; after that everything counts as seen, so that a stranger cannot grow
  /// a bucket without bound.
  static constexpr uint32_t kMost = 49'152;

  /// True when the value is new.
  bool insert(Pool& pool, uint64_t hash);
  void clear(Pool& pool) {
    if (count_ > 1) give(pool);
    count_ = 0;
  }
  void prefetch(const Pool& pool) const {
    if (count_ > 1) ask_for(pool.at(low_));
  }
  uint32_t size() const { return count_; }
  void each(const Pool& pool, std::vector<uint64_t>& out) const;

 private:
  static uint32_t slots_for(uint32_t count);
  uint64_t only() const { return uint64_t(high_) << 32 | low_; }
  void rebuild(Pool& pool, uint32_t slots);
  void give(Pool& pool);

  uint32_t low_ = 0, high_ = 0;  ///< of one value: the value; of more: low_ is their block
  uint32_t count_ = 0;
};

}  // namespace testudo::detect
