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
  if (log_) {
    const uint64_t* known = slots_of(pool, block_);
    const uint32_t mask = slots() - 1;
    for (uint32_t i = uint32_t(hash) & mask; known[i]; i = (i + 1) & mask)
      if (known[i] == hash) return false;
  }
  if (count_ >= kMost) return false;
  if ((count_ + 1u) * 4 > slots() * 3) grow(pool);
  uint64_t* to = slots_of(pool, block_);
  const uint32_t mask = slots() - 1;
  uint32_t i = uint32_t(hash) & mask;
  while (to[i]) i = (i + 1) & mask;
  to[i] = hash;
  ++count_;
  return true;
}

void SeenSet::grow(Pool& pool) {
  const uint8_t log = log_ ? uint8_t(log_ + 1) : 2;
  const uint32_t wanted = 1u << log;
  const uint32_t block = pool.take(wanted * sizeof(uint64_t));
  uint64_t* to = slots_of(pool, block);
  std::memset(to, 0, wanted * sizeof(uint64_t));
  if (log_) {
    const uint64_t* from = slots_of(pool, block_);
    for (uint32_t k = 0; k < slots(); ++k) {
      if (!from[k]) continue;
      uint32_t i = uint32_t(from[k]) & (wanted - 1);
      while (to[i]) i = (i + 1) & (wanted - 1);
      to[i] = from[k];
    }
    pool.give(block_, slots() * sizeof(uint64_t));
  }
  block_ = block;
  log_ = log;
}

void SeenSet::clear(Pool& pool) {
  if (log_) pool.give(block_, slots() * sizeof(uint64_t));
  *this = {};
}

void SeenSet::each(const Pool& pool, std::vector<uint64_t>& out) const {
  out.clear();
  for (uint32_t i = 0; i < slots(); ++i)
    if (const uint64_t hash = slots_of(pool, block_)[i]) out.push_back(hash);
}

}  // namespace testudo::detect
