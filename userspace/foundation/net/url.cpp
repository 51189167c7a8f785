#include "net/url.h"

#include "base/text.h"

namespace testudo {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key.size() == name.size() && starts_with_nocase(key, name)) return value;
  return {};
}

const std::string* Request::param(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return &value;
  return nullptr;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out += ' ';
    } else if (text[i] != '%') {
      if (text[i] == '\0') return std::nullopt;
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      // A NUL would end the text for C interfaces behind us (file names, SQL) but not for our own checks.
      if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
      out += char(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (unreserved(c)) {
      out += c;
    } else {
      out += '%';
      out += digits[uint8_t(c) >> 4];
      out += digits[uint8_t(c) & 15];
    }
  }
  return out;
}

std::optional<NameValues> parse_query(std::string_view query) {
  NameValues out;
  if (query.empty()) return out;
  for (const std::string_view part : split(query, '&')) {
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    auto name = percent_decode(part.substr(0, equals), true);
    auto value =
        equals == std::string_view::npos ? std::string() : percent_decode(part.substr(equals + 1), true);
    if (!name || !value) return std::nullopt;
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

bool parse_target(std::string_view target, std::string& path, NameValues& query) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!starts_with_nocase(target, scheme)) continue;
    const size_t slash = target.find('/', scheme.size());
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
    break;
  }
  if (target.empty() || target[0] != '/') return false;
  const size_t mark = target.find('?');
  path = target.substr(0, mark);
  if (!percent_decode(path)) return false;
  auto pairs = parse_query(mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1));
  if (!pairs) return false;
  query = std::move(*pairs);
  return true;
}

}  // namespace testudo
