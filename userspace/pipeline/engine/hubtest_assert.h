// engine/hubtest_assert.h: assertion files: one expression a line, each of which must be true.
//
// The format forgives (engine-spec §7.4): in scenario.assert a false line without ` == `, in both files a
// false line whose left operand (its last word before the first ` == `) cannot be evaluated on its own. A
// strict run forgives nothing. An expression that fails is never forgiven.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "expr/expr.h"

namespace testudo {

struct AssertionRules {
  std::vector<const expr::HelperTable*> helpers;
  const SlotNames* slots = nullptr;  ///< names of the fields of the events in `results`
  bool scenario = false;             ///< which of the two files it is
  bool strict = false;
};

struct AssertionReport {
  size_t evaluated = 0;
  size_t failed = 0;
  size_t forgiven = 0;
  std::vector<std::string> failures;  ///< "FILE:LINE: … is false: … is "x"", the first 100
};

/// Evaluates `text`. `file` is used in messages only. More than 200,000 lines are refused (too_large).
Result<AssertionReport> check_assertions(std::string_view text, const std::string& file, const Value& results,
                                         const AssertionRules& rules);
/// The same of a file of at most 32 MiB.
Result<AssertionReport> check_assertion_file(const std::string& path, const Value& results,
                                             const AssertionRules& rules);

/// What assertions have beside the helpers of content: basename(path).
const expr::HelperTable& assertion_helpers();

}  // namespace testudo
