// detect/tokens.h: an expression's text as words, for those who look at its shape (shape.cpp, window.cpp).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace testudo::detect {

struct Token {
  enum class Kind : uint8_t { name, number, string, sign };
  Kind kind;
  std::string_view text;  ///< strings: what stands between the quotes
  bool odd = false;       ///< a string with escapes: `text` is not its value

  bool name(std::string_view what) const { return kind == Kind::name && text == what; }
  bool sign(std::string_view what) const { return kind == Kind::sign && text == what; }
};

/// Comments and white space are left out. Never fails: the compiler has judged the text.
std::vector<Token> tokens_of(std::string_view text);

}  // namespace testudo::detect
