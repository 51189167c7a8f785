// expr/parser.h: tokens → tree, by precedence climbing.
//
//   |  <  or ||  <  and &&  <  == != < > <= >= in matches contains …  <  ..  <  + -  <  not !  <  * / %
//      <  unary - +  <  ** ^ (right)  <  ??  <  . [] ()
//
// Ternary, let and if stand below all of them and are read only where a whole expression may stand.
#pragma once

#include <string_view>
#include <vector>

#include "expr/ast.h"
#include "expr/lexer.h"

namespace testudo::expr {

/// Nesting in the source (parentheses, brackets, closures, unary operators); deeper is refused.
inline constexpr int kMaxNesting = 256;
/// Height of the tree, which chains such as a + b + c … reach without nesting.
inline constexpr uint32_t kMaxHeight = 1000;

class Parser {
 public:
  Parser(const std::vector<Token>& tokens, Tree& tree, Problem& problem)
      : tokens_(tokens), tree_(tree), problem_(problem) {}

  /// The whole text as one expression; null with the problem filled.
  Node* parse();

 private:
  // parser.cpp: operators and statements. Every function returns null after a problem.
  Node* expression(int precedence);
  Node* operators(Node* left, int precedence);
  Node* pipe(Node* left);
  Node* comparisons(Node* left);
  Node* combine(const Token& op, Node* left, Node* right);
  Node* conditional(Node* condition);
  Node* let();
  Node* if_else();

  // parser_primary.cpp: operands.
  Node* unary();
  Node* primary();
  Node* postfix(Node* base);
  Node* member(Node* base, bool optional);
  Node* bracket(Node* base, bool optional);
  Node* word();
  Node* call(const Token& name, Node* first);
  Node* predicate();
  Node* array();
  Node* map();
  Node* element();
  bool arguments(Node& node);

  const Token& now() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  void next() {
    if (at_ + 1 < tokens_.size()) ++at_;
  }
  bool take(std::string_view symbol) {
    if (!now().symbol(symbol)) return false;
    next();
    return true;
  }
  bool expect(std::string_view symbol, std::string_view after);
  Node* fail(const Token& token, std::string message, std::string remedy = "");
  Node* make(Kind kind, const Token& token, std::string text = "", std::vector<Node*> children = {});

  const std::vector<Token>& tokens_;
  Tree& tree_;
  Problem& problem_;
  size_t at_ = 0;
  int nesting_ = 0;
  int predicates_ = 0;  ///< how many closures we are in: `.x` and `#` are allowed there
};

/// The builtins whose second argument is a closure; parsed here because a closure has its own syntax.
bool takes_predicate(std::string_view name);

}  // namespace testudo::expr
