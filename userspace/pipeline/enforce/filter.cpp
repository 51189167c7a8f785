#include "enforce/filter.h"

#include <algorithm>
#include <bit>

namespace testudo {

uint32_t filter_words_for(uint64_t entries) {
  constexpr uint64_t kBitsPerEntry = 12, kMaxWords = 1u << 22;
  return uint32_t(
      std::clamp<uint64_t>(std::bit_ceil(entries * kBitsPerEntry / 64), TESTUDO_FILTER_WORDS, kMaxWords));
}

Filter::Spot Filter::spot(const EntryKey& key) const {
  const auto words = uint32_t(words_.size());
  if (key.table == Table::ban4) {
    const uint64_t hash = testudo_hash4(key.address4, seed_);
    return {testudo_filter_word(hash, words), testudo_filter_bits(hash)};
  }
  if (key.table == Table::ban6_64) {
    const uint64_t hash = testudo_hash6_64(key.high6, seed_);
    return {testudo_filter_word(hash, words), testudo_filter_bits(hash)};
  }
  const uint64_t hash = testudo_hash6_64(key.address6.high, seed_);
  return {testudo_filter_word(hash, words), testudo_filter_bits(testudo_hash6(hash, key.address6.low))};
}

void Filter::add(const EntryKey& key) {
  if (words_.empty()) return;
  const Spot at = spot(key);
  __atomic_or_fetch(&words_[at.word], at.bits, __ATOMIC_RELEASE);
}

bool Filter::may_hold(const EntryKey& key) const {
  if (words_.empty()) return false;
  const Spot at = spot(key);
  return (__atomic_load_n(&words_[at.word], __ATOMIC_RELAXED) & at.bits) == at.bits;
}

void Filter::clear() {
  for (uint64_t& word : words_) __atomic_store_n(&word, 0, __ATOMIC_RELEASE);
}

void Filter::replace_by(const std::vector<uint64_t>& words) {
  for (size_t i = 0; i < words_.size(); ++i) __atomic_store_n(&words_[i], words[i], __ATOMIC_RELEASE);
}

}  // namespace testudo
