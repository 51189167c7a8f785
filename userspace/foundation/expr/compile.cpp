#include "expr/compile.h"

#include <algorithm>

#include "base/text.h"
#include "expr/parser.h"
#include "expr/values.h"

namespace testudo::expr {

Compiler::Compiler(Program& program, const CompileOptions& options, Problem& problem)
    : program_(program), options_(options), problem_(problem) {
  program_.slots = options.slots;
  fold_context_.arena = &program_.constants;
}

const Operation* Compiler::compile(const Node& root) {
  Operation* op = lower(root);
  if (!op) return nullptr;
  const Type expect = options_.expect;
  const StaticType type = op->type;
  if (expect != Type::unknown && type.known() && type.type != expect)
    return fail(root,
                "the expression gives " + type_text(type) + ", but " + type_name(expect) + " is needed here");
  return op;
}

Operation* Compiler::fail(const Node& node, std::string message, std::string remedy) {
  if (problem_.empty()) problem_ = {node.offset, std::move(message), std::move(remedy)};
  return nullptr;
}

Operation* Compiler::did_you_mean(const Node& node, std::string message, std::string_view word,
                                  const std::vector<std::string>& known, std::string prefix) {
  const std::string near = nearest(word, known);
  return fail(node, std::move(message), near.empty() ? "" : "did you mean " + prefix + near + "?");
}

Operation* Compiler::make(Operation::Run run, StaticType type, const Operation* a, const Operation* b,
                          const Operation* c) {
  Operation& op = program_.operations.emplace_back();
  op.run = run;
  op.type = type;
  op.a = a;
  op.b = b;
  op.c = c;
  for (const Operation* part : {a, b, c}) {
    if (!part) continue;
    op.cost += part->cost;
    op.pure &= part->pure;
    op.writes |= part->writes;
  }
  return &op;
}

Operation* Compiler::make_list(Operation::Run run, StaticType type, std::vector<const Operation*> args) {
  Operation* op = make(run, type);
  for (const Operation* part : args) {
    op->cost += part->cost;
    op->pure &= part->pure;
    op->writes |= part->writes;
  }
  op->args = program_.lists.emplace_back(std::move(args));
  return op;
}

Operation* Compiler::constant(Value value, StaticType type) {
  Operation* op = make(run::constant, type);
  op->constant = value;
  op->is_constant = true;
  return op;
}

Operation* Compiler::fold(Operation* op) {
  if (!op || !op->pure) return op;
  const auto known = [](const Operation* part) { return !part || part->is_constant; };
  if (!known(op->a) || !known(op->b) || !known(op->c) ||
      !std::all_of(op->args.begin(), op->args.end(), known))
    return op;
  // What is folded is bounded over the whole expression: a small text must not become a large program.
  Machine machine{fold_context_, program_.slots, nullptr, fold_bounds_};
  Value value;
  const bool ok = op->run(*op, machine, value);
  fold_bounds_ = machine.left;
  if (!ok) return op;  // it fails when it is evaluated, as the language has it
  op->run = run::constant;
  op->constant = value;
  op->is_constant = true;
  op->cost = 1;
  if (!op->type.known()) op->type = {type_of(value), ClassId(value.class_id)};
  return op;
}

SlotRef Compiler::read_slot(Bag bag, std::string_view name) {
  const SlotRef slot = options_.slots->intern(bag, name);
  if (std::find(reads.begin(), reads.end(), slot) == reads.end()) reads.push_back(slot);
  return slot;
}

uint32_t Compiler::take_locals(uint32_t count) {
  const uint32_t place = next_local_;
  next_local_ += count;
  program_.locals = std::max(program_.locals, next_local_);
  return place;
}

Operation* Compiler::lower(const Node& node) {
  switch (node.kind) {
    case Kind::nil:
      return constant(Value(), kNil);
    case Kind::boolean:
      return constant(Value::of(node.flag), kBoolean);
    case Kind::integer:
      return constant(Value::of(node.integer), kInteger);
    case Kind::real:
      return constant(Value::of(node.real), kReal);
    case Kind::string:
      return constant(Value::of(program_.keep(node.text)), kString);
    case Kind::name:
      return lower_name(node);
    case Kind::element:
      return lower_element(node);
    case Kind::member:
      return lower_member(node);
    case Kind::index:
      return lower_index(node);
    case Kind::slice:
      return lower_slice(node);
    case Kind::call:
      return takes_predicate(node.text) ? lower_predicate_call(node) : lower_call(node);
    case Kind::method:
      return lower_method(node);
    case Kind::chain: {
      Operation* inner = lower(*node.children[0]);
      return inner ? make(run::chain, kUnknown, inner) : nullptr;
    }
    case Kind::unary:
      return lower_unary(node);
    case Kind::binary:
      return lower_binary(node);
    case Kind::ordered:
      return lower_ordered(node);
    case Kind::all_of:
    case Kind::any_of:
      return lower_junction(node);
    case Kind::choose:
      return lower_choose(node);
    case Kind::let:
      return lower_let(node);
    case Kind::array:
      return lower_array(node);
    case Kind::map:
      return lower_map(node);
    case Kind::predicate:
      return fail(node, "a closure is not expected here");
  }
  return nullptr;
}

Operation* Compiler::lower_name(const Node& node) {
  for (auto local = locals_.rbegin(); local != locals_.rend(); ++local) {
    if (local->name != node.text) continue;
    Operation* op = make(run::local, local->type);
    op->local = local->place;
    op->pure = false;  // its value is that of one evaluation: never folded, never shared
    return op;
  }
  const bool has_event = options_.scope != Scope::profile && options_.scope != Scope::assertion;
  std::vector<std::string> known;
  for (const Local& local : locals_) known.push_back(local.name);
  known.push_back(has_event ? "evt" : options_.scope == Scope::assertion ? "results" : "Alert");
  if (has_event && node.text == "evt") {
    Operation* op = make(run::event, object_type(ClassId::event));
    op->pure = false;
    return op;
  }
  if (options_.scope == Scope::profile && node.text == "Alert") {
    Operation* op = make(run::alert, object_type(ClassId::alert));
    op->pure = false;
    return op;
  }
  if (options_.scope == Scope::assertion && node.text == "results") {
    Operation* op = make(run::results, kUnknown);
    op->pure = false;
    return op;
  }
  if (options_.scope == Scope::bucket && node.text == "queue") {
    Operation* op = make(run::queue, object_type(ClassId::queue));
    op->pure = false;
    return op;
  }
  if (options_.scope == Scope::bucket && (node.text == "leaky" || node.text == "signal")) {
    const bool leaky = node.text == "leaky";
    Operation* op =
        make(leaky ? run::leaky : run::signal, object_type(leaky ? ClassId::bucket : ClassId::overflow));
    op->pure = false;
    return op;
  }
  if (options_.scope == Scope::context && node.text == "match") {
    static const ValueMap none;
    return constant(Value::of(&none), kMap);
  }
  if (options_.scope == Scope::context && node.text == "req") {
    Operation* op = make(run::empty_object, object_type(ClassId::request));
    op->constant.class_id = uint8_t(ClassId::request);
    op->pure = false;
    return op;
  }
  return did_you_mean(node, "unknown name " + escape_for_terminal(node.text), node.text, known);
}

Operation* Compiler::lower_element(const Node& node) {
  if (closures_.empty()) return fail(node, "# stands for an element and is known only in a closure");
  const Closure& closure = closures_.back();
  if (node.text == "acc" && !closure.has_total) return fail(node, "#acc is known only in reduce");
  Operation* op = make(run::local, node.text == "index" ? kInteger
                                   : node.text == "acc" ? kUnknown
                                                        : closure.element);
  op->local = closure.place + (node.text == "index" ? 1 : node.text == "acc" ? 2 : 0);
  op->pure = false;
  return op;
}

Operation* Compiler::lower_let(const Node& node) {
  for (const Local& local : locals_)
    if (local.name == node.text)
      return fail(node, "the name " + escape_for_terminal(node.text) + " is taken already");
  if (next_local_ >= kMaxLocals) return fail(node, "more than 1000 variables");
  Operation* value = lower(*node.children[0]);
  if (!value) return nullptr;
  const uint32_t place = take_locals(1);
  locals_.push_back({node.text, place, value->type});
  Operation* body = lower(*node.children[1]);
  locals_.pop_back();
  if (!body) return nullptr;
  Operation* op = make(run::let, body->type, value, body);
  op->local = place;
  op->pure = false;
  return op;
}

Operation* Compiler::lower_array(const Node& node) {
  std::vector<const Operation*> items;
  StaticType element;
  for (size_t i = 0; i < node.children.size(); ++i) {
    const Operation* item = lower(*node.children[i]);
    if (!item) return nullptr;
    element = i == 0 ? item->type : merge(element, item->type);
    items.push_back(item);
  }
  const StaticType type{Type::array, ClassId::none, element.type, element.class_id};
  return fold(make_list(run::array, type, std::move(items)));
}

Operation* Compiler::lower_map(const Node& node) {
  std::vector<const Operation*> items;
  for (size_t i = 0; i < node.children.size(); ++i) {
    const Operation* item = lower(*node.children[i]);
    if (!item) return nullptr;
    if (i % 2 == 0 && !item->type.maybe(Type::string))
      return fail(*node.children[i], "a key of a map is a string, not " + type_text(item->type));
    items.push_back(item);
  }
  return fold(make_list(run::map, kMap, std::move(items)));
}

}  // namespace testudo::expr
