// any(list, {subject contains #}) over a list that is known at compile time, a data file mostly: the closure
// is run over the list now, and what is left is one subject and many constants.
#include <algorithm>

#include "expr/builtins.h"
#include "expr/compile.h"

namespace testudo::expr {
namespace {

constexpr size_t kMostElements = 100'000;

template <typename Test>
bool every_part(const Operation& op, Test test) {
  for (const Operation* part : {op.a, op.b, op.c})
    if (part && !test(*part)) return false;
  return std::all_of(op.args.begin(), op.args.end(), [&](const Operation* part) { return test(*part); });
}

bool pure_call(const Operation& op) {
  if (op.run == run::builtin) return op.builtin->pure;
  return (op.run == run::helper || op.run == run::shared_text) && op.helper->pure;
}

// Depends on nothing but the element: the same for every event.
bool of_element(const Operation& op, uint32_t element) {
  if (op.run == run::local) return op.local == element;
  const Operation::Run known[] = {run::constant,   run::ordered,  run::equals,      run::equals_text,
                                  run::in_set,     run::contains, run::starts_with, run::ends_with,
                                  run::any_needle, run::all_of,   run::any_of,      run::negate,
                                  run::add};
  if (std::find(std::begin(known), std::end(known), op.run) == std::end(known) && !pure_call(op))
    return false;
  return every_part(op, [&](const Operation& part) { return of_element(part, element); });
}

// The same for every element, and computed without effects.
bool of_event(const Operation& op) {
  const Operation::Run known[] = {run::constant,      run::slot,  run::event,      run::event_member,
                                  run::object_member, run::label, run::unmarshaled};
  if (std::find(std::begin(known), std::end(known), op.run) == std::end(known) && !pure_call(op))
    return false;
  return every_part(op, of_event);
}

bool is_false(const Operation* op) {
  return op && op->is_constant && op->constant.is_bool() && !op->constant.boolean;
}

// The operands of an `and`, and of `a ? b : false`, which is one, in the order in which they are asked.
void flatten(const Operation& op, std::vector<const Operation*>& out) {
  if (op.run == run::all_of) {
    for (const Operation* one : op.args) flatten(*one, out);
  } else if (op.run == run::choose && is_false(op.c)) {
    flatten(*op.a, out);
    flatten(*op.b, out);
  } else {
    out.push_back(&op);
  }
}

}  // namespace

// Null: the closure is of another shape. `op` is any(list, {…}), or none, as it would be run.
Operation* Compiler::lower_known_list(const Operation& op) {
  const Operation& list = *op.a;
  if ((op.run != run::any && op.run != run::none) || !list.is_constant ||
      list.constant.kind != Value::Kind::array)
    return nullptr;
  const ValueArray& items = *list.constant.array;
  const bool negated = op.run == run::none;
  // First the element is asked, then the subject; what may come behind that is run as it was written.
  std::vector<const Operation*> parts;
  flatten(*op.b, parts);
  const auto element_only = [&](const Operation* one) { return of_element(*one, op.local); };
  const auto first = std::find_if_not(parts.begin(), parts.end(), element_only);
  if (first == parts.end()) return nullptr;
  const std::span<const Operation* const> conditions(parts.begin(), first);
  const Operation* const test = *first;
  const bool goes_on = first + 1 != parts.end();
  if (goes_on && negated) return nullptr;

  const bool equality = test->run == run::equals;
  if (test->flag || (!equality && test->run != run::contains && test->run != run::starts_with &&
                     test->run != run::ends_with))
    return nullptr;
  const Operation *subject = test->a, *wanted = test->b;
  if (equality && element_only(subject)) std::swap(subject, wanted);
  if (!element_only(wanted) || !of_event(*subject) || !subject->type.maybe(Type::string)) return nullptr;
  if (items.size > kMostElements) return nullptr;

  // Strings only: for anything else the closure fails, or means something else, when it is run.
  std::vector<std::string_view> texts;
  std::vector<Value> locals(program_.locals);
  for (uint32_t i = 0; i < items.size; ++i) {
    if (!items.items[i].is_string()) return nullptr;
    locals[op.local] = items.items[i];
    Machine machine{fold_context_, program_.slots, locals.data(), fold_bounds_};
    Value value;
    bool holds = true;
    for (const Operation* condition : conditions) {
      if (!condition->run(*condition, machine, value) || !value.is_bool()) return nullptr;
      if (!(holds = value.boolean)) break;
    }
    const bool ok = !holds || (wanted->run(*wanted, machine, value) && value.is_string());
    fold_bounds_ = machine.left;
    if (!ok) return nullptr;
    if (holds) texts.push_back(value.text());
  }
  if (texts.empty()) return constant(Value::of(negated), kBoolean);
  const auto with_rest = [&](Operation* known) {
    return goes_on ? make_list(run::all_of, kBoolean, {known, &op}) : known;
  };
  auto* about = const_cast<Operation*>(subject);
  if (equality) return with_rest(set_test(about, std::move(texts), negated));
  Needles needles;
  for (const std::string_view text : texts)
    needles.push_back({test->run == run::contains      ? Needle::Where::inside
                       : test->run == run::starts_with ? Needle::Where::start
                                                       : Needle::Where::end,
                       text});
  return with_rest(needle_test(about, std::move(needles), negated));
}

}  // namespace testudo::expr
