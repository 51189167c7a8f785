// expr/ast.h: the tree the parser builds: what was written, before any name is looked up.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace testudo::expr {

enum class Kind : uint8_t {
  nil,
  boolean,    // flag
  integer,    // integer
  real,       // real
  string,     // text
  name,       // text
  element,    // text: "" for #, "index" for #index, "acc" for #acc
  member,     // children[0] . text; flag: ?.
  index,      // children[0] [ children[1] ]; flag: ?.[
  slice,      // children[0] [ children[1] : children[2] ], absent bounds are null
  call,       // text ( children… )
  method,     // children[0] . text ( children[1…] ); flag: ?.
  chain,      // children[0]: a chain of members in which ?. occurs
  unary,      // text: not -
  binary,     // text: operator in one spelling; flag: negated (`not in`)
  ordered,    // a < b <= c: children; text: the operators, with a blank between
  all_of,     // and, any number of operands
  any_of,     // or
  choose,     // children: condition, yes (null: ?:), no
  let,        // text = children[0]; children[1]
  array,      // children
  map,        // children: key, value, key, value …
  predicate,  // children[0]: body of a closure
};

struct Node {
  Kind kind = Kind::nil;
  bool flag = false;
  uint32_t offset = 0;  ///< byte offset in the source: errors point there
  uint32_t height = 1;  ///< of the tree below; bounded, so that walking it cannot exhaust the stack
  int64_t integer = 0;
  double real = 0;
  std::string text;
  std::vector<Node*> children;
};

/// Owns its nodes flatly: nothing recurses when it ends.
struct Tree {
  std::deque<Node> nodes;
  Node* root = nullptr;
};

/// Same shape, same names, same constants.
bool same(const Node& a, const Node& b);

}  // namespace testudo::expr
