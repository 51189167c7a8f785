// enforce/prefix_map.h: the bitmap of /24s that keeps innocent packets off the trie of IPv4 prefixes.
//
// Exact, with no reference counts: prefixes lie in address order, so those inside the /24s of a removed one
// are neighbours, and those that cover it are at most 24 look-ups away. A removal writes each word once, with
// every bit that the remaining prefixes need.
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "base/ip.h"

namespace testudo {

class PrefixMap {
 public:
  PrefixMap() = default;
  /// `words`: 2^18 of them, bit N of word M for the /24 number 64 M + N.
  explicit PrefixMap(std::span<uint64_t> words) : words_(words) {}

  /// Decisions and lists may hold the same prefix; its bits go with the last of them.
  enum Owner : uint8_t { bans = 1, lists = 2 };
  /// IPv4 only. False when the owner had it already.
  bool add(const Prefix& prefix, Owner owner = bans);
  /// False when the owner did not have it.
  bool remove(const Prefix& prefix, Owner owner = bans);
  void clear();
  /// Writes the whole bitmap anew: bits of nobody go, those of the known stay.
  void rewrite();

  size_t size() const { return prefixes_.size(); }
  bool touches(const Ip& address) const;

 private:
  struct Span {
    uint32_t first, last;  ///< numbers of /24s
  };
  static Span span_of(const Prefix& prefix);
  static uint64_t key_of(const Prefix& prefix);
  bool covered(const Prefix& prefix) const;

  std::span<uint64_t> words_;
  struct Known {
    Prefix prefix;
    uint8_t owners = 0;
  };
  std::map<uint64_t, Known> prefixes_;  ///< key: address, then length
};

}  // namespace testudo
