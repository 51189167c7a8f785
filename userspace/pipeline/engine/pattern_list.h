// engine/pattern_list.h: hundreds of patterns asked about one text.
//
// Nearly every pattern has texts without which it cannot match. One pass over the subject says which of these
// occur, and only the patterns they belong to are tried: of 600 patterns for user agents usually none. The
// few patterns without such texts are tried as one alternation.
//
// Immutable after finish(), shared by all threads.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "pattern/literal_set.h"
#include "pattern/regex.h"

namespace testudo {

class PatternList {
 public:
  static constexpr size_t npos = SIZE_MAX;

  void add(Regex&& pattern) { patterns_.push_back(std::move(pattern)); }
  void finish();
  size_t size() const { return patterns_.size(); }
  /// Patterns that are tried on every text, for want of a text that they need.
  size_t ungated() const { return ungated_.size(); }

  /// Does any pattern occur in the subject?
  bool any(std::string_view subject, RegexScratch& scratch, LiteralHits& hits) const;
  /// The first that does, in the order of addition; npos: none.
  size_t first(std::string_view subject, RegexScratch& scratch, LiteralHits& hits) const;

 private:
  void join_ungated();

  std::vector<Regex> patterns_;
  LiteralSet literals_;
  std::vector<std::vector<uint32_t>> users_;  ///< by literal: the patterns that need it
  std::vector<uint32_t> ungated_;
  std::vector<Regex> joined_;  ///< the ungated ones as alternations
};

}  // namespace testudo
