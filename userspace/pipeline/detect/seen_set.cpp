#include "detect/seen_set.h"

#include <bit>
#include <cstring>

namespace testudo::detect {
namespace {

// Zero stands for an empty slot.
uint64_t mark(uint64_t hash) { return hash ? hash : 1; }

uint64_t* slots_of(const Pool& pool, uint32_t block) { return reinterpret_cast<uint64_t*>(pool.at(block)); }

void put(uint64_t* slots, uint32_t mask, uint64_t hash) {
  uint32_t i = uint32_t(hash) & mask;
  while (slots[i]) i = (i + 1) & mask;
  slots[i] = hash;
}

}  // namespace

/// The table that holds so many: a power of two, at most three quarters full.
uint32_t SeenSet::slots_for(uint32_t count) {
  if (count < 2) return 0;
  const uint32_t slots = std::bit_ceil(count + (count + 2) / 3);
  return slots < 4 ? 4 : slots;
}

bool SeenSet::insert(Pool& pool, uint64_t hash) {
  hash = mark(hash);
  const uint32_t slots = slots_for(count_);
  if (count_ == 1) {
    if (only() == hash) return false;
  } else if (count_ > 1) {
    const uint64_t* known = slots_of(pool, low_);
    for (uint32_t i = uint32_t(hash) & (slots - 1); known[i]; i = (i + 1) & (slots - 1))
      if (known[i] == hash) return false;
  }
  if (count_ >= kMost) return false;
  if (count_ == 0) {
    low_ = uint32_t(hash);
    high_ = uint32_t(hash >> 32);
  } else {
    const uint32_t wanted = slots_for(count_ + 1);
    if (wanted != slots) rebuild(pool, wanted);
    put(slots_of(pool, low_), wanted - 1, hash);
  }
  ++count_;
  return true;
}

void SeenSet::rebuild(Pool& pool, uint32_t slots) {
  const uint32_t block = pool.take(slots * sizeof(uint64_t));
  uint64_t* to = slots_of(pool, block);
  std::memset(to, 0, slots * sizeof(uint64_t));
  if (count_ == 1) {
    put(to, slots - 1, only());
  } else {
    const uint64_t* from = slots_of(pool, low_);
    for (uint32_t k = 0, n = slots_for(count_); k < n; ++k)
      if (from[k]) put(to, slots - 1, from[k]);
    give(pool);
  }
  low_ = block;
}

void SeenSet::give(Pool& pool) { pool.give(low_, slots_for(count_) * sizeof(uint64_t)); }

void SeenSet::each(const Pool& pool, std::vector<uint64_t>& out) const {
  out.clear();
  if (count_ == 1) out.push_back(only());
  for (uint32_t i = 0, n = slots_for(count_); i < n; ++i)
    if (const uint64_t hash = slots_of(pool, low_)[i]) out.push_back(hash);
}

}  // namespace testudo::detect
