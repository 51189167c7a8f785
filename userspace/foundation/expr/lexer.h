// expr/lexer.h: text → tokens.
//
// Words are one kind: whether `in` is an operator or a member name is known only to the parser, since any
// word may follow a dot.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace testudo::expr {

enum class TokenKind : uint8_t { end, word, symbol, string, integer, real };

struct Token {
  TokenKind kind = TokenKind::end;
  uint32_t offset = 0;    ///< of its first byte
  std::string_view text;  ///< as written
  std::string decoded;    ///< strings: escapes resolved
  int64_t integer = 0;
  double real = 0;

  bool is(TokenKind k, std::string_view t) const { return kind == k && text == t; }
  bool symbol(std::string_view t) const { return is(TokenKind::symbol, t); }
  bool word(std::string_view t) const { return is(TokenKind::word, t); }
};

/// A problem at a byte offset; Expression::compile makes a place in the file of it.
struct Problem {
  uint32_t offset = 0;
  std::string message;
  std::string remedy;
  bool empty() const { return message.empty(); }
};

/// All tokens, the last one `end`. False with `problem` filled when the text is not lexically valid.
bool tokenize(std::string_view text, std::vector<Token>& tokens, Problem& problem);

/// literal.cpp: decodes the literal that starts at text[at]; moves `at` behind it.
bool read_string(std::string_view text, size_t& at, Token& token, Problem& problem);
bool read_number(std::string_view text, size_t& at, Token& token, Problem& problem);

}  // namespace testudo::expr
