// Members, elements, slices, methods.
#include "base/text.h"
#include "expr/compile.h"
#include "expr/members.h"

namespace testudo::expr {
namespace {

std::vector<std::string> member_names(ClassId id) {
  std::vector<std::string> names;
  for (const Member& member : members_of(id)) names.emplace_back(member.name);
  return names;
}

Bag bag_of(ClassId id) {
  if (id == ClassId::parsed || id == ClassId::kept_parsed) return Bag::parsed;
  if (id == ClassId::meta || id == ClassId::kept_meta) return Bag::meta;
  return Bag::enriched;
}

bool is_event(const Operation& op) { return op.run == run::event; }

}  // namespace

Operation* Compiler::lower_member(const Node& node) {
  Operation* base = lower(*node.children[0]);
  return base ? member_of(node, base, node.text) : nullptr;
}

Operation* Compiler::member_of(const Node& node, Operation* base, std::string_view name) {
  const StaticType type = base->type;
  Operation* op = nullptr;
  if (is_map_class(type.class_id) && type.is(Type::map)) {
    op = bag_member(base, name);
  } else if (type.is(Type::object)) {
    const Member* member = find_member(type.class_id, name);
    const std::string prefix = std::string(class_name(type.class_id)) + ".";
    if (!member)
      return did_you_mean(node, "unknown field " + prefix + escape_for_terminal(name), name,
                          member_names(type.class_id), prefix);
    op = is_event(*base) ? make(run::event_member, member->type)
                         : make(run::object_member, member->type, base);
    op->member = member;
    op->pure = false;
    // A base that may be nil when it is optional makes the result nil too.
    if (node.flag) op->type = kUnknown;
  } else if (type.is(Type::map)) {
    op = make(run::any_member, type.of_element(), base);
  } else if (!type.known()) {
    op = make(run::any_member, kUnknown, base);
  } else {
    return fail(node, type_text(type) + " has no field " + escape_for_terminal(name));
  }
  op->text = program_.keep(std::string(name));
  op->flag = node.flag;
  return op->run == run::any_member ? fold(op) : op;
}

// evt.Parsed.x and its kin. The base is known to be there, it need not be computed.
Operation* Compiler::bag_member(Operation* base, std::string_view name) {
  const ClassId id = base->type.class_id;
  Operation* op = nullptr;
  if (id == ClassId::labels) {
    op = make(run::label, kString);
  } else if (id == ClassId::unmarshaled) {
    op = make(run::unmarshaled, kUnknown);
  } else if (!options_.slots) {
    op = make(run::any_member, kString, base);
  } else if (id >= ClassId::kept_parsed) {
    op = make(run::kept_slot, kString, base);
    op->slot = read_slot(bag_of(id), name);
  } else {
    op = make(run::slot, kString);
    op->slot = read_slot(bag_of(id), name);
  }
  return op;
}

Operation* Compiler::lower_index(const Node& node) {
  Operation* base = lower(*node.children[0]);
  if (!base) return nullptr;
  Operation* key = lower(*node.children[1]);
  if (!key) return nullptr;
  const StaticType type = base->type;
  if (key->is_constant && key->constant.is_string() && (type.is(Type::map) || type.is(Type::object)))
    return member_of(node, base, key->constant.text());
  StaticType result;
  if (type.is(Type::array)) {
    if (!key->type.maybe_number())
      return fail(*node.children[1], "an index is an int, not " + type_text(key->type));
    result = type.of_element();
  } else if (type.is(Type::map)) {
    if (!key->type.maybe(Type::string))
      return fail(*node.children[1], "a key is a string, not " + type_text(key->type));
    result = type.of_element();
  } else if (type.is(Type::string)) {
    if (!key->type.maybe_number())
      return fail(*node.children[1], "an index is an int, not " + type_text(key->type));
    result = kInteger;
  } else if (type.known() && !type.is(Type::object)) {
    return fail(node, type_text(type) + " has no elements");
  }
  Operation* op = make(run::any_index, node.flag ? kUnknown : result, base, key);
  op->flag = node.flag;
  return fold(op);
}

Operation* Compiler::lower_slice(const Node& node) {
  const Operation* parts[3] = {};
  for (int i = 0; i < 3; ++i)
    if (node.children[size_t(i)] && !(parts[i] = lower(*node.children[size_t(i)]))) return nullptr;
  if (!parts[0]->type.maybe(Type::string) && !parts[0]->type.is(Type::array))
    return fail(node, type_text(parts[0]->type) + " cannot be sliced");
  for (int i = 1; i < 3; ++i)
    if (parts[i] && !parts[i]->type.maybe(Type::integer))
      return fail(*node.children[size_t(i)],
                  "a bound of a slice is an int, not " + type_text(parts[i]->type));
  Operation* op = make(run::slice, node.flag ? kUnknown : parts[0]->type, parts[0], parts[1], parts[2]);
  op->flag = node.flag;
  return fold(op);
}

// evt.GetMeta('x') and evt.SetMeta('x', …) name a key: it gets a slot.
void Compiler::note_meta_key(const Node& node, std::string_view method) {
  if (!options_.slots || node.children.size() < 2 || node.children[1]->kind != Kind::string) return;
  if (method == "GetMeta") read_slot(Bag::meta, node.children[1]->text);
  if (method == "SetMeta") options_.slots->intern(Bag::meta, node.children[1]->text);
  if (method == "SetParsed") options_.slots->intern(Bag::parsed, node.children[1]->text);
}

Operation* Compiler::lower_method(const Node& node) {
  Operation* base = lower(*node.children[0]);
  std::vector<const Operation*> args;
  if (!base || !lower_arguments(node, 1, args)) return nullptr;
  const StaticType type = base->type;
  const Method* method = find_method(type.type, type.class_id, node.text);
  if (!method && type.known()) {
    std::vector<std::string> names;
    for (const Method& one : methods_of(type.type, type.class_id)) names.emplace_back(one.name);
    return did_you_mean(node, type_text(type) + " has no method " + escape_for_terminal(node.text), node.text,
                        names);
  }
  if (method && !check_arguments(node, 1, method->params, method->params.size(), false, args)) return nullptr;
  if (is_event(*base)) note_meta_key(node, node.text);
  Operation* op = make_list(method ? run::method : run::any_method,
                            method && !node.flag ? method->result : kUnknown, std::move(args));
  op->a = base;
  op->cost += base->cost;
  op->flag = node.flag;
  op->pure = false;
  op->writes |= base->writes || !method || method->writes;
  op->text = program_.keep(node.text);
  op->method = method;
  return op;
}

}  // namespace testudo::expr
