// detect/map_key.h: the name of a bucket as the format computes it: SHA-1 of filter text, group and scenario.
//
// It names, it protects nothing. Filters may be long and overflows many: what all keys of a scenario begin
// with is digested once.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace testudo::detect {

/// SHA-1 (RFC 3174), fed piece by piece.
class Sha1 {
 public:
  void add(std::string_view text);
  std::string hex() const;  ///< of what was added so far

 private:
  using State = std::array<uint32_t, 5>;
  static void block(State& state, const unsigned char* bytes);
  State state_{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  std::array<unsigned char, 64> rest_{};
  uint64_t size_ = 0;
};

/// Hexadecimal SHA-1 of `filter 0x00 group 0x00 name`.
class MapKey {
 public:
  MapKey() = default;
  MapKey(std::string_view filter, std::string_view name);
  std::string of(std::string_view group) const;

 private:
  Sha1 begin_;
  std::string name_;
};

}  // namespace testudo::detect
