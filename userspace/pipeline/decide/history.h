// decide/history.h: the helpers with which a profile asks what has been decided before.
//
//   GetDecisionsCount(value)  GetDecisionsSinceCount(value, "24h")
//   GetActiveDecisionsCount(value)  GetActiveDecisionsTimeLeft(value)
//
// A value that is an address or a prefix finds the decisions that cover it, any other one those with its
// text. Simulated decisions do not count: what banned nobody must not make a later ban longer.
#pragma once

#include <string_view>

#include "base/time.h"
#include "expr/expr.h"

namespace testudo {

/// Who knows it: the decider. Called from profile expressions, in the thread that decides.
class DecisionHistory {
 public:
  virtual ~DecisionHistory() = default;
  /// Active and past ones made at or after `since`; errors count as none and are logged.
  virtual int64_t decisions_since(std::string_view value, TimePoint since) = 0;
  virtual int64_t active_decisions(std::string_view value) = 0;
  /// Of the one that lasts longest; zero when there is none.
  virtual Duration time_left(std::string_view value) = 0;
  virtual TimePoint time() = 0;
};

/// Rows that point to `history`, which outlives every expression compiled with them.
expr::HelperTable history_helpers(DecisionHistory& history);

}  // namespace testudo
