#include "expr/parser.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace testudo::expr {
namespace {

struct Operator {
  std::string_view spelling;
  std::string_view name;  ///< the one spelling in the tree
  int precedence;
  bool word;
  bool right = false;
  bool negatable = false;
};
constexpr Operator operators_table[] = {
    {"|", "|", 0, false},
    {"||", "or", 10, false},
    {"or", "or", 10, true},
    {"&&", "and", 15, false},
    {"and", "and", 15, true},
    {"==", "==", 20, false},
    {"!=", "!=", 20, false},
    {"<", "<", 20, false},
    {">", ">", 20, false},
    {"<=", "<=", 20, false},
    {">=", ">=", 20, false},
    {"in", "in", 20, true, false, true},
    {"matches", "matches", 20, true, false, true},
    {"contains", "contains", 20, true, false, true},
    {"startsWith", "startsWith", 20, true, false, true},
    {"endsWith", "endsWith", 20, true, false, true},
    {"..", "..", 25, false},
    {"+", "+", 30, false},
    {"-", "-", 30, false},
    {"*", "*", 60, false},
    {"/", "/", 60, false},
    {"%", "%", 60, false},
    {"**", "**", 100, false, true},
    {"^", "**", 100, false, true},
    {"??", "??", 500, false},
};

const Operator* find_operator(const Token& token) {
  if (token.kind != TokenKind::word && token.kind != TokenKind::symbol) return nullptr;
  for (const Operator& op : operators_table)
    if (op.spelling == token.text && op.word == (token.kind == TokenKind::word)) return &op;
  return nullptr;
}

bool is_order(std::string_view op) { return op == "<" || op == ">" || op == "<=" || op == ">="; }

std::string shown(const Token& token) {
  return token.kind == TokenKind::end ? std::string("the end")
                                      : escape_for_terminal(token.text.substr(0, 40));
}

}  // namespace

bool same(const Node& a, const Node& b) {
  if (a.kind != b.kind || a.flag != b.flag || a.integer != b.integer || a.real != b.real ||
      a.text != b.text || a.children.size() != b.children.size())
    return false;
  for (size_t i = 0; i < a.children.size(); ++i) {
    const Node *x = a.children[i], *y = b.children[i];
    if (!x != !y || (x && !same(*x, *y))) return false;
  }
  return true;
}

Node* Parser::fail(const Token& token, std::string message, std::string remedy) {
  if (problem_.empty()) problem_ = {token.offset, std::move(message), std::move(remedy)};
  return nullptr;
}

bool Parser::expect(std::string_view symbol, std::string_view after) {
  if (take(symbol)) return true;
  fail(now(), "expected " + std::string(symbol) + " " + std::string(after) + ", found " + shown(now()));
  return false;
}

Node* Parser::make(Kind kind, const Token& token, std::string text, std::vector<Node*> children) {
  uint32_t height = 0;
  for (const Node* child : children)
    if (child) height = std::max(height, child->height);
  if (height >= kMaxHeight) return fail(token, "the expression is a chain of more than 1000 operations");
  Node& node = tree_.nodes.emplace_back();
  node.kind = kind;
  node.offset = token.offset;
  node.height = height + 1;
  node.text = std::move(text);
  node.children = std::move(children);
  return &node;
}

Node* Parser::parse() {
  if (now().kind == TokenKind::end) return fail(now(), "the expression is empty");
  Node* root = expression(0);
  if (!root) return nullptr;
  if (now().kind != TokenKind::end)
    return fail(now(), "unexpected " + shown(now()) + " after the expression");
  return root;
}

Node* Parser::expression(int precedence) {
  if (nesting_ >= kMaxNesting) return fail(now(), "nested deeper than 256 levels");
  ++nesting_;
  Node* result = nullptr;
  if (precedence == 0 && now().word("let")) {
    result = let();
  } else if (precedence == 0 && now().word("if")) {
    result = if_else();
  } else if ((result = unary()) && (result = operators(result, precedence)) && precedence == 0) {
    result = conditional(result);
  }
  --nesting_;
  return result;
}

