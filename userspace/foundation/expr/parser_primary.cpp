// Operands: literals, names, calls, closures, and what follows them (.x [i] [i:j] (…)).
#include <algorithm>
#include <array>

#include "base/text.h"
#include "expr/parser.h"

namespace testudo::expr {
namespace {

constexpr std::array<std::string_view, 12> keywords = {
    "in", "or", "and", "not", "matches", "contains", "startsWith", "endsWith", "let", "if", "else", "nil"};

bool is_keyword(std::string_view word) {
  return std::find(keywords.begin(), keywords.end(), word) != keywords.end();
}

std::string shown(const Token& token) {
  return token.kind == TokenKind::end ? std::string("the end")
                                      : escape_for_terminal(token.text.substr(0, 40));
}

}  // namespace

bool takes_predicate(std::string_view name) {
  static constexpr std::array<std::string_view, 16> names = {
      "all",  "any",       "one",      "none",          "filter",  "map",    "count",  "sum",
      "find", "findIndex", "findLast", "findLastIndex", "groupBy", "sortBy", "reduce", "countBy"};
  return std::find(names.begin(), names.end() - 1, name) != names.end() - 1;
}

Node* Parser::unary() {
  const Token& at = now();
  int precedence = 0;
  if (at.word("not") || at.symbol("!")) precedence = 50;
  if (at.symbol("-") || at.symbol("+")) precedence = 90;
  if (precedence == 0) return primary();
  next();
  Node* operand = expression(precedence);
  if (!operand) return nullptr;
  if (at.symbol("+")) return make(Kind::unary, at, "+", {operand});
  return make(Kind::unary, at, precedence == 50 ? "not" : "-", {operand});
}

Node* Parser::primary() {
  const Token& at = now();
  Node* node = nullptr;
  switch (at.kind) {
    case TokenKind::integer:
      next();
      if ((node = make(Kind::integer, at))) node->integer = at.integer;
      return node ? postfix(node) : nullptr;
    case TokenKind::real:
      next();
      if ((node = make(Kind::real, at))) node->real = at.real;
      return node ? postfix(node) : nullptr;
    case TokenKind::string:
      next();
      node = make(Kind::string, at, at.decoded);
      return node ? postfix(node) : nullptr;
    case TokenKind::word:
      return word();
    case TokenKind::end:
      return fail(at, "the expression ends where a value was expected");
    case TokenKind::symbol:
      break;
  }
  if (at.symbol("(")) {
    next();
    node = expression(0);
    if (!node || !expect(")", "to close the parenthesis")) return nullptr;
    // A parenthesis ends a chain of ?. and keeps a comparison from being chained.
    return postfix(node);
  }
  if (at.symbol("["))
    node = array();
  else if (at.symbol("{"))
    node = map();
  else if (at.symbol("#"))
    node = element();
  else if (at.symbol(".") && predicates_ > 0)
    node = make(Kind::element, at);
  else
    return fail(at, "unexpected " + shown(at) + " where a value was expected");
  return node ? postfix(node) : nullptr;
}

Node* Parser::word() {
  const Token& at = now();
  if (is_keyword(at.text) && at.text != "nil")
    return fail(at, "unexpected " + shown(at) + " where a value was expected");
  next();
  Node* node = nullptr;
  if (at.text == "true" || at.text == "false") {
    if ((node = make(Kind::boolean, at))) node->flag = at.text == "true";
  } else if (at.text == "nil") {
    node = make(Kind::nil, at);
  } else if (now().symbol("(")) {
    node = call(at, nullptr);
  } else {
    node = make(Kind::name, at, std::string(at.text));
  }
  return node ? postfix(node) : nullptr;
}

Node* Parser::element() {
  const Token& at = now();
  if (predicates_ == 0)
    return fail(at, "# stands for an element and is known only in a closure", "any(list, {# == 'x'})");
  next();
  if (now().kind == TokenKind::word && now().offset == at.offset + 1) {
    const std::string name(now().text);
    if (name != "index" && name != "acc")
      return fail(now(), "unknown name #" + name, "#index and #acc exist");
    next();
    return make(Kind::element, at, name);
  }
  return make(Kind::element, at);
}

Node* Parser::postfix(Node* base) {
  bool optional_seen = false;
  const Token& start = now();
  while (base) {
    if (now().symbol(".") || now().symbol("?.")) {
      const bool optional = now().symbol("?.");
      optional_seen |= optional;
      next();
      base = optional && now().symbol("[") ? bracket(base, true) : member(base, optional);
    } else if (now().symbol("[")) {
      base = bracket(base, false);
    } else {
      break;
    }
  }
  return base && optional_seen ? make(Kind::chain, start, "", {base}) : base;
}

Node* Parser::member(Node* base, bool optional) {
  const Token& name = now();
  if (name.kind != TokenKind::word) return fail(name, "expected a field name after ., found " + shown(name));
  next();
  Node* node = make(now().symbol("(") ? Kind::method : Kind::member, name, std::string(name.text), {base});
  if (!node) return nullptr;
  node->flag = optional;
  return node->kind == Kind::member || arguments(*node) ? node : nullptr;
}

Node* Parser::bracket(Node* base, bool optional) {
  const Token& at = now();
  next();
  Node* from = nullptr;
  Node* to = nullptr;
  bool is_slice = false;
  if (!now().symbol(":") && !(from = expression(0))) return nullptr;
  if (take(":")) {
    is_slice = true;
    if (!now().symbol("]") && !(to = expression(0))) return nullptr;
  }
  if (!expect("]", "to close the index")) return nullptr;
  Node* node =
      is_slice ? make(Kind::slice, at, "", {base, from, to}) : make(Kind::index, at, "", {base, from});
  if (node) node->flag = optional;
  return node;
}

// Reads `(a, b, …)` behind what the node has already.
bool Parser::arguments(Node& node) {
  if (!expect("(", "before the arguments")) return false;
  while (!now().symbol(")")) {
    Node* argument = expression(0);
    if (!argument) return false;
    node.children.push_back(argument);
    node.height = std::max(node.height, argument->height + 1);
    if (!take(",") && !now().symbol(")")) return expect(")", "after the arguments of " + node.text);
  }
  next();
  if (node.height <= kMaxHeight) return true;
  fail(now(), "the expression is a chain of more than 1000 operations");
  return false;
}

Node* Parser::call(const Token& name, Node* first) {
  Node* node = make(Kind::call, name, std::string(name.text));
  if (!node) return nullptr;
  if (first) {
    node->children.push_back(first);
    node->height = first->height + 1;
  }
  if (!takes_predicate(name.text)) return arguments(*node) ? node : nullptr;
  if (!expect("(", "before the arguments")) return nullptr;
  while (!now().symbol(")")) {
    Node* argument = node->children.size() == 1 ? predicate() : expression(0);
    if (!argument) return nullptr;
    node->children.push_back(argument);
    node->height = std::max(node->height, argument->height + 1);
    if (!take(",") && !now().symbol(")")) {
      expect(")", "after the arguments of " + node->text);
      return nullptr;
    }
  }
  next();
  return node->height <= kMaxHeight ? node
                                    : fail(name, "the expression is a chain of more than 1000 operations");
}

Node* Parser::predicate() {
  const Token& at = now();
  const bool braces = take("{");
  ++predicates_;
  Node* body = expression(0);
  --predicates_;
  if (!body || (braces && !expect("}", "to close the closure"))) return nullptr;
  return make(Kind::predicate, at, "", {body});
}

Node* Parser::array() {
  const Token& at = now();
  next();
  std::vector<Node*> items;
  while (!now().symbol("]")) {
    Node* item = expression(0);
    if (!item) return nullptr;
    items.push_back(item);
    if (!take(",") && !now().symbol("]")) {
      expect("]", "to close the list");
      return nullptr;
    }
  }
  next();
  return make(Kind::array, at, "", std::move(items));
}

Node* Parser::map() {
  const Token& at = now();
  next();
  std::vector<Node*> items;
  while (!now().symbol("}")) {
    const Token& token = now();
    Node* key = nullptr;
    if (token.kind == TokenKind::word || token.kind == TokenKind::string ||
        token.kind == TokenKind::integer) {
      next();
      key = make(Kind::string, token,
                 token.kind == TokenKind::string ? token.decoded : std::string(token.text));
    } else if (take("(")) {
      key = expression(0);
      if (!key || !expect(")", "to close the key")) return nullptr;
    } else {
      return fail(token,
                  "a key of a map is a name, a string, a number or (an expression), not " + shown(token));
    }
    if (!key || !expect(":", "after the key")) return nullptr;
    Node* value = expression(0);
    if (!value) return nullptr;
    items.push_back(key);
    items.push_back(value);
    if (!take(",") && !now().symbol("}")) {
      expect("}", "to close the map");
      return nullptr;
    }
  }
  next();
  return make(Kind::map, at, "", std::move(items));
}

}  // namespace testudo::expr
