// enforce/prefix_gate.h: the bitmap that keeps innocent packets off the trie of IPv6 prefixes.
//
// There are 2^32 IPv6 /32s, so their bits are hashed into 2^20: a wrong one costs a look into the trie. A
// prefix of /48 or longer has the bit of its /48, a shorter one those of the /32s that it touches (bpf/abi.h
// tells where they lie: a packet asks one cache line). A prefix shorter than /16 would set them all one by
// one: it opens the gate. Counted, so that a bit goes with the last prefix that needs it. One writer.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>

#include "base/ip.h"

namespace testudo {

class PrefixGate {
 public:
  PrefixGate() = default;
  /// `words`: TESTUDO_BM32_WORDS of live memory.
  PrefixGate(std::span<uint64_t> words, uint64_t seed) : words_(words), seed_(seed) {}

  /// Each prefix once; what is removed was added before.
  void add(const Prefix& prefix);
  void remove(const Prefix& prefix);
  void clear();
  /// Writes the whole bitmap anew: bits of nobody go, those of the known stay.
  void rewrite();
  bool touches(const Ip& address) const;

 private:
  template <typename Visit>
  void each_bit(const Prefix& prefix, const Visit& visit) const;

  std::span<uint64_t> words_;
  uint64_t seed_ = 0;
  std::unordered_map<uint32_t, uint32_t> counts_;  ///< by bit
  uint32_t wide_ = 0;                              ///< prefixes shorter than /16
};

}  // namespace testudo
