#include "detect/tokens.h"

#include <algorithm>

namespace testudo::detect {
namespace {

bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || c < 0;
}
bool digit(char c) { return c >= '0' && c <= '9'; }

/// Behind the closing quote.
size_t string_end(std::string_view text, size_t at, bool& odd) {
  const char quote = text[at];
  for (++at; at < text.size() && text[at] != quote; ++at)
    if (text[at] == '\\' && quote != '`') odd = true, ++at;
  return std::min(at, text.size());
}

}  // namespace

std::vector<Token> tokens_of(std::string_view text) {
  using Kind = Token::Kind;
  std::vector<Token> out;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    const size_t start = i;
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++i;
    } else if (text.substr(i).starts_with("//")) {
      i = std::min(text.find('\n', i), text.size());
    } else if (text.substr(i).starts_with("/*")) {
      const size_t end = text.find("*/", i + 2);
      i = end == std::string_view::npos ? text.size() : end + 2;
    } else if (c == '\'' || c == '"' || c == '`') {
      bool odd = false;
      i = string_end(text, i, odd);
      out.push_back({Kind::string, text.substr(start + 1, i - start - 1), odd});
      ++i;
    } else if (letter(c)) {
      while (i < text.size() && (letter(text[i]) || digit(text[i]))) ++i;
      out.push_back({Kind::name, text.substr(start, i - start)});
    } else if (digit(c)) {
      while (i < text.size() && (letter(text[i]) || digit(text[i]))) ++i;
      out.push_back({Kind::number, text.substr(start, i - start)});
    } else {
      static constexpr std::string_view twos[] = {"==", "!=", ">=", "<=", "&&", "||", "?.", "??", ".."};
      const bool two = std::find(std::begin(twos), std::end(twos), text.substr(i, 2)) != std::end(twos);
      out.push_back({Kind::sign, text.substr(i, two ? 2 : 1)});
      i += two ? 2 : 1;
    }
  }
  return out;
}

}  // namespace testudo::detect
