// The literals: three forms of strings, five of numbers.
#include <charconv>

#include "base/text.h"
#include "expr/case_map.h"
#include "expr/lexer.h"

namespace testudo::expr {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

void append_utf8(std::string& out, uint32_t c) {
  char bytes[4];
  out.append(bytes, encode_utf8(c, bytes));
}

// `digits` digits of the base from text[at] on.
bool read_code(std::string_view text, size_t& at, int digits, int base, uint32_t& code) {
  code = 0;
  for (int i = 0; i < digits; ++i, ++at) {
    if (at >= text.size() || hex_digit(text[at]) >= base) return false;
    code = code * uint32_t(base) + uint32_t(hex_digit(text[at]));
  }
  return true;
}

// The escape whose letter is text[at]; moves behind it.
bool read_escape(std::string_view text, size_t& at, std::string& out) {
  static constexpr std::string_view letters = "abfnrtv\\'\"", bytes = "\a\b\f\n\r\t\v\\'\"";
  const char c = text[at];
  if (const size_t i = letters.find(c); i != std::string_view::npos) {
    out += bytes[i];
    ++at;
    return true;
  }
  uint32_t code = 0;
  if (c == 'x') {
    if (!read_code(text, ++at, 2, 16, code)) return false;
    out += char(code);
    return true;
  }
  if (c >= '0' && c <= '3') {
    if (!read_code(text, at, 3, 8, code)) return false;
    out += char(code);
    return true;
  }
  if (c != 'u' && c != 'U') return false;
  if (!read_code(text, ++at, c == 'u' ? 4 : 8, 16, code)) return false;
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
  append_utf8(out, code);
  return true;
}

}  // namespace

bool read_string(std::string_view text, size_t& at, Token& token, Problem& problem) {
  token.kind = TokenKind::string;
  const size_t start = at;
  const char quote = text[at++];
  while (at < text.size()) {
    const char c = text[at];
    if (c == quote) {
      ++at;
      return true;
    }
    if (c == '\\' && quote != '`') {
      const size_t escape = at++;
      if (at >= text.size()) break;
      if (read_escape(text, at, token.decoded)) continue;
      problem = {uint32_t(escape),
                 "unknown escape " + escape_for_terminal(text.substr(escape, 2)) + " in a string",
                 "a backslash itself is written twice: '\\\\d'"};
      return false;
    }
    if (c == '\n' && quote != '`') break;
    token.decoded += c;
    ++at;
  }
  problem = {uint32_t(start), "string without end", "close it on the same line; `…` strings may span lines"};
  return false;
}

bool read_number(std::string_view text, size_t& at, Token& token, Problem& problem) {
  const size_t start = at;
  std::string digits;
  int base = 10;
  bool real = false;
  if (text[at] == '0' && at + 1 < text.size()) {
    const char p = text[at + 1];
    base = p == 'x' || p == 'X' ? 16 : p == 'o' || p == 'O' ? 8 : p == 'b' || p == 'B' ? 2 : 10;
    if (base != 10) at += 2;
  }
  const auto take_digits = [&] {
    for (; at < text.size() && (hex_digit(text[at]) < base || text[at] == '_'); ++at)
      if (text[at] != '_') digits += text[at];
  };
  take_digits();
  if (base == 10) {
    if (at < text.size() && text[at] == '.' && text.substr(at, 2) != "..") {
      real = true;
      digits += text[at++];
      take_digits();
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
      real = true;
      digits += text[at++];
      if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
        if (text[at] == '-') digits += '-';
        ++at;
      }
      take_digits();
    }
  }
  const char after = at < text.size() ? text[at] : ' ';
  const bool runs_on = hex_digit(after) < 99 || after == '_' || (after >= 'g' && after <= 'z') ||
                       (after >= 'G' && after <= 'Z');
  const char* end = digits.data() + digits.size();
  std::from_chars_result done{};
  if (real) {
    token.kind = TokenKind::real;
    done = std::from_chars(digits.data(), end, token.real);
  } else {
    token.kind = TokenKind::integer;
    done = std::from_chars(digits.data(), end, token.integer, base);
  }
  if (!runs_on && done.ec == std::errc() && done.ptr == end) return true;
  problem = {uint32_t(start), "not a number: " + escape_for_terminal(text.substr(start, at - start + 1)), ""};
  return false;
}

}  // namespace testudo::expr
