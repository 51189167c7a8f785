#include "enforce/prefix_map.h"

#include <algorithm>
#include <vector>

namespace testudo {
namespace {

void set_bits(std::span<uint64_t> words, uint32_t offset, uint32_t first, uint32_t last) {
  for (uint32_t net = first; net <= last;) {
    const uint32_t end = std::min(last, net | 63);
    const uint32_t count = end - net + 1;
    const uint64_t ones = count == 64 ? ~uint64_t(0) : ((uint64_t(1) << count) - 1);
    __atomic_or_fetch(&words[net / 64 - offset], ones << (net & 63), __ATOMIC_RELEASE);
    net = end + 1;
  }
}

uint64_t bits_between(uint32_t word, uint32_t first, uint32_t last) {
  uint64_t bits = 0;
  set_bits({&bits, 1}, word, std::max(first, word * 64), std::min(last, word * 64 + 63));
  return bits;
}

}  // namespace

PrefixMap::Span PrefixMap::span_of(const Prefix& prefix) {
  const uint32_t first = prefix.ip.v4_host_order() >> 8;
  const uint32_t count = prefix.length >= 24 ? 1 : 1u << (24 - prefix.length);
  return {first, first + (count - 1)};
}

uint64_t PrefixMap::key_of(const Prefix& prefix) {
  return uint64_t(prefix.ip.v4_host_order()) << 8 | prefix.length;
}

bool PrefixMap::add(const Prefix& prefix, Owner owner) {
  Known& known = prefixes_[key_of(prefix)];
  const uint8_t before = known.owners;
  known.prefix = prefix;
  known.owners = before | owner;
  if (before != 0) return (before & owner) == 0;
  const Span span = span_of(prefix);
  set_bits(words_, 0, span.first, span.last);
  return true;
}

bool PrefixMap::covered(const Prefix& prefix) const {
  for (int length = std::min<int>(prefix.length, 24); length >= 0; --length)
    if (prefixes_.count(key_of(Prefix::of(prefix.ip, length)))) return true;
  return false;
}

bool PrefixMap::remove(const Prefix& prefix, Owner owner) {
  const auto found = prefixes_.find(key_of(prefix));
  if (found == prefixes_.end() || (found->second.owners & owner) == 0) return false;
  found->second.owners &= uint8_t(~owner);
  if (found->second.owners != 0) return true;
  prefixes_.erase(found);
  if (covered(prefix)) return true;
  const Span span = span_of(prefix);
  const uint32_t first_word = span.first / 64, last_word = span.last / 64;
  std::vector<uint64_t> fresh(last_word - first_word + 1, 0);
  const auto from = prefixes_.lower_bound(uint64_t(span.first) << 16);
  const auto to = prefixes_.upper_bound((uint64_t(span.last) << 8 | 0xff) << 8 | 0xff);
  for (auto it = from; it != to; ++it) {
    const Span other = span_of(it->second.prefix);
    set_bits(fresh, first_word, std::max(other.first, span.first), std::min(other.last, span.last));
  }
  for (uint32_t word = first_word; word <= last_word; ++word) {
    const uint64_t ours = bits_between(word, span.first, span.last);
    __atomic_store_n(&words_[word], (words_[word] & ~ours) | fresh[word - first_word], __ATOMIC_RELEASE);
  }
  return true;
}

void PrefixMap::clear() {
  prefixes_.clear();
  for (uint64_t& word : words_) __atomic_store_n(&word, 0, __ATOMIC_RELEASE);
}

void PrefixMap::rewrite() {
  std::vector<uint64_t> fresh(words_.size(), 0);
  for (const auto& [key, known] : prefixes_) {
    const Span span = span_of(known.prefix);
    set_bits(fresh, 0, span.first, span.last);
  }
  for (size_t i = 0; i < words_.size(); ++i)
    if (words_[i] != fresh[i]) __atomic_store_n(&words_[i], fresh[i], __ATOMIC_RELEASE);
}

bool PrefixMap::touches(const Ip& address) const {
  const uint32_t net = address.v4_host_order() >> 8;
  return __atomic_load_n(&words_[net / 64], __ATOMIC_RELAXED) >> (net & 63) & 1;
}

}  // namespace testudo
