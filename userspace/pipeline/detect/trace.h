// detect/trace.h: watches what scenarios do with an event: `testudo explain`, hub tests. An absent trace
// costs nothing.
#pragma once

#include <cstdint>
#include <string_view>

#include "detect/scenario.h"

namespace testudo::detect {

struct MatchTrace {
  virtual ~MatchTrace() = default;
  /// Of each candidate, in the order of scenarios; `error` says why it failed.
  virtual void filter(const Scenario& scenario, expr::Expression::Truth truth, std::string_view error) = 0;
};

/// A bucket after an event was offered to it.
struct PourStep {
  enum class Result : uint8_t { poured, seen, cancelled, overflowed, blackholed, filtered, no_source };
  Result result = Result::poured;
  std::string_view group;
  double level = 0;  ///< events in it that have not leaked away
  int32_t capacity = 0;
  int32_t total = 0;
  bool marked = false, fresh = false;  ///< fresh: this event made it
};

struct PourTrace {
  virtual ~PourTrace() = default;
  /// `poured`: the document whose filter was true; `owner`: the one that made the bucket (mostly the same).
  virtual void step(const Scenario& poured, const Scenario& owner, const PourStep& step) = 0;
};

}  // namespace testudo::detect
