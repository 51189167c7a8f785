#include "detect/seen_set.h"

#include <cstring>

namespace testudo::detect {
namespace {

// Zero stands for an empty slot.
uint64_t mark(uint64_t hash) { return hash ? hash : 1; }

uint64_t* slots_of(const Pool& pool, uint32_t block) { return reinterpret_cast<uint64_t*>(pool.at(block)); }

}  // namespace

bool SeenSet::insert(Pool& pool, uint64_t hash) {
  hash = mark(hash);
  if (slots_) {
    const uint64_t* slots = slots_of(pool, block_);
    for (uint32_t i = uint32_t(hash) & (slots_ - 1); slots[i]; i = (i + 1) & (slots_ - 1))
      if (slots[i] == hash) return false;
  }
  if (count_ >= kMost) return false;
  if ((count_ + 1) * 4 > slots_ * 3) grow(pool);
  uint64_t* slots = slots_of(pool, block_);
  uint32_t i = uint32_t(hash) & (slots_ - 1);
  while (slots[i]) i = (i + 1) & (slots_ - 1);
  slots[i] = hash;
  ++count_;
  return true;
}

void SeenSet::grow(Pool& pool) {
  const uint32_t wanted = slots_ ? slots_ * 2 : 4;
  const uint32_t block = pool.take(wanted * sizeof(uint64_t));
  uint64_t* to = slots_of(pool, block);
  std::memset(to, 0, wanted * sizeof(uint64_t));
  if (slots_) {
    const uint64_t* from = slots_of(pool, block_);
    for (uint32_t k = 0; k < slots_; ++k) {
      if (!from[k]) continue;
      uint32_t i = uint32_t(from[k]) & (wanted - 1);
      while (to[i]) i = (i + 1) & (wanted - 1);
      to[i] = from[k];
    }
    pool.give(block_, slots_ * sizeof(uint64_t));
  }
  block_ = block;
  slots_ = wanted;
}

void SeenSet::clear(Pool& pool) {
  if (slots_) pool.give(block_, slots_ * sizeof(uint64_t));
  *this = {};
}

void SeenSet::each(const Pool& pool, std::vector<uint64_t>& out) const {
  out.clear();
  for (uint32_t i = 0; i < slots_; ++i)
    if (const uint64_t hash = slots_of(pool, block_)[i]) out.push_back(hash);
}

}  // namespace testudo::detect
