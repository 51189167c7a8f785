#include "detect/map_key.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace testudo::detect {

void Sha1::block(State& state, const unsigned char* bytes) {
  uint32_t w[80];
  for (int i = 0; i < 16; ++i)
    w[i] = uint32_t(bytes[4 * i]) << 24 | uint32_t(bytes[4 * i + 1]) << 16 | uint32_t(bytes[4 * i + 2]) << 8 |
           uint32_t(bytes[4 * i + 3]);
  for (int i = 16; i < 80; ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  auto [a, b, c, d, e] = state;
  for (int i = 0; i < 80; ++i) {
    uint32_t f, k;
    if (i < 20)
      f = (b & c) | (~b & d), k = 0x5a827999;
    else if (i < 40)
      f = b ^ c ^ d, k = 0x6ed9eba1;
    else if (i < 60)
      f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
    else
      f = b ^ c ^ d, k = 0xca62c1d6;
    const uint32_t next = std::rotl(a, 5) + f + e + k + w[i];
    e = d, d = c, c = std::rotl(b, 30), b = a, a = next;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

void Sha1::add(std::string_view text) {
  while (!text.empty()) {
    const size_t at = size_ % 64, n = std::min(64 - at, text.size());
    std::memcpy(rest_.data() + at, text.data(), n);
    size_ += n;
    text.remove_prefix(n);
    if (size_ % 64 == 0) block(state_, rest_.data());
  }
}

std::string Sha1::hex() const {
  Sha1 end = *this;
  end.add(std::string_view("\x80", 1));
  while (end.size_ % 64 != 56) end.add(std::string_view("\0", 1));
  char length[8];
  for (int i = 0; i < 8; ++i) length[i] = char(size_ * 8 >> (56 - 8 * i));
  end.add({length, sizeof length});
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const uint32_t word : end.state_)
    for (int shift = 28; shift >= 0; shift -= 4) out += digits[word >> shift & 15];
  return out;
}

MapKey::MapKey(std::string_view filter, std::string_view name) : name_(name) {
  begin_.add(filter);
  begin_.add(std::string_view("\0", 1));
}

std::string MapKey::of(std::string_view group) const {
  Sha1 sha = begin_;
  sha.add(group);
  sha.add(std::string_view("\0", 1));
  sha.add(name_);
  return sha.hex();
}

}  // namespace testudo::detect
