#include "expr/json_text.h"

#include <charconv>
#include <cstdint>
#include <cstring>

#include "expr/case_map.h"

namespace testudo::expr {
namespace {

// The four hexadecimal digits behind \u.
bool code_unit(std::string_view text, uint32_t& c) {
  if (text.size() < 4) return false;
  c = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + 4, c, 16);
  return error == std::errc() && end == text.data() + 4;
}

bool is_high(uint32_t c) { return c >= 0xd800 && c < 0xdc00; }
bool is_low(uint32_t c) { return c >= 0xdc00 && c < 0xe000; }

// One escape; `text` begins behind the backslash. Bytes used; 0 when it is none.
size_t escape(std::string_view text, char* to, size_t& size) {
  static constexpr std::string_view letters = "\"\\/bfnrt", bytes = "\"\\/\b\f\n\r\t";
  if (text.empty()) return 0;
  if (const size_t i = letters.find(text[0]); i != std::string_view::npos) {
    to[size++] = bytes[i];
    return 1;
  }
  uint32_t first = 0, second = 0;
  if (text[0] != 'u' || !code_unit(text.substr(1), first)) return 0;
  size_t used = 5;
  if (is_high(first) && text.substr(used).starts_with("\\u") && code_unit(text.substr(used + 2), second) &&
      is_low(second)) {
    first = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    used += 6;
  }
  if (is_high(first) || is_low(first)) first = 0xfffd;
  size += encode_utf8(first, to + size);
  return used;
}

}  // namespace

bool unescape_json(std::string_view raw, char* to, size_t& size) {
  size = 0;
  for (size_t at = 0; at < raw.size();) {
    const void* found = std::memchr(raw.data() + at, '\\', raw.size() - at);
    const size_t stop = found ? size_t(static_cast<const char*>(found) - raw.data()) : raw.size();
    std::memcpy(to + size, raw.data() + at, stop - at);
    size += stop - at;
    at = stop;
    if (at == raw.size()) break;
    const size_t used = escape(raw.substr(at + 1), to, size);
    if (used == 0) return false;
    at += 1 + used;
  }
  return true;
}

size_t json_string_end(std::string_view text, size_t from) {
  size_t at = from;
  while (at < text.size()) {
    const void* found = std::memchr(text.data() + at, '"', text.size() - at);
    if (!found) break;
    const size_t quote = size_t(static_cast<const char*>(found) - text.data());
    size_t start = quote;
    while (start > at && text[start - 1] == '\\') --start;
    if ((quote - start) % 2 == 0) return quote;
    at = quote + 1;
  }
  return std::string_view::npos;
}

}  // namespace testudo::expr
