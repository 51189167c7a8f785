// expr/text_tests.h: the constants that many expressions look for in the same texts, looked for once.
//
// Hundreds of filters ask thousands of questions about one field: `evt.Parsed.CommandLine contains 'x'`,
// `Lower(evt.Meta.http_path) endsWith 'y'`. Each question is a row: a subject (a slot, or what pure helpers
// make of it), where the text must stand in it, and the text. Rows are registered while expressions are
// compiled; equal questions are one row. In each event a subject is scanned when the first of its rows is
// asked, by one LiteralSet for all subjects of its slot, and all its other rows are then a bit.
//
// Which rows hold also says which filters can be true at all: Expression::guard() names rows of which one
// must hold, and TextScan::found() turns that around.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "expr/expr.h"
#include "pattern/literal_set.h"

namespace testudo::expr {

/// Rows of one subject as an expression asks for them: does any of them hold?
struct RowTest;

/// Filled while a program's expressions are compiled, then finished and shared by all threads.
class TextTests {
 public:
  enum class Where : uint8_t { inside, start, end, equal };

  TextTests();
  ~TextTests();
  TextTests(const TextTests&) = delete;
  TextTests& operator=(const TextTests&) = delete;

  /// A subject: the text of a slot …
  uint32_t subject(SlotRef slot);
  /// … or what a pure helper of one string makes of another subject.
  uint32_t subject(uint32_t of, const Helper& step);
  /// The row's number, the same for the same question.
  uint32_t row(uint32_t subject, Where where, std::string_view text);
  /// The rows of this subject are part of some guard: found() reports them.
  void note_guard(uint32_t subject);

  /// After the last expression was compiled.
  void finish();

  size_t rows() const;
  size_t subjects() const;
  uint32_t subject_of(uint32_t row) const;
  SlotRef slot_of(uint32_t subject) const;  ///< that the subject is made of
  /// Does one pass over the subject pay, or is each of its few rows asked by itself?
  bool scanned(uint32_t subject) const;
  const std::vector<uint32_t>& guard_subjects() const;
  size_t bytes() const;  ///< memory of the literals, about

 private:
  friend class TextScan;
  struct Subject;
  struct Family;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Which rows hold in the event at hand. One per thread; forgets by itself when the event or its slot
/// changed.
class TextScan {
 public:
  explicit TextScan(const TextTests& tests);  ///< finished; outlives this
  ~TextScan();
  TextScan(const TextScan&) = delete;
  TextScan& operator=(const TextScan&) = delete;

  const TextTests& tests() const { return tests_; }

  enum class Answer : uint8_t { no, yes, failed };
  /// Does one of these rows hold? `failed`: a helper on the way to the subject failed.
  Answer any(Context& ctx, const RowTest& test);

  /// The subject's text; false when a helper failed. Computed once per event, lives as long as the event.
  bool text(Context& ctx, uint32_t subject, std::string_view& out);

  /// Appends the rows of one subject that hold, in no particular order; a subject that failed has none.
  void found(Context& ctx, uint32_t subject, std::vector<uint32_t>& rows);
  /// The same for every subject that guards use.
  void found(Context& ctx, std::vector<uint32_t>& rows);

 private:
  struct State;
  struct FamilyState;
  State& fresh(Context& ctx, uint32_t subject);
  bool scan(Context& ctx, uint32_t subject, State& state);
  void scan_places(Context& ctx, uint32_t subject, std::string_view scanned, State& state);
  const std::vector<uint32_t>& literals_in(Context& ctx, uint32_t family, std::string_view text);
  void add(uint32_t row, State& state);

  const TextTests& tests_;
  std::vector<State> states_;  ///< by subject
  std::vector<FamilyState> families_;
  std::vector<uint64_t> marks_;  ///< by row
  LiteralHits hits_;
};

}  // namespace testudo::expr
