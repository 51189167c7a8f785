#include "enforce/prefix_gate.h"

#include <cstring>
#include <vector>

#include "bpf/abi.h"

namespace testudo {
namespace {

constexpr int kWide = 16;

uint64_t hash_of(const uint8_t* first4, uint64_t seed) {
  uint32_t word;
  std::memcpy(&word, first4, 4);
  return testudo_bm32_hash(word, seed);
}

uint32_t bit_of_48(const uint8_t* first6, uint64_t seed) {
  uint16_t site;
  std::memcpy(&site, first6 + 4, 2);
  return testudo_bm32_bit_of_48(hash_of(first6, seed), site);
}

}  // namespace

template <typename Visit>
void PrefixGate::each_bit(const Prefix& prefix, const Visit& visit) const {
  const uint8_t* bytes = prefix.ip.bytes.data();
  if (prefix.length >= 48) return visit(bit_of_48(bytes, seed_));
  const uint32_t first =
      uint32_t(bytes[0]) << 24 | uint32_t(bytes[1]) << 16 | uint32_t(bytes[2]) << 8 | bytes[3];
  const uint32_t count = prefix.length >= 32 ? 1 : 1u << (32 - prefix.length);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t net = first + i;
    const uint8_t each[4] = {uint8_t(net >> 24), uint8_t(net >> 16), uint8_t(net >> 8), uint8_t(net)};
    visit(testudo_bm32_bit_of_32(hash_of(each, seed_)));
  }
}

void PrefixGate::add(const Prefix& prefix) {
  if (prefix.length < kWide) {
    if (++wide_ == 1)
      for (uint64_t& word : words_) __atomic_store_n(&word, ~uint64_t(0), __ATOMIC_RELEASE);
    return;
  }
  each_bit(prefix, [&](uint32_t bit) {
    ++counts_[bit];
    __atomic_or_fetch(&words_[bit / 64], uint64_t(1) << (bit & 63), __ATOMIC_RELEASE);
  });
}

void PrefixGate::remove(const Prefix& prefix) {
  if (prefix.length < kWide) {
    if (wide_ > 0 && --wide_ == 0) rewrite();
    return;
  }
  each_bit(prefix, [&](uint32_t bit) {
    const auto found = counts_.find(bit);
    if (found == counts_.end() || --found->second > 0) return;
    counts_.erase(found);
    if (wide_ == 0) __atomic_and_fetch(&words_[bit / 64], ~(uint64_t(1) << (bit & 63)), __ATOMIC_RELEASE);
  });
}

void PrefixGate::clear() {
  counts_.clear();
  wide_ = 0;
  for (uint64_t& word : words_) __atomic_store_n(&word, 0, __ATOMIC_RELEASE);
}

void PrefixGate::rewrite() {
  std::vector<uint64_t> fresh(words_.size(), wide_ > 0 ? ~uint64_t(0) : 0);
  for (const auto& [bit, count] : counts_) fresh[bit / 64] |= uint64_t(1) << (bit & 63);
  for (size_t i = 0; i < words_.size(); ++i)
    if (words_[i] != fresh[i]) __atomic_store_n(&words_[i], fresh[i], __ATOMIC_RELEASE);
}

bool PrefixGate::touches(const Ip& address) const {
  const auto has = [&](uint32_t bit) {
    return (__atomic_load_n(&words_[bit / 64], __ATOMIC_RELAXED) >> (bit & 63) & 1) != 0;
  };
  const uint8_t* bytes = address.bytes.data();
  return has(testudo_bm32_bit_of_32(hash_of(bytes, seed_))) || has(bit_of_48(bytes, seed_));
}

}  // namespace testudo
