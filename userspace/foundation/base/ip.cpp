#include "base/ip.h"

#include <arpa/inet.h>

#include <charconv>

namespace testudo {
namespace {

std::optional<Ip> parse_quad(std::string_view text) {
  Ip ip;
  size_t at = 0;
  for (int i = 0; i < 4; ++i) {
    if (i > 0) {
      if (at >= text.size() || text[at] != '.') return std::nullopt;
      ++at;
    }
    unsigned value = 0;
    size_t start = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9' && at - start < 3)
      value = value * 10 + unsigned(text[at++] - '0');
    if (at == start || value > 255 || (at - start > 1 && text[start] == '0')) return std::nullopt;
    ip.bytes[size_t(i)] = uint8_t(value);
  }
  if (at != text.size()) return std::nullopt;
  return ip;
}

}  // namespace

std::optional<Ip> Ip::parse(std::string_view text) {
  if (text.size() < 2 || text.size() > 45) return std::nullopt;
  if (text.find(':') == std::string_view::npos) return parse_quad(text);
  char buffer[64];
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = 0;
  Ip ip;
  ip.family = Family::v6;
  if (std::memchr(buffer, 0, text.size()) || inet_pton(AF_INET6, buffer, ip.bytes.data()) != 1)
    return std::nullopt;
  return ip;
}

Ip Ip::v4(uint32_t host_order) {
  const uint32_t net = htonl(host_order);
  return v4_bytes(&net);
}
Ip Ip::v4_bytes(const void* four) {
  Ip ip;
  std::memcpy(ip.bytes.data(), four, 4);
  return ip;
}
Ip Ip::v6_bytes(const void* sixteen) {
  Ip ip;
  ip.family = Family::v6;
  std::memcpy(ip.bytes.data(), sixteen, 16);
  return ip;
}

std::string Ip::text() const {
  char buffer[INET6_ADDRSTRLEN];
  inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes.data(), buffer, sizeof buffer);
  return buffer;
}

uint32_t Ip::v4_host_order() const {
  uint32_t net;
  std::memcpy(&net, bytes.data(), 4);
  return ntohl(net);
}

Ip Ip::unmapped() const {
  static constexpr uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (is_v4() || std::memcmp(bytes.data(), mapped, 12) != 0) return *this;
  return v4_bytes(bytes.data() + 12);
}

bool Ip::is_loopback() const {
  if (is_v4()) return bytes[0] == 127;
  static const Ip one = *parse("::1");
  return *this == one || (unmapped().is_v4() && unmapped().is_loopback());
}
bool Ip::is_unspecified() const {
  for (uint8_t b : bytes)
    if (b) return false;
  return true;
}
bool Ip::is_multicast() const { return is_v4() ? (bytes[0] & 0xf0) == 0xe0 : bytes[0] == 0xff; }
bool Ip::is_private() const {
  if (is_v4())
    return bytes[0] == 10 || (bytes[0] == 172 && (bytes[1] & 0xf0) == 16) ||
           (bytes[0] == 192 && bytes[1] == 168) || (bytes[0] == 169 && bytes[1] == 254);
  return (bytes[0] & 0xfe) == 0xfc || (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80);
}

Prefix Prefix::of(const Ip& ip, int length) {
  Prefix p;
  p.ip = ip;
  p.length = uint8_t(length);
  const auto whole = size_t(length) / 8;
  if (whole == 16) return p;
  p.ip.bytes[whole] &= uint8_t(0xff00 >> (length % 8));
  std::memset(p.ip.bytes.data() + whole + 1, 0, 15 - whole);
  return p;
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const auto ip = Ip::parse(text.substr(0, slash));
  if (!ip) return std::nullopt;
  if (slash == std::string_view::npos) return host(*ip);
  const std::string_view len = text.substr(slash + 1);
  int length = -1;
  const auto [end, err] = std::from_chars(len.data(), len.data() + len.size(), length);
  if (err != std::errc() || end != len.data() + len.size() || len.empty() || len[0] == '-' ||
      length > ip->bits())
    return std::nullopt;
  return of(*ip, length);
}

bool Prefix::contains(const Ip& other) const {
  if (other.family != ip.family) return false;
  const size_t whole = length / 8;
  if (std::memcmp(ip.bytes.data(), other.bytes.data(), whole) != 0) return false;
  if (length % 8 == 0) return true;
  const auto mask = uint8_t(0xff << (8 - length % 8));
  return (ip.bytes[whole] & mask) == (other.bytes[whole] & mask);
}

bool Prefix::contains(const Prefix& other) const { return other.length >= length && contains(other.ip); }

std::string Prefix::text() const { return is_host() ? ip.text() : cidr(); }
std::string Prefix::cidr() const { return ip.text() + "/" + std::to_string(length); }

}  // namespace testudo
