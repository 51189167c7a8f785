// contains, startsWith, endsWith, matches. Nil on either side is false, other types fail.
#include <cstring>

#include "expr/run.h"
#include "expr/text_tests.h"
#include "expr/values.h"

namespace testudo::expr::run {
namespace {

bool inside(std::string_view text, std::string_view needle) {
  return needle.empty() || (needle.size() <= text.size() &&
                            memmem(text.data(), text.size(), needle.data(), needle.size()) != nullptr);
}

// Computes both sides; `decided` when nil made it false already.
bool sides(const Operation& op, Machine& m, std::string_view name, Value& a, Value& b, bool& decided) {
  if (!op.a->run(*op.a, m, a) || !op.b->run(*op.b, m, b)) return false;
  decided = a.is_nil() || b.is_nil();
  if (decided) return true;
  for (const Value* side : {&a, &b})
    if (!side->is_string()) return m.fail({name, " needs strings, not ", kind_name(*side)});
  return m.spend((a.size >> 6) + 1);
}

template <typename Test>
bool pair_test(const Operation& op, Machine& m, std::string_view name, Value& out, Test test) {
  Value a, b;
  bool decided = false;
  if (!sides(op, m, name, a, b, decided)) return false;
  out = Value::of((!decided && test(a.text(), b.text())) != op.flag);
  return true;
}

std::string_view needle_name(const Needles& needles) {
  if (needles.inside || needles.front().where == Needle::Where::inside) return "contains";
  return needles.front().where == Needle::Where::start ? "startsWith" : "endsWith";
}

}  // namespace

bool found(const Needle& needle, std::string_view text) {
  switch (needle.where) {
    case Needle::Where::inside:
      return needle.finder.in(text);
    case Needle::Where::start:
      return text.starts_with(needle.text);
    case Needle::Where::end:
      return text.ends_with(needle.text);
  }
  return false;
}

bool contains(const Operation& op, Machine& m, Value& out) {
  return pair_test(op, m, "contains", out, inside);
}
bool starts_with(const Operation& op, Machine& m, Value& out) {
  return pair_test(op, m, "startsWith", out,
                   [](std::string_view a, std::string_view b) { return a.starts_with(b); });
}
bool ends_with(const Operation& op, Machine& m, Value& out) {
  return pair_test(op, m, "endsWith", out,
                   [](std::string_view a, std::string_view b) { return a.ends_with(b); });
}

bool slot_needle(const Operation& op, Machine& m, Value& out) {
  out = Value::of(found(op.needles->front(), m.ctx.event->get(op.slot)) != op.flag);
  return true;
}
bool any_needle(const Operation& op, Machine& m, Value& out) {
  Value subject;
  if (!op.a->run(*op.a, m, subject)) return false;
  bool result = false;
  if (!subject.is_nil()) {
    if (!subject.is_string())
      return m.fail({needle_name(*op.needles), " needs strings, not ", kind_name(subject)});
    if (!m.spend((subject.size >> 6) + 1)) return false;
    result = op.needles->inside && op.needles->inside->any(subject.text());
    for (size_t i = 0; i < op.needles->size() && !result; ++i)
      result = found((*op.needles)[i], subject.text());
  }
  out = Value::of(result != op.flag);
  return true;
}

bool row_needle(const Operation& op, Machine& m, Value& out) {
  const RowTest& test = *op.rows;
  TextScan* scan = m.ctx.texts;
  if (!scan || &scan->tests() != test.tests || !test.tests->scanned(test.subject))
    return op.direct(op, m, out);
  const TextScan::Answer answer = scan->any(m.ctx, test);
  if (answer == TextScan::Answer::failed) return op.direct(op, m, out);  // and say why
  out = Value::of((answer == TextScan::Answer::yes) != op.flag);
  return true;
}
bool shared_text(const Operation& op, Machine& m, Value& out) {
  TextScan* scan = m.ctx.texts;
  std::string_view text;
  if (!scan || &scan->tests() != op.rows->tests || !scan->text(m.ctx, op.rows->subject, text))
    return op.direct(op, m, out);
  out = Value::of(text);
  return true;
}

// A pattern that needs one of some literals is not run where the shared scan has found none of them.
bool row_matches(const Operation& op, Machine& m, Value& out) {
  const RowTest& test = *op.rows;
  TextScan* scan = m.ctx.texts;
  if (!scan || &scan->tests() != test.tests || !test.tests->scanned(test.subject) ||
      scan->any(m.ctx, test) != TextScan::Answer::no)
    return op.direct(op, m, out);
  out = Value::of(op.flag);
  return true;
}

bool matches_constant(const Operation& op, Machine& m, Value& out) {
  Value subject;
  if (!op.a->run(*op.a, m, subject)) return false;
  if (!subject.is_nil() && !subject.is_string())
    return m.fail({"matches needs strings, not ", kind_name(subject)});
  if (!m.ctx.regex) return m.fail({"matches is not possible here"});
  if (subject.is_string() && !m.spend(8 + (subject.size >> 4))) return false;
  out = Value::of((subject.is_string() && op.regex->test(subject.text(), *m.ctx.regex)) != op.flag);
  return true;
}

// The pattern is computed: compiled at each evaluation, as the language has it.
bool matches(const Operation& op, Machine& m, Value& out) {
  Value a, b;
  bool decided = false;
  if (!sides(op, m, "matches", a, b, decided)) return false;
  bool result = false;
  if (!decided) {
    if (!m.ctx.regex) return m.fail({"matches is not possible here"});
    if (!m.spend(1000 + b.size)) return false;
    Result<Regex> regex = Regex::compile(b.text());
    if (!regex) return m.fail({"matches: ", regex.error().message});
    result = regex->test(a.text(), *m.ctx.regex);
  }
  out = Value::of(result != op.flag);
  return true;
}

}  // namespace testudo::expr::run
