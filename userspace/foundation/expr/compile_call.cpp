// Calls: builtins with and without closures, helpers.
#include <algorithm>

#include "base/text.h"
#include "expr/builtins.h"
#include "expr/compile.h"

namespace testudo::expr {
namespace {

enum class Gives : uint8_t { boolean, integer, number, element, list, mapped, map, anything };

// A builtin with a closure is one row here and one operation in run_predicates.cpp.
struct PredicateRow {
  std::string_view name;
  Operation::Run run;
  Gives gives;
  bool test;  ///< the closure gives bool
  bool optional_closure = false;
  size_t most = 2;  ///< arguments
};
constexpr PredicateRow predicate_rows[] = {
    {"all", run::all, Gives::boolean, true},
    {"any", run::any, Gives::boolean, true},
    {"one", run::one, Gives::boolean, true},
    {"none", run::none, Gives::boolean, true},
    {"filter", run::filter, Gives::list, true},
    {"map", run::map_each, Gives::mapped, false},
    {"count", run::count, Gives::integer, true, true},
    {"sum", run::sum, Gives::number, false, true},
    {"find", run::find, Gives::element, true},
    {"findIndex", run::find_index, Gives::anything, true},
    {"findLast", run::find_last, Gives::element, true},
    {"findLastIndex", run::find_last_index, Gives::anything, true},
    {"groupBy", run::group_by, Gives::map, false},
    {"sortBy", run::sort_by, Gives::list, false, false, 3},
    {"reduce", run::reduce, Gives::anything, false, false, 3},
};

const PredicateRow& row_of(std::string_view name) {
  return *std::find_if(std::begin(predicate_rows), std::end(predicate_rows),
                       [&](const auto& row) { return row.name == name; });
}

StaticType result_of(const PredicateRow& row, const StaticType& list, const Operation* body) {
  switch (row.gives) {
    case Gives::boolean:
      return kBoolean;
    case Gives::integer:
      return kInteger;
    case Gives::list:
      return {Type::array, ClassId::none, list.element, list.element_class};
    case Gives::mapped:
      return {Type::array, ClassId::none, body->type.type, body->type.class_id};
    case Gives::map:
      return kMap;
    case Gives::number:
    case Gives::element:
    case Gives::anything:
      return kUnknown;
  }
  return kUnknown;
}

}  // namespace

const Helper* Compiler::find_helper(std::string_view name) const {
  for (const HelperTable* table : options_.helpers)
    for (const Helper& helper : *table)
      if (helper.name == name) return &helper;
  return nullptr;
}

bool Compiler::lower_arguments(const Node& node, size_t from, std::vector<const Operation*>& args) {
  for (size_t i = from; i < node.children.size(); ++i) {
    args.push_back(lower(*node.children[i]));
    if (!args.back()) return false;
  }
  return true;
}

bool Compiler::check_arguments(const Node& node, size_t from, const std::vector<Type>& params,
                               size_t required, bool variadic, const std::vector<const Operation*>& args) {
  if (args.size() < required || (!variadic && args.size() > params.size())) {
    std::string wanted = std::to_string(required);
    if (variadic)
      wanted += " or more";
    else if (params.size() > required)
      wanted += " to " + std::to_string(params.size());
    fail(node, escape_for_terminal(node.text) + " takes " + wanted + " arguments, not " +
                   std::to_string(args.size()));
    return false;
  }
  for (size_t i = 0; i < args.size() && !params.empty(); ++i) {
    const Type wanted = params[std::min(i, params.size() - 1)];
    const StaticType given = args[i]->type;
    if (wanted == Type::unknown || given.maybe(wanted) || (wanted == Type::real && given.is(Type::integer)))
      continue;
    fail(*node.children[i + from], escape_for_terminal(node.text) + " needs " + type_name(wanted) +
                                       " as argument " + std::to_string(i + 1) + ", not " + type_text(given));
    return false;
  }
  return true;
}

Operation* Compiler::lower_call(const Node& node) {
  const Builtin* builtin = find_builtin(node.text);
  const Helper* helper = builtin ? nullptr : find_helper(node.text);
  if (!builtin && !helper) {
    std::vector<std::string> known = builtin_names();
    for (const HelperTable* table : options_.helpers)
      for (const Helper& row : *table) known.emplace_back(row.name);
    for (const PredicateRow& row : predicate_rows) known.emplace_back(row.name);
    return did_you_mean(node, "unknown function " + escape_for_terminal(node.text), node.text, known);
  }
  if (helper && !helper->call)
    return fail(node, std::string(helper->name) + " is not supported: " + std::string(helper->summary));
  std::vector<const Operation*> args;
  if (!lower_arguments(node, 0, args)) return nullptr;
  if (builtin) {
    if (!check_arguments(node, 0, builtin->params, builtin->required, builtin->variadic, args))
      return nullptr;
    Operation* op = make_list(run::builtin, builtin->result, std::move(args));
    op->builtin = builtin;
    op->pure &= builtin->pure;
    return fold(op);
  }
  const size_t required = helper->params.size() - (helper->variadic && !helper->params.empty() ? 1 : 0);
  if (!check_arguments(node, 0, helper->params, required, helper->variadic, args)) return nullptr;
  Operation* op = make_list(run::helper, {helper->result}, std::move(args));
  op->helper = &program_.helpers.emplace_back(*helper);
  op->pure &= helper->pure;
  // A helper that is given a map may write into it (UnmarshalJSON, ParseKV).
  const auto& params = helper->params;
  op->writes |= !helper->pure && std::find(params.begin(), params.end(), Type::map) != params.end();
  share_text(*op);
  return fold(op);
}

// The closure's body, with its three locals; `call` gets body and place.
Operation* Compiler::lower_closure(const Node& node, StaticType element, Operation& call) {
  if (next_local_ + 3 > kMaxLocals) return fail(node, "more than 1000 variables");
  const uint32_t place = take_locals(3);
  closures_.push_back({place, element, call.run == run::reduce});
  Operation* body = lower(*node.children[0]);
  closures_.pop_back();
  if (!body) return nullptr;
  call.b = body;
  call.local = place;
  call.cost += body->cost;
  call.writes |= body->writes;
  return body;
}

Operation* Compiler::lower_predicate_call(const Node& node) {
  const PredicateRow& row = row_of(node.text);
  const size_t given = node.children.size();
  if (given < (row.optional_closure ? 1u : 2u) || given > row.most)
    return fail(node, node.text + " takes a list and a closure", node.text + "(list, {# == 'x'})");
  Operation* list = lower(*node.children[0]);
  if (!list) return nullptr;
  if (!list->type.maybe(Type::array))
    return fail(*node.children[0], node.text + " needs a list, not " + type_text(list->type));
  Operation* op = make(row.run, kUnknown, list);
  op->text = row.name;
  op->pure = false;
  const Operation* body = nullptr;
  const uint32_t locals = program_.locals;
  if (given >= 2) {
    if (!(body = lower_closure(*node.children[1], list->type.of_element(), *op))) return nullptr;
    if (row.test && !body->type.maybe(Type::boolean))
      return fail(*node.children[1]->children[0],
                  "the closure of " + node.text + " gives " + type_text(body->type) + ", not bool");
  }
  if (given == 3) {
    op->c = lower(*node.children[2]);
    if (!op->c) return nullptr;
    op->cost += op->c->cost;
    op->writes |= op->c->writes;
  }
  op->type = result_of(row, list->type, body);
  if (Operation* known = given == 2 ? lower_known_list(*op) : nullptr) {
    if (known->run != run::all_of) program_.locals = locals;  // the closure is gone
    return known;
  }
  return op;
}

}  // namespace testudo::expr
