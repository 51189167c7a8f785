// base/ip.h: addresses and prefixes.
//
// Both families share one 16-byte form; an IPv4 address lies in the first four bytes. `family` decides:
// an IPv4-mapped IPv6 address is not equal to the IPv4 address (unmapped() folds it where that is wanted).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace testudo {

enum class Family : uint8_t { v4 = 4, v6 = 6 };

struct Ip {
  std::array<uint8_t, 16> bytes{};  ///< network order; IPv4 in bytes 0–3, the rest zero
  Family family = Family::v4;

  /// Strict text forms of RFC 4291 and dotted quads; no zone, no port, no leading zeros in quads.
  static std::optional<Ip> parse(std::string_view text);
  static Ip v4(uint32_t host_order);
  static Ip v4_bytes(const void* four);
  static Ip v6_bytes(const void* sixteen);

  /// Canonical text (RFC 5952).
  std::string text() const;
  bool is_v4() const { return family == Family::v4; }
  uint32_t v4_host_order() const;
  int bits() const { return is_v4() ? 32 : 128; }
  /// ::ffff:a.b.c.d as IPv4, everything else as it is.
  Ip unmapped() const;

  bool is_loopback() const;
  bool is_unspecified() const;
  bool is_multicast() const;
  /// RFC 1918, RFC 4193, link-local: never a stranger from the internet.
  bool is_private() const;

  auto operator<=>(const Ip&) const = default;
};

struct Prefix {
  Ip ip;  ///< host bits are zero
  uint8_t length = 0;

  /// "10.0.0.0/8", host bits are cleared; an address alone is a prefix of full length.
  static std::optional<Prefix> parse(std::string_view text);
  static Prefix of(const Ip& ip, int length);
  static Prefix host(const Ip& ip) { return of(ip, ip.bits()); }

  bool is_host() const { return length == ip.bits(); }
  bool contains(const Ip& other) const;
  bool contains(const Prefix& other) const;
  bool overlaps(const Prefix& other) const { return contains(other) || other.contains(*this); }
  /// "1.2.3.4" for a host, "10.0.0.0/8" otherwise.
  std::string text() const;
  /// Always with the length.
  std::string cidr() const;

  auto operator<=>(const Prefix&) const = default;
};

struct IpHash {
  size_t operator()(const Ip& ip) const {
    uint64_t a, b;
    std::memcpy(&a, ip.bytes.data(), 8);
    std::memcpy(&b, ip.bytes.data() + 8, 8);
    a ^= b * 0x9e3779b97f4a7c15ULL + uint64_t(ip.family);
    a ^= a >> 32;
    a *= 0xd6e8feb86659fd93ULL;
    return a ^ (a >> 32);
  }
};
struct PrefixHash {
  size_t operator()(const Prefix& p) const { return IpHash{}(p.ip) * 31 + p.length; }
};

}  // namespace testudo
