// Tests: ==, in, contains …, matches, and/or. Filters are made of these; the common shapes get operations
// of their own.
#include <algorithm>

#include "base/text.h"
#include "expr/compile.h"
#include "expr/members.h"

namespace testudo::expr {
namespace {

bool is_text(const Operation* op) { return op->is_constant && op->constant.is_string(); }

bool needle_kind(const std::string& name, Needle::Where& where) {
  if (name == "contains")
    where = Needle::Where::inside;
  else if (name == "startsWith")
    where = Needle::Where::start;
  else if (name == "endsWith")
    where = Needle::Where::end;
  else
    return false;
  return true;
}

// Such a subject may be compiled twice, so it must be small: nested ones would double at each level.
constexpr uint32_t kSmall = 8;

// `subject contains 'x'`: nothing else, not negated.
bool is_needle(const Node& node) {
  Needle::Where where;
  return node.kind == Kind::binary && !node.flag && needle_kind(node.text, where) &&
         node.children[1]->kind == Kind::string;
}

// `subject == 'x'`.
bool is_choice(const Node& node) {
  return node.kind == Kind::binary && node.text == "==" && node.children[1]->kind == Kind::string;
}

// How many operands from `at` on have the shape and the subject of the first.
size_t run_length(const Node& node, size_t at, bool (*shape)(const Node&)) {
  if (!shape(*node.children[at]) || node.children[at]->height > kSmall) return 0;
  size_t end = at + 1;
  while (end < node.children.size() && shape(*node.children[end]) &&
         same(*node.children[at]->children[0], *node.children[end]->children[0]))
    ++end;
  return end - at;
}

// From about ten on, one pass for all is quicker than a search for each.
constexpr size_t kMany = 10;

void search_together(Needles& needles) {
  const auto inside = [](const Needle& one) { return one.where == Needle::Where::inside; };
  if (std::count_if(needles.begin(), needles.end(), inside) < std::ptrdiff_t(kMany)) return;
  needles.inside = std::make_unique<LiteralSet>();
  for (const Needle& one : needles)
    if (inside(one)) needles.inside->add(one.text);
  needles.inside->finish();
  needles.erase(std::remove_if(needles.begin(), needles.end(), inside), needles.end());
}

TextSet set_of(const std::vector<std::string_view>& texts) {
  TextSet set;
  for (const std::string_view text : texts) set.longest = std::max(set.longest, text.size());
  if (texts.size() <= 8)
    set.few = texts;
  else
    set.many.insert(texts.begin(), texts.end());
  return set;
}

}  // namespace

Operation* Compiler::lower_equals(const Node& node, Operation* a, Operation* b) {
  if (!comparable(a->type, b->type)) return refuse(node, a, b);
  if (is_text(a) && !is_text(b)) std::swap(a, b);
  const bool negated = node.text == "!=";
  if (!is_text(b) || is_text(a)) {
    Operation* op = make(run::equals, kBoolean, a, b);
    op->flag = negated;
    return fold(op);
  }
  Operation* op = a->run == run::slot ? make(run::slot_is, kBoolean) : make(run::equals_text, kBoolean, a);
  op->slot = a->slot;
  op->text = b->constant.text();
  op->flag = negated;
  return op;
}

Operation* Compiler::set_test(Operation* subject, std::vector<std::string_view> texts, bool negated) {
  Operation* op =
      subject->run == run::slot ? make(run::slot_in_set, kBoolean) : make(run::in_set, kBoolean, subject);
  op->slot = subject->slot;
  op->flag = negated;
  op->set = &program_.sets.emplace_back(set_of(texts));
  return op;
}

Operation* Compiler::lower_in(const Node& node, Operation* a, Operation* b) {
  const StaticType list = b->type;
  if (list.is(Type::array) && !comparable(a->type, list.of_element()))
    return fail(node, type_text(a->type) + " cannot be in a list of " + type_text(list.of_element()));
  if ((list.is(Type::map) || list.is(Type::object)) && !a->type.maybe(Type::string))
    return fail(node, "a key is a string, not " + type_text(a->type));
  if (list.known() && !list.is(Type::array) && !list.is(Type::map) && !list.is(Type::object) &&
      !list.is(Type::nil))
    return fail(node, "in needs a list or a map on its right, not " + type_text(list),
                list.is(Type::string) ? "for a part of a text: text contains 'part'" : "");
  if (b->is_constant && b->constant.kind == Value::Kind::array && !a->is_constant) {
    std::vector<std::string_view> texts;
    const ValueArray& items = *b->constant.array;
    for (uint32_t i = 0; i < items.size && items.items[i].is_string(); ++i)
      texts.push_back(items.items[i].text());
    if (texts.size() == items.size) return set_test(a, std::move(texts), node.flag);
  }
  const bool bag =
      b->run == run::event_member && list.class_id >= ClassId::parsed && list.class_id <= ClassId::enriched;
  if (bag && is_text(a) && options_.slots) {
    Operation* op = make(run::slot_present, kBoolean);
    op->slot = read_slot(list.class_id == ClassId::parsed ? Bag::parsed
                         : list.class_id == ClassId::meta ? Bag::meta
                                                          : Bag::enriched,
                         a->constant.text());
    op->flag = node.flag;
    return op;
  }
  Operation* op = make(run::in, kBoolean, a, b);
  op->flag = node.flag;
  return fold(op);
}

Operation* Compiler::needle_test(Operation* subject, Needles needles, bool negated) {
  const bool on_slot = subject->run == run::slot && needles.size() == 1;
  Operation* op = make(on_slot ? run::slot_needle : run::any_needle, kBoolean, subject);
  op->slot = subject->slot;
  op->flag = negated;
  op->cost += uint32_t(needles.size());
  for (Needle& needle : needles)
    if (needle.where == Needle::Where::inside) needle.finder = Finder(needle.text);
  op->needles = &program_.needles.emplace_back(std::move(needles));
  share_needles(*op);
  if (!op->rows) search_together(*const_cast<Needles*>(op->needles));
  return op;
}

Operation* Compiler::lower_text_test(const Node& node, Operation* a, Operation* b) {
  if (!a->type.maybe(Type::string) || !b->type.maybe(Type::string)) return refuse(node, a, b);
  Needle needle;
  needle_kind(node.text, needle.where);
  if (is_text(b) && !a->is_constant) {
    needle.text = b->constant.text();
    Needles one;
    one.push_back(needle);
    return needle_test(a, std::move(one), node.flag);
  }
  Operation* op = make(needle.where == Needle::Where::inside  ? run::contains
                       : needle.where == Needle::Where::start ? run::starts_with
                                                              : run::ends_with,
                       kBoolean, a, b);
  op->flag = node.flag;
  return fold(op);
}

Operation* Compiler::lower_matches(const Node& node, Operation* a, Operation* b) {
  if (!a->type.maybe(Type::string) || !b->type.maybe(Type::string)) return refuse(node, a, b);
  if (!is_text(b)) {
    Operation* op = make(run::matches, kBoolean, a, b);
    op->flag = node.flag;
    op->pure = false;
    return op;
  }
  Result<Regex> regex = Regex::compile(b->constant.text());
  if (!regex) return fail(*node.children[1], "bad pattern: " + regex.error().message);
  regex->capture_only({});
  Operation* op = make(run::matches_constant, kBoolean, a);
  op->flag = node.flag;
  op->regex = program_.regexes.emplace_back(std::make_unique<Regex>(std::move(*regex))).get();
  op->pure = false;
  share_pattern(*op);
  return op;
}

// Several tests of one subject against constants, joined by or: the subject is computed once. That changes
// nothing as long as computing it has no effects.
Operation* Compiler::lower_needles(const Node& node, size_t& at) {
  const size_t count = run_length(node, at, is_needle);
  if (count < 2) return nullptr;
  Operation* subject = lower(*node.children[at]->children[0]);
  if (!subject || subject->writes || !subject->type.maybe(Type::string)) return nullptr;
  Needles needles;
  for (size_t i = at; i < at + count; ++i) {
    Needle needle;
    needle_kind(node.children[i]->text, needle.where);
    needle.text = program_.keep(node.children[i]->children[1]->text);
    needles.push_back(needle);
  }
  at += count;
  return needle_test(subject, std::move(needles), false);
}

Operation* Compiler::lower_choices(const Node& node, size_t& at) {
  const size_t count = run_length(node, at, is_choice);
  if (count < 2) return nullptr;
  Operation* subject = lower(*node.children[at]->children[0]);
  if (!subject || subject->writes || !subject->type.maybe(Type::string)) return nullptr;
  std::vector<std::string_view> texts;
  for (size_t i = at; i < at + count; ++i)
    texts.push_back(program_.keep(node.children[i]->children[1]->text));
  at += count;
  return set_test(subject, std::move(texts), false);
}

Operation* Compiler::lower_junction(const Node& node) {
  const bool any = node.kind == Kind::any_of;
  std::vector<const Operation*> args;
  for (size_t at = 0; at < node.children.size();) {
    Operation* op = nullptr;
    if (any &&
        ((op = lower_needles(node, at)) || (op = lower_choices(node, at)) || (op = lower_ranges(node, at)))) {
      args.push_back(op);
      continue;
    }
    if (!problem_.empty()) return nullptr;
    const Node& child = *node.children[at++];
    if (!(op = lower(child))) return nullptr;
    if (!op->type.maybe(Type::boolean))
      return fail(child, node.text + " needs bool, not " + type_text(op->type));
    args.push_back(op);
  }
  if (args.size() == 1) return const_cast<Operation*>(args[0]);
  return fold(make_list(any ? run::any_of : run::all_of, kBoolean, std::move(args)));
}

}  // namespace testudo::expr
