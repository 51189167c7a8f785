#include "base/text.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <random>

namespace testudo {

uint32_t next_utf8(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(at);
  if (first < 0x80) {
    ++at;
    return first;
  }
  const int extra = first >= 0xf0 && first < 0xf5   ? 3
                    : first >= 0xe0 && first < 0xf0 ? 2
                    : first >= 0xc2 && first < 0xe0 ? 1
                                                    : 0;
  if (extra == 0 || at + size_t(extra) >= text.size()) {
    ++at;
    return 0xFFFFFFFF;
  }
  uint32_t value = first & (0x3f >> extra);
  for (int i = 1; i <= extra; ++i) {
    if ((byte(at + size_t(i)) & 0xc0) != 0x80) {
      ++at;
      return 0xFFFFFFFF;
    }
    value = value << 6 | (byte(at + size_t(i)) & 0x3f);
  }
  static constexpr uint32_t least[] = {0, 0x80, 0x800, 0x10000};
  if (value < least[extra] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
    ++at;
    return 0xFFFFFFFF;
  }
  at += size_t(extra) + 1;
  return value;
}

namespace {
/// Where, from `at` on, eight bytes come that are not all ASCII: nearly everything is, and is walked over.
size_t behind_ascii(std::string_view text, size_t at) {
  for (; text.size() - at >= 8; at += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    if (word & 0x8080808080808080ULL) break;
  }
  return at;
}
}  // namespace

size_t utf8_length(std::string_view text) {
  size_t at = behind_ascii(text, 0), count = at;
  for (; at < text.size(); ++count) next_utf8(text, at);
  return count;
}

bool valid_utf8(std::string_view text) {
  for (size_t at = behind_ascii(text, 0); at < text.size();)
    if (next_utf8(text, at) == 0xFFFFFFFF) return false;
  return true;
}

std::string escape_for_terminal(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  char buffer[16];
  for (size_t at = 0; at < text.size();) {
    const size_t start = at;
    const uint32_t c = next_utf8(text, at);
    const bool invisible = (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
                           (c >= 0x2060 && c <= 0x2069) || c == 0x61c || c == 0xfeff ||
                           (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
    if (c == 0xFFFFFFFF || c < 0x20 || c == 0x7f) {
      std::snprintf(buffer, sizeof buffer, "\\x%02x", static_cast<uint8_t>(text[start]));
      out += buffer;
    } else if ((c >= 0x80 && c < 0xa0) || invisible) {
      std::snprintf(buffer, sizeof buffer, "\\u{%x}", c);
      out += buffer;
    } else {
      out += text.substr(start, at - start);
    }
  }
  return out;
}

std::string csv_field(std::string_view text) {
  std::string safe = escape_for_terminal(text);
  if (!safe.empty() && std::string_view("=+-@").find(safe[0]) != std::string_view::npos) safe.insert(0, "'");
  if (safe.find_first_of(",\"") == std::string::npos && safe.find('\'') != 0) return safe;
  std::string out = "\"";
  for (char c : safe) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (;;) {
    const size_t at = text.find(separator);
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 1);
  }
}

std::string_view trim(std::string_view text) {
  const char* white = " \t\r\n\v\f";
  const size_t first = text.find_first_not_of(white);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(white) - first + 1);
}

std::string lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = char(c + 32);
  return out;
}

bool starts_with_nocase(std::string_view text, std::string_view prefix) {
  const auto low = [](char c) { return c >= 'A' && c <= 'Z' ? char(c | 0x20) : c; };
  return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin(),
                                                    [&](char a, char b) { return low(a) == low(b); });
}

uint64_t stable_hash(std::string_view text, uint64_t seed) {
  uint64_t h = 0xcbf29ce484222325ULL ^ seed;
  for (char c : text) h = (h ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdULL;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53ULL;
  return h ^ (h >> 33);
}

namespace {
/// Product of two words, folded: each input bit reaches each output bit.
uint64_t fold(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return uint64_t(product) ^ uint64_t(product >> 64);
}
}  // namespace

uint64_t table_hash(std::string_view text, uint64_t seed) {
  constexpr uint64_t k = 0x9e3779b97f4a7c15ULL;
  uint64_t h = seed ^ (text.size() * k);
  while (text.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, text.data(), 8);
    h = fold(h ^ word, k ^ seed);
    text.remove_prefix(8);
  }
  uint64_t tail = 0;
  if (!text.empty()) std::memcpy(&tail, text.data(), text.size());
  return fold(h ^ tail, 0xd6e8feb86659fd93ULL ^ (seed >> 1));
}

uint64_t process_secret() {
  static const uint64_t secret = (uint64_t(std::random_device{}()) << 32) | std::random_device{}() | 1;
  return secret;
}

std::string stable_uuid(std::string_view text) {
  uint64_t a = stable_hash(text, 1), b = stable_hash(text, 2);
  a = (a & 0xffffffffffff0fffULL) | 0x8000;
  b = (b & 0x3fffffffffffffffULL) | 0x8000000000000000ULL;
  static constexpr char digits[] = "0123456789abcdef";
  std::string out(36, '-');
  for (size_t i = 0, at = 0; i < 32; ++i, ++at) {
    if (i == 8 || i == 12 || i == 16 || i == 20) ++at;
    out[at] = digits[(i < 16 ? a >> (60 - 4 * i) : b >> (124 - 4 * i)) & 15];
  }
  return out;
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  if (word.size() > 128) return best;  // nobody's slip of the finger; the distance costs the product of both
  size_t best_distance = word.size() / 3 + 2;
  for (const std::string& candidate : known) {
    if (candidate.size() > word.size() + best_distance) continue;
    std::vector<size_t> row(candidate.size() + 1);
    for (size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= word.size(); ++i) {
      size_t diagonal = row[0];
      row[0] = i;
      for (size_t j = 1; j < row.size(); ++j) {
        const size_t above = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (word[i - 1] != candidate[j - 1])});
        diagonal = above;
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

}  // namespace testudo
