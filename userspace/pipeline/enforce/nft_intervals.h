// enforce/nft_intervals.h: nested prefixes with different ends, as the disjoint intervals that an nftables
// set takes.
//
//   10.0.0.0/8 until 12:00   10.1.0.0/16 until 14:00   10.1.2.0/24 until 13:00
//     → [10.0.0.0 10.0.255.255] 12:00 · [10.1.0.0 10.1.255.255] 14:00 · [10.2.0.0 10.255.255.255] 12:00
//
// At each address the latest end among the prefixes around it holds (of equal ends the longest prefix gives
// its name), so that nothing ends early when nobody lives to follow up. Neighbours with the same end and name
// are one interval. A change computes the span of its prefix anew and no more, and returns the difference.
//
// One family, not thread-safe, no clock.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"

namespace testudo::nft {

/// An address as a number, so that neighbours can be counted to.
using Address = unsigned __int128;

Address address_of(const Ip& ip);
Ip ip_of(Address address, Family family);
/// The bytes that stand in a packet: 4 or 16.
std::string key_of(Address address, Family family);
/// False when they are not 4 or 16.
bool address_from(std::string_view key, Address& out);
Address last_of(const Prefix& prefix);
/// The fewest prefixes that cover exactly [first, last].
std::vector<Prefix> prefixes_of(Address first, Address last, Family family);

struct Piece {
  Address first = 0, last = 0;
  int64_t until = 0;  ///< Unix ns
  uint16_t policy = 0;
  bool operator==(const Piece&) const = default;
};

class Intervals {
 public:
  explicit Intervals(Family family) : family_(family) {}

  struct Held {
    int64_t until = 0;
    uint16_t policy = 0;
    bool operator==(const Held&) const = default;
  };
  struct Change {
    std::vector<Piece> gone, fresh;
  };
  /// Adds a prefix, or gives it another end or name.
  Change set(const Prefix& prefix, Held held);
  /// Nothing changes when it was not there.
  Change remove(const Prefix& prefix);
  void clear();

  std::optional<Held> find(const Prefix& prefix) const;
  size_t size() const { return prefixes_.size(); }
  const std::map<Address, Piece>& pieces() const { return pieces_; }

  template <typename Each>
  void for_each(Each&& each) const {
    for (const auto& [key, held] : prefixes_) each(prefix_of(key), held);
  }

 private:
  struct Key {
    Address first;
    uint8_t length;
    auto operator<=>(const Key&) const = default;
  };
  struct Best {
    std::optional<Held> held;
    uint8_t length = 0;
  };
  static Key key_of_prefix(const Prefix& prefix) { return {address_of(prefix.ip), prefix.length}; }
  Prefix prefix_of(const Key& key) const { return Prefix::of(ip_of(key.first, family_), key.length); }
  static Best better(const Best& outer, const Held& inner, uint8_t length);
  Best around(const Prefix& prefix) const;
  void sweep(const Prefix& prefix, std::vector<Piece>& out) const;
  Change recompute(const Prefix& prefix);

  Family family_;
  std::map<Key, Held> prefixes_;  ///< by address, outer before inner
  std::map<Address, Piece> pieces_;
  std::array<uint32_t, 129> lengths_{};  ///< prefixes of each length: where to look for those around
};

}  // namespace testudo::nft
