// What content asks of lists that are known when it is loaded, data files mostly, turned around: the closure
// is run over the list now, and what is left is one question about the subject instead of one for each
// element.
//
//   any(File('agents.txt'), {evt.Meta.agent contains #})       the agent contains one of these texts
//   any(File('names.txt'), {evt.Parsed.file_name == #})        the name is one of these
//   any(File('nets.txt'), {IpInRange(evt.Meta.source_ip, #)})  the address lies in one of these prefixes
//   any(File('cves.json'), {evt.Meta.path contains JsonExtract(#, 'uri') ? … : false})
//                                                              the same, and the closure only where it does
//   IpInRange(ip, '10.0.0.0/8') || IpInRange(ip, '…')          likewise
#include <algorithm>

#include "expr/builtins.h"
#include "expr/compile.h"
#include "expr/required.h"

namespace testudo::expr {
namespace {

constexpr size_t kMostElements = 100'000;
constexpr uint32_t kSmall = 8;  // a subject is compiled twice: height of its tree

bool is_range_test(const Node& node) {
  return node.kind == Kind::call && node.text == "IpInRange" && node.children.size() == 2;
}

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

// The same for every element. What a helper says may change from call to call, but not by the element: asked
// once for all of them, it says what it said to the first.
bool of_event(const Operation& op) {
  const Operation::Run known[] = {run::constant, run::slot,        run::event,   run::event_member,
                                  run::label,    run::unmarshaled, run::builtin, run::object_member,
                                  run::helper,   run::shared_text, run::method};
  if (op.writes || std::find(std::begin(known), std::end(known), op.run) == std::end(known)) return false;
  return every_part(op, of_event);
}

// The operands of an `and`, and of `a ? b : false`, which is one, in the order in which they are asked.
void flatten(const Operation& op, std::vector<const Operation*>& out) {
  if (op.run == run::all_of) {
    for (const Operation* one : op.args) flatten(*one, out);
  } else if (never_otherwise(op)) {
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
  const bool range = test->run == run::helper && test->helper->name == "IpInRange" && test->args.size() == 2;
  if (range && negated) return nullptr;
  if (test->flag || (!equality && !range && test->run != run::contains && test->run != run::starts_with &&
                     test->run != run::ends_with))
    return nullptr;
  const Operation *subject = test->a, *wanted = test->b;
  if (range) {
    subject = test->args[0];
    wanted = test->args[1];
  }
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
  if (range) return with_rest(range_test(about, texts));
  if (equality) return with_rest(set_test(about, std::move(texts), negated));
  Needles needles;
  for (const std::string_view text : texts)
    needles.push_back({test->run == run::contains      ? Needle::Where::inside
                       : test->run == run::starts_with ? Needle::Where::start
                                                       : Needle::Where::end,
                       text});
  return with_rest(needle_test(about, std::move(needles), negated));
}

// A prefix that is none holds no address.
Operation* Compiler::range_test(Operation* subject, const std::vector<std::string_view>& prefixes) {
  PrefixList& list = program_.prefixes.emplace_back();
  for (const std::string_view text : prefixes)
    if (text.find('/') != std::string_view::npos)
      if (const auto prefix = Prefix::parse(text)) list.add(*prefix);
  Operation* op = make(run::in_prefixes, kBoolean, subject);
  op->extra = &list;
  op->pure = subject->pure;
  return op;
}

// IpInRange(x, '…'), and several of them about the same address joined by or.
Operation* Compiler::lower_ranges(const Node& node, size_t& at) {
  const auto constant = [](const Node& one) {
    return is_range_test(one) && one.children[1]->kind == Kind::string && one.height <= kSmall;
  };
  const Node& first = *node.children[at];
  if (!constant(first) || find_helper("IpInRange") == nullptr) return nullptr;
  size_t end = at + 1;
  while (end < node.children.size() && constant(*node.children[end]) &&
         same(*first.children[0], *node.children[end]->children[0]))
    ++end;
  Operation* subject = lower(*first.children[0]);
  if (!subject || subject->writes || subject->is_constant || !subject->type.maybe(Type::string))
    return nullptr;
  std::vector<std::string_view> prefixes;
  for (; at < end; ++at) prefixes.push_back(node.children[at]->children[1]->text);
  return range_test(subject, prefixes);
}

}  // namespace testudo::expr
