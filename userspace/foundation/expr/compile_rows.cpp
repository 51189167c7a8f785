// What the expressions of one program share: texts that pure helpers make of slots, and constants that are
// looked for in them (text_tests.h).
#include "expr/compile.h"
#include "expr/text_tests.h"

namespace testudo::expr {
namespace {

TextTests::Where where_of(const Needle& needle) {
  switch (needle.where) {
    case Needle::Where::start:
      return TextTests::Where::start;
    case Needle::Where::end:
      return TextTests::Where::end;
    case Needle::Where::inside:
      break;
  }
  return TextTests::Where::inside;
}

void add(RowTest& test, uint32_t row) {
  const uint32_t word = row >> 6;
  if (test.masks.empty() || test.masks.back().first != word) test.masks.emplace_back(word, 0);
  test.masks.back().second |= uint64_t{1} << (row & 63);
}

}  // namespace

bool Compiler::subject_of(const Operation& op, uint32_t& subject) const {
  if (!options_.texts) return false;
  if (op.run == run::slot)
    subject = options_.texts->subject(op.slot);
  else if (op.run == run::shared_text)
    subject = op.rows->subject;
  else
    return false;
  return true;
}

// Upper(evt.Meta.x): a pure helper that takes one string and gives one.
void Compiler::share_text(Operation& op) {
  uint32_t of = 0;
  if (!op.helper->pure || op.args.size() != 1 || op.helper->result != Type::string ||
      op.helper->params != std::vector<Type>{Type::string} || !subject_of(*op.args[0], of))
    return;
  RowTest& shared = program_.row_tests.emplace_back();
  shared.tests = options_.texts;
  shared.subject = options_.texts->subject(of, *op.helper);
  op.rows = &shared;
  op.direct = op.run;
  op.run = run::shared_text;
}

void Compiler::share_needles(Operation& op) {
  uint32_t subject = 0;
  if (!subject_of(*op.a, subject)) return;
  RowTest& test = program_.row_tests.emplace_back();
  test.tests = options_.texts;
  test.subject = subject;
  for (const Needle& needle : *op.needles)
    add(test, options_.texts->row(subject, where_of(needle), needle.text));
  op.rows = &test;
  op.direct = op.run;
  op.run = run::row_needle;
}

void Compiler::share_pattern(Operation& op) {
  uint32_t subject = 0;
  const std::vector<std::string>& literals = op.regex->required_literals();
  if (literals.empty() || !subject_of(*op.a, subject)) return;
  RowTest& test = program_.row_tests.emplace_back();
  test.tests = options_.texts;
  test.subject = subject;
  for (const std::string& literal : literals)
    add(test, options_.texts->row(subject, TextTests::Where::inside, literal));
  op.rows = &test;
  op.direct = op.run;
  op.run = run::row_matches;
}

}  // namespace testudo::expr
