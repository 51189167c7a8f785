// and, or, not, ternary, ??, ==, <, in.
#include "expr/members.h"
#include "expr/run.h"
#include "expr/values.h"

namespace testudo::expr::run {
namespace {

bool truth(const Operation* op, Machine& m, Value& out, std::string_view what) {
  if (!op->run(*op, m, out)) return false;
  return out.is_bool() || m.fail({what, " needs bool, not ", kind_name(out)});
}

}  // namespace

bool all_of(const Operation& op, Machine& m, Value& out) {
  for (const Operation* one : op.args) {
    if (!truth(one, m, out, "and")) return false;
    if (!out.boolean) return true;
  }
  return true;
}
bool any_of(const Operation& op, Machine& m, Value& out) {
  for (const Operation* one : op.args) {
    if (!truth(one, m, out, "or")) return false;
    if (out.boolean) return true;
  }
  return true;
}
bool negate(const Operation& op, Machine& m, Value& out) {
  if (!truth(op.a, m, out, "not")) return false;
  out.boolean = !out.boolean;
  return true;
}
bool choose(const Operation& op, Machine& m, Value& out) {
  if (!truth(op.a, m, out, "a condition")) return false;
  const Operation* chosen = out.boolean ? op.b : op.c;
  return chosen->run(*chosen, m, out);
}
bool otherwise(const Operation& op, Machine& m, Value& out) {
  return truth(op.a, m, out, "a condition") && (out.boolean || op.b->run(*op.b, m, out));
}
bool coalesce(const Operation& op, Machine& m, Value& out) {
  return op.a->run(*op.a, m, out) && (!out.is_nil() || op.b->run(*op.b, m, out));
}

bool equals(const Operation& op, Machine& m, Value& out) {
  Value a, b;
  bool result = false;
  if (!op.a->run(*op.a, m, a) || !op.b->run(*op.b, m, b) || !equal(m, a, b, result)) return false;
  out = Value::of(result != op.flag);
  return true;
}
bool equals_text(const Operation& op, Machine& m, Value& out) {
  if (!op.a->run(*op.a, m, out)) return false;
  out = Value::of((out.is_string() && out.text() == op.text) != op.flag);
  return true;
}
bool slot_is(const Operation& op, Machine& m, Value& out) {
  out = Value::of((m.ctx.event->get(op.slot) == op.text) != op.flag);
  return true;
}

bool ordered(const Operation& op, Machine& m, Value& out) {
  Value left, right;
  if (!op.args[0]->run(*op.args[0], m, left)) return false;
  for (size_t i = 0; i < op.text.size(); ++i) {
    int order = 0;
    if (!op.args[i + 1]->run(*op.args[i + 1], m, right) || !compare(m, left, right, order)) return false;
    const char wanted = op.text[i];  // < > l(<=) g(>=)
    const bool holds = wanted == '<'   ? order == -1
                       : wanted == '>' ? order == 1
                       : wanted == 'l' ? order <= 0
                                       : order == 0 || order == 1;
    out = Value::of(holds);
    if (!holds) return true;
    left = right;
  }
  return true;
}

bool in(const Operation& op, Machine& m, Value& out) {
  Value element, list;
  bool result = false;
  if (!op.a->run(*op.a, m, element) || !op.b->run(*op.b, m, list) ||
      !contains_value(m, element, list, result))
    return false;
  out = Value::of(result != op.flag);
  return true;
}
bool in_set(const Operation& op, Machine& m, Value& out) {
  if (!op.a->run(*op.a, m, out)) return false;
  out = Value::of((out.is_string() && op.set->contains(out.text())) != op.flag);
  return true;
}
bool slot_in_set(const Operation& op, Machine& m, Value& out) {
  out = Value::of(op.set->contains(m.ctx.event->get(op.slot)) != op.flag);
  return true;
}
bool slot_present(const Operation& op, Machine& m, Value& out) {
  out = Value::of(m.ctx.event->bags[size_t(op.slot.bag)].has(op.slot.index) != op.flag);
  return true;
}

}  // namespace testudo::expr::run
