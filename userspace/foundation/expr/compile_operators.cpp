// Unary, arithmetic, order, ternary.
#include "expr/compile.h"

namespace testudo::expr {

Operation* Compiler::refuse(const Node& node, const Operation* a, const Operation* b) {
  return fail(node,
              node.text + " is not defined between " + type_text(a->type) + " and " + type_text(b->type));
}

Operation* Compiler::lower_unary(const Node& node) {
  Operation* a = lower(*node.children[0]);
  if (!a) return nullptr;
  if (node.text == "not") {
    if (!a->type.maybe(Type::boolean)) return fail(node, "not needs bool, not " + type_text(a->type));
    return fold(make(run::negate, kBoolean, a));
  }
  if (!a->type.maybe_number() && !(node.text == "-" && a->type.is(Type::duration)))
    return fail(node, node.text + " is not defined for " + type_text(a->type));
  return fold(make(node.text == "-" ? run::minus : run::plus, a->type, a));
}

Operation* Compiler::lower_binary(const Node& node) {
  if (node.text[0] == '<' || node.text[0] == '>') return lower_ordered(node);
  Operation* a = lower(*node.children[0]);
  Operation* b = a ? lower(*node.children[1]) : nullptr;
  if (!b) return nullptr;
  const std::string& op = node.text;
  if (op == "==" || op == "!=") return lower_equals(node, a, b);
  if (op == "in") return lower_in(node, a, b);
  if (op == "matches") return lower_matches(node, a, b);
  if (op == "contains" || op == "startsWith" || op == "endsWith") return lower_text_test(node, a, b);
  if (op == "??") return make(run::coalesce, merge(a->type, b->type), a, b);
  return lower_arithmetic(node, a, b);
}

Operation* Compiler::lower_arithmetic(const Node& node, Operation* a, Operation* b) {
  const std::string& op = node.text;
  const StaticType x = a->type, y = b->type;
  const bool known = x.known() && y.known() && !x.is(Type::nil) && !y.is(Type::nil);
  const bool numbers = x.maybe_number() && y.maybe_number();
  const StaticType number = !known ? kUnknown : x.is(Type::integer) && y.is(Type::integer) ? kInteger : kReal;
  const auto spans = [&](Type p, Type q) { return x.maybe(p) && y.maybe(q); };
  if (op == "+") {
    if (numbers) return fold(make(run::add, number, a, b));
    if (spans(Type::string, Type::string)) return fold(make(run::add, known ? kString : kUnknown, a, b));
    if (spans(Type::duration, Type::duration))
      return fold(make(run::add, known ? kDuration : kUnknown, a, b));
    if (spans(Type::time, Type::duration) || spans(Type::duration, Type::time))
      return fold(make(run::add, known ? kTime : kUnknown, a, b));
    return refuse(node, a, b);
  }
  if (op == "-") {
    if (numbers) return fold(make(run::subtract, number, a, b));
    if (spans(Type::time, Type::time)) return fold(make(run::subtract, known ? kDuration : kUnknown, a, b));
    if (spans(Type::time, Type::duration)) return fold(make(run::subtract, known ? kTime : kUnknown, a, b));
    if (spans(Type::duration, Type::duration))
      return fold(make(run::subtract, known ? kDuration : kUnknown, a, b));
    return refuse(node, a, b);
  }
  if (op == "*") {
    if (numbers) return fold(make(run::multiply, number, a, b));
    if (spans(Type::duration, Type::integer) || spans(Type::integer, Type::duration))
      return fold(make(run::multiply, known ? kDuration : kUnknown, a, b));
    return refuse(node, a, b);
  }
  if (op == "/" || op == "**")
    return numbers ? fold(make(op == "/" ? run::divide : run::power, kReal, a, b)) : refuse(node, a, b);
  if (!spans(Type::integer, Type::integer)) return refuse(node, a, b);
  if (op == "%") return fold(make(run::remainder, kInteger, a, b));
  return fold(make(run::range, {Type::array, ClassId::none, Type::integer}, a, b));
}

Operation* Compiler::lower_ordered(const Node& node) {
  std::vector<const Operation*> operands;
  for (const Node* child : node.children) {
    operands.push_back(lower(*child));
    if (!operands.back()) return nullptr;
  }
  std::string letters;
  for (size_t i = 0; i < node.text.size(); ++i) {
    const bool wide = i + 1 < node.text.size() && node.text[i + 1] == '=';
    if (node.text[i] == '<' || node.text[i] == '>')
      letters += !wide ? node.text[i] : node.text[i] == '<' ? 'l' : 'g';
  }
  for (size_t i = 0; i + 1 < operands.size(); ++i) {
    const StaticType x = operands[i]->type, y = operands[i + 1]->type;
    bool possible = x.maybe_number() && y.maybe_number();
    for (const Type type : {Type::string, Type::time, Type::duration})
      possible |= x.maybe(type) && y.maybe(type);
    if (!possible) return refuse(node, operands[i], operands[i + 1]);
  }
  Operation* op = make_list(run::ordered, kBoolean, std::move(operands));
  op->text = program_.keep(std::move(letters));
  return fold(op);
}

Operation* Compiler::lower_choose(const Node& node) {
  Operation* condition = lower(*node.children[0]);
  if (!condition) return nullptr;
  if (!condition->type.maybe(Type::boolean))
    return fail(*node.children[0], "a condition needs bool, not " + type_text(condition->type));
  Operation* no = nullptr;
  if (!node.children[1]) {
    no = lower(*node.children[2]);
    return no ? fold(make(run::otherwise, merge(condition->type, no->type), condition, no)) : nullptr;
  }
  Operation* yes = lower(*node.children[1]);
  no = yes ? lower(*node.children[2]) : nullptr;
  return no ? fold(make(run::choose, merge(yes->type, no->type), condition, yes, no)) : nullptr;
}

}  // namespace testudo::expr
