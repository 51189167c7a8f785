// enforce/nft_flat.h: which addresses are in force: millions in one array, 16 bytes for each IPv4 address.
//
// Open addressing with linear probing, at most two thirds full; a removal moves what follows back, so that no
// tombstones gather. The place of a key depends on a secret: strangers choose the addresses.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/text.h"

namespace testudo::nft {

using Bytes16 = std::array<uint8_t, 16>;

template <typename Key>
class Flat {
 public:
  struct Slot {
    Key key{};
    uint16_t policy = 0;
    bool used = false;
    bool seen = false;  ///< for who compares with the kernel; clear_seen() before
    int64_t until = 0;  ///< Unix ns
  };

  size_t size() const { return size_; }
  size_t memory() const { return slots_.size() * sizeof(Slot); }

  Slot* find(const Key& key) {
    if (slots_.empty()) return nullptr;
    Slot& slot = slots_[place_of(key)];
    return slot.used ? &slot : nullptr;
  }
  const Slot* find(const Key& key) const { return const_cast<Flat*>(this)->find(key); }

  void put(const Key& key, int64_t until, uint16_t policy) {
    if ((size_ + 1) * 3 > slots_.size() * 2) grow();
    Slot& slot = slots_[place_of(key)];
    size_ += !slot.used;
    slot = {key, policy, true, false, until};
  }

  bool erase(const Key& key) {
    if (slots_.empty()) return false;
    size_t hole = place_of(key);
    if (!slots_[hole].used) return false;
    --size_;
    for (size_t next = hole;;) {
      next = (next + 1) & mask();
      if (!slots_[next].used) break;
      // Whoever would be found from the hole on moves into it.
      const size_t home = home_of(slots_[next].key);
      if (((next - home) & mask()) < ((next - hole) & mask())) continue;
      slots_[hole] = slots_[next];
      hole = next;
    }
    slots_[hole] = {};
    return true;
  }

  void clear() {
    slots_ = {};
    size_ = 0;
  }
  void clear_seen() {
    for (Slot& slot : slots_) slot.seen = false;
  }

  template <typename Each>
  void for_each(Each&& each) const {
    for (const Slot& slot : slots_)
      if (slot.used) each(slot);
  }

 private:
  size_t mask() const { return slots_.size() - 1; }
  size_t home_of(const Key& key) const {
    uint64_t words[2] = {};
    std::memcpy(words, &key, sizeof key);
    uint64_t h = (words[0] ^ seed_) * 0x9e3779b97f4a7c15ULL;
    if constexpr (sizeof(Key) > 8) h = (h ^ (h >> 29) ^ words[1]) * 0xd6e8feb86659fd93ULL;
    h ^= h >> 32;
    h *= 0xff51afd7ed558ccdULL;
    return (h >> 20) & mask();
  }
  size_t place_of(const Key& key) const {
    size_t at = home_of(key);
    while (slots_[at].used && slots_[at].key != key) at = (at + 1) & mask();
    return at;
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.used) slots_[place_of(slot.key)] = slot;
  }

  std::vector<Slot> slots_;
  size_t size_ = 0;
  uint64_t seed_ = process_secret();
};

}  // namespace testudo::nft
