// Writes small MaxMind-format databases (format 2.0, 24-bit records, IPv6 tree with IPv4 under ::/96), so
// that tests choose their countries and can damage what they like.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ip.h"

namespace testudo {

class MmdbWriter {
 public:
  explicit MmdbWriter(bool countries = true) : countries_(countries), nodes_(1, {kEmpty, kEmpty}) {}

  /// `value`: a country's letters, or the number of an AS.
  MmdbWriter& add(const std::string& network, const std::string& value) {
    const Prefix prefix = *Prefix::parse(network);
    std::array<uint8_t, 16> bits = prefix.ip.bytes;
    int length = prefix.length;
    if (prefix.ip.is_v4()) {
      bits = {};
      std::copy_n(prefix.ip.bytes.begin(), 4, bits.begin() + 12);
      length += 96;
    }
    const auto record = records_.try_emplace(value, int(records_.size())).first->second;
    *slot(bits, length) = kData + record;
    return *this;
  }
  /// Makes `network` (IPv6) lead to where IPv4 lies, as 2002::/16 does.
  MmdbWriter& alias(const std::string& network) {
    const Prefix prefix = *Prefix::parse(network);
    const int target = *slot({}, 96);
    *slot(prefix.ip.bytes, prefix.length) = target;
    return *this;
  }
  /// A tree that has no end: what follows `network` leads back to the root.
  MmdbWriter& loop(const std::string& network) {
    const Prefix prefix = *Prefix::parse(network);
    *slot(prefix.ip.bytes, prefix.length) = 0;
    return *this;
  }

  std::string bytes() const {
    std::string data;
    std::vector<uint32_t> offsets(records_.size());
    for (const auto& [value, index] : records_) {
      offsets[size_t(index)] = uint32_t(data.size());
      data += countries_ ? map(1) + text("country") + map(1) + text("iso_code") + text(value)
                         : map(1) + text("autonomous_system_number") + number(6, uint32_t(std::stoul(value)));
    }
    const auto count = uint32_t(nodes_.size());
    std::string out;
    for (const auto& node : nodes_)
      for (const int record : node) {
        uint32_t n = count;
        if (record >= kData) n = count + 16 + offsets[size_t(record - kData)];
        if (record >= 0 && record < kData) n = uint32_t(record);
        out += {char(n >> 16), char(n >> 8), char(n)};
      }
    out += std::string(16, '\0') + data + "\xab\xcd\xefMaxMind.com" + map(9);
    out += text("node_count") + number(6, count) + text("record_size") + number(5, 24);
    out += text("ip_version") + number(5, 6) + text("database_type") + text("Test");
    out += text("languages") + std::string("\x01\x04", 2) + text("en");
    out += text("binary_format_major_version") + number(5, 2);
    out += text("binary_format_minor_version") + number(5, 0);
    out += text("build_epoch") + std::string("\x04\x02\x60\x00\x00\x00", 6);
    out += text("description") + map(1) + text("en") + text("made for a test");
    return out;
  }

 private:
  static constexpr int kEmpty = -1, kData = 1 << 24;

  int* slot(const std::array<uint8_t, 16>& bits, int length) {
    size_t at = 0;
    for (int depth = 0;; ++depth) {
      const int bit = (bits[size_t(depth) / 8] >> (7 - depth % 8)) & 1;
      if (depth == length - 1) return &nodes_[at][size_t(bit)];
      if (nodes_[at][size_t(bit)] < 0) {
        nodes_.push_back({kEmpty, kEmpty});
        nodes_[at][size_t(bit)] = int(nodes_.size() - 1);
      }
      at = size_t(nodes_[at][size_t(bit)]);
    }
  }
  static std::string map(int entries) { return {char(0xe0 | entries)}; }
  static std::string text(const std::string& s) { return char(0x40 | s.size()) + s; }
  static std::string number(int type, uint32_t n) {
    const int size = type == 5 ? 2 : 4;
    std::string out{char(type << 5 | size)};
    for (int i = size - 1; i >= 0; --i) out += char(n >> (8 * i));
    return out;
  }

  const bool countries_;
  std::vector<std::array<int, 2>> nodes_;
  std::map<std::string, int> records_;
};

}  // namespace testudo
