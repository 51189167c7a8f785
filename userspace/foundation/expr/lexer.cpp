#include "expr/lexer.h"

#include <array>

#include "base/text.h"

namespace testudo::expr {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         static_cast<uint8_t>(c) >= 0x80;
}

// Skips white space and comments.
bool skip_blank(std::string_view text, size_t& at, Problem& problem) {
  while (at < text.size()) {
    const char c = text[at];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f') {
      ++at;
    } else if (text.substr(at, 2) == "//") {
      at = text.find('\n', at);
      if (at == std::string_view::npos) at = text.size();
    } else if (text.substr(at, 2) == "/*") {
      const size_t end = text.find("*/", at + 2);
      if (end == std::string_view::npos) {
        problem = {uint32_t(at), "comment without end", "close it with */"};
        return false;
      }
      at = end + 2;
    } else {
      return true;
    }
  }
  return true;
}

// The longest operator wins.
size_t symbol_length(std::string_view rest) {
  static constexpr std::array<std::string_view, 11> two = {"**", "==", "!=", "<=", ">=", "&&",
                                                           "||", "..", "?.", "??", "::"};
  for (const std::string_view s : two)
    if (rest.starts_with(s)) return 2;
  return std::string_view("+-*/%^<>!|?:,;()[]{}#.=").find(rest[0]) != std::string_view::npos ? 1 : 0;
}

}  // namespace

bool tokenize(std::string_view text, std::vector<Token>& tokens, Problem& problem) {
  size_t at = 0;
  while (true) {
    if (!skip_blank(text, at, problem)) return false;
    Token token;
    token.offset = uint32_t(at);
    const size_t start = at;
    if (at >= text.size()) {
      tokens.push_back(std::move(token));
      return true;
    }
    const char c = text[at];
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (c == '\'' || c == '"' || c == '`' || (c == 'b' && (next == '\'' || next == '"'))) {
      if (c == 'b') ++at;
      if (!read_string(text, at, token, problem)) return false;
    } else if (is_digit(c) || (c == '.' && is_digit(next))) {
      if (!read_number(text, at, token, problem)) return false;
    } else if (starts_word(c)) {
      token.kind = TokenKind::word;
      while (at < text.size() && (starts_word(text[at]) || is_digit(text[at]))) ++at;
      if (!valid_utf8(text.substr(start, at - start))) {
        problem = {uint32_t(start), "the name is not valid UTF-8", ""};
        return false;
      }
    } else if (const size_t length = symbol_length(text.substr(at))) {
      token.kind = TokenKind::symbol;
      at += length;
    } else {
      problem = {uint32_t(at), "unexpected character " + escape_for_terminal(text.substr(at, 1)), ""};
      return false;
    }
    token.text = text.substr(start, at - start);
    tokens.push_back(std::move(token));
  }
}

}  // namespace testudo::expr
