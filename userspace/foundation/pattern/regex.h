// pattern/regex.h: regular expressions of RE2's kind, with captures, in time linear in the line.
//
// RE2 decides what is valid and what matches; PCRE2's JIT takes the captures, since it is 40 times faster at
// that, under a limit that follows the line (1,000 + 4 × length); when the limit is hit RE2 takes over, so
// that time stays linear whatever an attacker writes. A pattern that trips often is tested by RE2 first.
//
// Thread-safe after compile; each thread that matches brings its own RegexScratch.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace testudo {

/// Captures by group number: view into the subject; data() == nullptr when the group did not take part.
class Captures {
 public:
  std::string_view operator[](size_t group) const { return groups_[group]; }
  bool took_part(size_t group) const { return groups_[group].data() != nullptr; }
  size_t size() const { return groups_.size(); }  ///< captured groups, the whole match (0) included
  std::vector<std::string_view>& raw() { return groups_; }

 private:
  std::vector<std::string_view> groups_;
};

/// Per-thread working memory (PCRE2 match data, JIT stack). Reusable for every Regex.
class RegexScratch {
 public:
  RegexScratch();
  ~RegexScratch();
  RegexScratch(const RegexScratch&) = delete;
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

class Regex {
 public:
  /// Compiles RE2 syntax (Perl-like, UTF-8, no look-around, no backreferences), searching unanchored.
  /// Errors: RE2's message, with its offset as far as known; patterns over 1 MiB are refused.
  static Result<Regex> compile(std::string_view pattern);

  /// Captures these groups of the pattern alone (numbers, ascending): captures[i + 1] is then what group
  /// groups[i] took. What nobody reads is cheaper not captured: a grok's header has 40 groups and 8 fields.
  /// Before the first match, and before threads share it.
  void capture_only(std::vector<int> groups);

  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  /// Does the pattern occur in `subject`?
  bool test(std::string_view subject, RegexScratch& scratch) const;
  /// As test(), and fills `captures` on a match. No allocation in the steady state.
  bool match(std::string_view subject, RegexScratch& scratch, Captures& captures) const;

  int groups() const;  ///< captured groups, group 0 not counted
  /// Number in the pattern of each captured group; that of captures[0] is 0.
  const std::vector<int>& numbers() const;
  const std::string& pattern() const;
  uint64_t trips() const;  ///< matches in which PCRE2 hit its limit and RE2 took over
  /// False when RE2 works alone: the engines might differ on this pattern, or memory may not be made
  /// executable.
  bool uses_jit() const;

  /// Literals of which at least one must occur in any subject that matches; empty = none known. For
  /// prefilters.
  const std::vector<std::string>& required_literals() const;

 private:
  Regex();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace testudo
