// tests/kernel/frame.h: frames as readable text: frame().vlan(5).ip4("203.0.113.7").udp()
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/ip.h"

namespace testudo::test {

class Frame {
 public:
  Frame() : bytes_(12, 0x02) {}

  Frame& vlan(uint16_t id) { return tag(0x8100, id); }
  Frame& qinq(uint16_t id) { return tag(0x88a8, id); }

  /// `options`: bytes of IPv4 options, a multiple of 4. `fragment`: offset in units of 8 bytes.
  Frame& ip4(const std::string& from, size_t options = 0, uint16_t fragment = 0) {
    type(0x0800);
    const size_t at = network_ = next_ = bytes_.size();
    next_ += 9;
    bytes_.resize(at + 20 + options, 0);
    bytes_[at] = uint8_t(0x40 | (5 + options / 4));
    bytes_[at + 3] = uint8_t(20 + options + 8);
    bytes_[at + 6] = uint8_t(fragment >> 8);
    bytes_[at + 7] = uint8_t(fragment);
    bytes_[at + 8] = 64;
    bytes_[at + 9] = 17;
    std::memcpy(&bytes_[at + 12], Ip::parse(from)->bytes.data(), 4);
    std::memcpy(&bytes_[at + 16], Ip::parse("198.51.100.1")->bytes.data(), 4);
    return *this;
  }

  /// `extension`: number of a chain of extension headers between the fixed one and UDP.
  Frame& ip6(const std::string& from, const std::vector<uint8_t>& extensions = {}) {
    type(0x86dd);
    const size_t at = network_ = bytes_.size();
    next_ = at + 6;
    bytes_.resize(at + 40, 0);
    bytes_[at] = 0x60;
    bytes_[at + 5] = uint8_t(8 + 8 * extensions.size());
    bytes_[at + 6] = extensions.empty() ? 17 : extensions[0];
    bytes_[at + 7] = 64;
    std::memcpy(&bytes_[at + 8], Ip::parse(from)->bytes.data(), 16);
    std::memcpy(&bytes_[at + 24], Ip::parse("2001:db8:ffff::1")->bytes.data(), 16);
    for (size_t i = 0; i < extensions.size(); ++i) {
      bytes_.resize(bytes_.size() + 8, 0);
      next_ = bytes_.size() - 8;
      bytes_[next_] = i + 1 < extensions.size() ? extensions[i + 1] : 17;
    }
    return *this;
  }

  Frame& udp() { return raw(8); }
  Frame& udp(uint16_t from, uint16_t to) { return ports(17, from, to, 8); }
  /// A segment without payload.
  Frame& tcp(uint16_t from, uint16_t to, uint8_t flags = 2 /* SYN */, uint32_t sequence = 0,
             uint32_t acknowledged = 0) {
    const size_t at = bytes_.size();
    ports(6, from, to, 20);
    put32(at + 4, sequence);
    put32(at + 8, acknowledged);
    bytes_[at + 12] = 0x50;
    bytes_[at + 13] = flags;
    return *this;
  }
  /// The addresses of the packet change places: it is one on its way out.
  Frame& outgoing() {
    const bool v4 = bytes_[network_] >> 4 == 4;
    const size_t size = v4 ? 4 : 16, at = network_ + (v4 ? 12 : 8);
    std::swap_ranges(bytes_.begin() + long(at), bytes_.begin() + long(at + size),
                     bytes_.begin() + long(at + size));
    return *this;
  }
  Frame& raw(size_t count) {
    bytes_.resize(bytes_.size() + count, 0);
    return *this;
  }
  Frame& type(uint16_t value) {
    bytes_.push_back(uint8_t(value >> 8));
    bytes_.push_back(uint8_t(value));
    return *this;
  }
  /// Overwrites a byte counted from the end of the Ethernet header's addresses.
  Frame& byte(size_t at, uint8_t value) {
    bytes_[at] = value;
    return *this;
  }
  Frame& cut(size_t size) {
    bytes_.resize(size);
    return *this;
  }
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  void put16(size_t at, uint16_t value) {
    bytes_[at] = uint8_t(value >> 8);
    bytes_[at + 1] = uint8_t(value);
  }
  void put32(size_t at, uint32_t value) {
    put16(at, uint16_t(value >> 16));
    put16(at + 2, uint16_t(value));
  }
  /// A transport header of `size` bytes; the header before it learns its protocol, the packet its length.
  Frame& ports(uint8_t protocol, uint16_t from, uint16_t to, size_t size) {
    const size_t at = bytes_.size();
    raw(size);
    put16(at, from);
    put16(at + 2, to);
    bytes_[next_] = protocol;
    if (bytes_[network_] >> 4 == 4)
      put16(network_ + 2, uint16_t(bytes_.size() - network_));
    else
      put16(network_ + 4, uint16_t(bytes_.size() - network_ - 40));
    return *this;
  }
  Frame& tag(uint16_t kind, uint16_t id) {
    type(kind);
    return type(id);
  }
  std::vector<uint8_t> bytes_;
  size_t network_ = 0;  ///< where the IP header begins
  size_t next_ = 0;     ///< the byte that names the protocol of what follows
};

inline Frame frame() { return Frame(); }

}  // namespace testudo::test
