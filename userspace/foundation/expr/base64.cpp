#include "expr/base64.h"

#include <charconv>
#include <cstdint>

namespace testudo::expr {
namespace {
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

std::string encode_base64(std::string_view bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t block = 0;
    const size_t n = std::min<size_t>(3, bytes.size() - i);
    for (size_t j = 0; j < 3; ++j) block = (block << 8) | (j < n ? uint8_t(bytes[i + j]) : 0);
    for (size_t j = 0; j < 4; ++j) out += j <= n ? alphabet[(block >> (18 - 6 * j)) & 63] : '=';
  }
  return out;
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string out;
  uint32_t block = 0;
  int filled = 0, padding = 0;
  for (const char c : text) {
    if (c == '\r' || c == '\n') continue;
    if (c == '=') {
      if (filled + padding < 2 || ++padding + filled > 4) return std::nullopt;
      continue;
    }
    const size_t digit = alphabet.find(c);
    if (padding || digit == std::string_view::npos) return std::nullopt;
    block = (block << 6) | uint32_t(digit);
    if (++filled < 4) continue;
    for (int shift = 16; shift >= 0; shift -= 8) out += char(block >> shift);
    block = 0;
    filled = 0;
  }
  if (filled == 0 && padding == 0) return out;
  if (filled < 2 || filled + padding != 4) return std::nullopt;
  block <<= 6 * (4 - filled);
  for (int i = 0; i < filled - 1; ++i) out += char(block >> (16 - 8 * i));
  return out;
}

bool read_real(std::string_view text, double& number) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace testudo::expr
