// tests/kernel/frame.h: frames as readable text: frame().vlan(5).ip4("203.0.113.7").udp()
#pragma once

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
    const size_t at = bytes_.size();
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
    const size_t at = bytes_.size();
    bytes_.resize(at + 40, 0);
    bytes_[at] = 0x60;
    bytes_[at + 5] = uint8_t(8 + 8 * extensions.size());
    bytes_[at + 6] = extensions.empty() ? 17 : extensions[0];
    bytes_[at + 7] = 64;
    std::memcpy(&bytes_[at + 8], Ip::parse(from)->bytes.data(), 16);
    std::memcpy(&bytes_[at + 24], Ip::parse("2001:db8:ffff::1")->bytes.data(), 16);
    for (size_t i = 0; i < extensions.size(); ++i) {
      bytes_.resize(bytes_.size() + 8, 0);
      bytes_[bytes_.size() - 8] = i + 1 < extensions.size() ? extensions[i + 1] : 17;
    }
    return *this;
  }

  Frame& udp() { return raw(8); }
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
  Frame& tag(uint16_t kind, uint16_t id) {
    type(kind);
    return type(id);
  }
  std::vector<uint8_t> bytes_;
};

inline Frame frame() { return Frame(); }

}  // namespace testudo::test