Node* Parser::operators(Node* left, int precedence) {
  std::string_view previous;
  while (left) {
    const Token* token = &now();
    const bool negated = token->word("not");
    if (negated) token = &ahead();
    const Operator* op = find_operator(*token);
    if (negated && (!op || !op->negatable))
      return fail(*token, "unexpected " + shown(*token) + " after not",
                  "`not` before an operand, or `not in`, `not contains` …");
    if (!op || op->precedence < precedence) return left;
    if (previous == "??" && op->name != "??")
      return fail(*token, "?? and " + std::string(op->spelling) + " cannot be mixed",
                  "put one of them in parentheses");
    if (negated) next();
    previous = op->name;
    if (op->name == "|") {
      next();
      left = pipe(left);
      continue;
    }
    if (is_order(op->name)) {
      left = comparisons(left);
      continue;
    }
    const Token& at = now();
    next();
    Node* right = expression(op->right ? op->precedence : op->precedence + 1);
    if (!right) return nullptr;
    left = combine(at, left, right);
    if (left && negated) left->flag = true;
  }
  return left;
}

// and/or become one node with many operands: filters join hundreds of them, the tree stays flat.
Node* Parser::combine(const Token& at, Node* left, Node* right) {
  const std::string name(find_operator(at)->name);
  if (name != "and" && name != "or") return make(Kind::binary, at, name, {left, right});
  const Kind kind = name == "and" ? Kind::all_of : Kind::any_of;
  if (left->kind != kind) return make(kind, at, name, {left, right});
  left->children.push_back(right);
  left->height = std::max(left->height, right->height + 1);
  return left->height > kMaxHeight ? fail(at, "the expression is a chain of more than 1000 operations")
                                   : left;
}

// value | function(more) is function(value, more).
Node* Parser::pipe(Node* left) {
  const Token& name = now();
  if (name.kind != TokenKind::word) return fail(name, "expected a function after |, found " + shown(name));
  next();
  if (!now().symbol("(")) return fail(now(), "expected ( after | " + shown(name));
  Node* node = call(name, left);
  return node ? postfix(node) : nullptr;
}

// a < b < c is a < b and b < c, with b computed once.
Node* Parser::comparisons(Node* left) {
  const Token& start = now();
  std::vector<Node*> operands{left};
  std::string names;
  while (now().kind == TokenKind::symbol && is_order(now().text)) {
    names += (names.empty() ? "" : " ") + std::string(now().text);
    next();
    Node* right = expression(21);
    if (!right) return nullptr;
    operands.push_back(right);
  }
  const Kind kind = operands.size() == 2 ? Kind::binary : Kind::ordered;
  return make(kind, start, std::move(names), std::move(operands));
}

Node* Parser::conditional(Node* condition) {
  while (now().symbol("?")) {
    const Token& at = now();
    next();
    Node* yes = nullptr;  // c ?: b has none
    if (!take(":")) {
      if (!(yes = expression(0)) || !expect(":", "between the two values of ? :")) return nullptr;
    }
    Node* no = expression(0);
    if (!no) return nullptr;
    condition = make(Kind::choose, at, "?", {condition, yes, no});
    if (!condition) return nullptr;
  }
  return condition;
}

Node* Parser::let() {
  const Token& at = now();
  next();
  const Token& name = now();
  if (name.kind != TokenKind::word) return fail(name, "expected a name after let, found " + shown(name));
  next();
  if (!expect("=", "after let " + shown(name))) return nullptr;
  Node* value = expression(0);
  if (!value || !expect(";", "after the value of " + shown(name))) return nullptr;
  Node* body = expression(0);
  return body ? make(Kind::let, at, std::string(name.text), {value, body}) : nullptr;
}

Node* Parser::if_else() {
  const Token& at = now();
  next();
  Node* condition = expression(0);
  if (!condition || !expect("{", "after the condition of if")) return nullptr;
  Node* yes = expression(0);
  if (!yes || !expect("}", "after the branch of if")) return nullptr;
  if (!now().word("else"))
    return fail(now(), "expected else, found " + shown(now()), "an if without else has no value");
  next();
  Node* no = nullptr;
  if (now().word("if")) {
    no = expression(0);
  } else if (expect("{", "after else")) {
    no = expression(0);
    if (!no || !expect("}", "after the branch of else")) return nullptr;
  }
  return no ? make(Kind::choose, at, "if", {condition, yes, no}) : nullptr;
}

}  // namespace testudo::expr
