// pattern/regex_set.h: does any of many patterns match?
//
// Nearly all patterns of a list need some literal. One pass finds the literals that occur (literal_set.h),
// and only the patterns that need one of those are run, and the few that need none.
#pragma once

#include <vector>

#include "pattern/literal_set.h"
#include "pattern/regex.h"

namespace testudo {

class RegexSet {
 public:
  void add(Regex pattern);
  void finish();  ///< after the last add(), before the first test()
  /// Thread-safe after finish().
  bool any(std::string_view text, RegexScratch& scratch) const;
  size_t size() const { return patterns_.size(); }

 private:
  std::vector<Regex> patterns_;
  LiteralSet literals_;
  std::vector<std::vector<uint32_t>> by_literal_;
  std::vector<uint32_t> always_;  ///< patterns that need no literal
};

}  // namespace testudo
