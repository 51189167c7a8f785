// What content asks of lists that are known when it is loaded, turned around: one question about the subject
// instead of one for each element.
//
//   any(File('agents.txt'), {evt.Meta.agent contains #})       the agent contains one of these texts
//   any(File('cves.json'), {evt.Meta.path contains JsonExtract(#, 'uri') ? … : false})
//                                                              the same, and the closure only where it does
//   any(File('names.txt'), {evt.Parsed.file_name == #})        the name is one of these
//   any(File('nets.txt'), {IpInRange(evt.Meta.source_ip, #)})  the address lies in one of these prefixes
//   IpInRange(ip, '10.0.0.0/8') || IpInRange(ip, '…')          likewise
#include <algorithm>

#include "expr/builtins.h"
#include "expr/compile.h"

namespace testudo::expr {
namespace {

constexpr uint32_t kMaxElements = 20'000;
constexpr uint32_t kSmall = 8;  // a subject is compiled twice: height of its tree

bool is_text_test(const Node& node) {
  return node.kind == Kind::binary && !node.flag &&
         (node.text == "contains" || node.text == "startsWith" || node.text == "endsWith");
}
bool is_equality(const Node& node) { return node.kind == Kind::binary && node.text == "=="; }
bool is_range_test(const Node& node) {
  return node.kind == Kind::call && node.text == "IpInRange" && node.children.size() == 2;
}

bool uses_element(const Node& node) {
  if (node.kind == Kind::element) return true;
  return std::any_of(node.children.begin(), node.children.end(),
                     [](const Node* child) { return child && uses_element(*child); });
}

// The test that must hold for the closure to be true of an element; null when there is none of a known kind.
const Node* needed_test(const Node& body) {
  if (is_text_test(body) || is_equality(body) || is_range_test(body)) return &body;
  if (body.kind == Kind::choose && body.children[1] && body.children[2]->kind == Kind::boolean &&
      !body.children[2]->flag)
    return needed_test(*body.children[0]);
  return nullptr;
}

// `len(#) > 0` and its like, which cannot fail on a text and change nothing: passed over.
bool is_length_test(const Node& node) {
  static constexpr std::string_view orders[] = {"<", "<=", ">", ">=", "==", "!="};
  if (node.kind != Kind::binary ||
      std::find(std::begin(orders), std::end(orders), node.text) == std::end(orders))
    return false;
  const Node &left = *node.children[0], &right = *node.children[1];
  return left.kind == Kind::call && left.text == "len" && left.children.size() == 1 &&
         left.children[0]->kind == Kind::element && left.children[0]->text.empty() &&
         right.kind == Kind::integer;
}

const Node* needed_of_all(const Node& body) {
  if (body.kind != Kind::all_of) return needed_test(body);
  for (const Node* operand : body.children)
    if (!is_length_test(*operand)) return needed_test(*operand);
  return nullptr;
}

}  // namespace

bool Compiler::of_element_alone(const Node& node) const {
  if (node.kind == Kind::string || node.kind == Kind::integer) return true;
  if (node.kind == Kind::element) return node.text.empty();
  if (node.kind != Kind::call) return false;
  const Builtin* builtin = find_builtin(node.text);
  const Helper* helper = builtin ? nullptr : find_helper(node.text);
  if (!(builtin ? builtin->pure : helper && helper->pure && helper->call)) return false;
  return std::all_of(node.children.begin(), node.children.end(),
                     [&](const Node* child) { return of_element_alone(*child); });
}

// What `node` gives for each element of the list. False when that is not known: it fails, or is no string.
bool Compiler::each_element(const Node& node, const ValueArray& list, StaticType element,
                            std::vector<std::string_view>& texts) {
  if (next_local_ + 3 > kMaxLocals) return false;
  const uint32_t place = take_locals(3);
  closures_.push_back({place, element, false});
  const Operation* op = lower(node);
  closures_.pop_back();
  if (!op) return false;
  std::vector<Value> locals(program_.locals);
  for (uint32_t i = 0; i < list.size; ++i) {
    if (!list.items[i].is_string()) return false;
    locals[place] = list.items[i];
    locals[place + 1] = Value::of(int64_t(i));
    Machine machine{fold_context_, program_.slots, locals.data(), fold_bounds_};
    Value value;
    const bool ok = op->run(*op, machine, value) && value.is_string();
    fold_bounds_ = machine.left;
    if (!ok) return false;
    texts.push_back(value.text());
  }
  return true;
}

// `any` over a list that is known: the question turned around, where that is possible, else `any` as it is.
Operation* Compiler::over_known_list(const Node& call, Operation* any) {
  const Operation& list = *any->a;
  if (!list.is_constant || list.constant.kind != Value::Kind::array) return any;
  const ValueArray& items = *list.constant.array;
  if (items.size == 0 || items.size > kMaxElements) return any;
  const Node& body = *call.children[1]->children[0];
  const Node* test = needed_of_all(body);
  if (!test) return any;
  const bool turned_about = is_equality(*test) && uses_element(*test->children[0]);
  const Node &about = *test->children[turned_about], &known = *test->children[!turned_about];
  if (about.height > kSmall || uses_element(about) || !of_element_alone(known)) return any;
  std::vector<std::string_view> texts;
  if (!each_element(known, items, list.type.of_element(), texts)) return any;
  Operation* subject = lower(about);
  if (!subject || subject->writes || subject->is_constant || !subject->type.maybe(Type::string)) return any;
  Operation* turned = nullptr;
  if (is_range_test(*test)) {
    turned = range_test(subject, texts);
  } else if (is_equality(*test)) {
    turned = set_test(subject, std::move(texts), false);
  } else {
    const Needle::Where where = test->text == "contains"     ? Needle::Where::inside
                                : test->text == "startsWith" ? Needle::Where::start
                                                             : Needle::Where::end;
    Needles needles;
    for (const std::string_view text : texts) needles.push_back({where, text});
    turned = needle_test(subject, std::move(needles), false);
  }
  if (test == &body) return turned;
  return make_list(run::all_of, kBoolean, {turned, any});
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
