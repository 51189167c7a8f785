// pattern/regex_syntax.h: RE2's syntax as a tree, so that it can be said again to another engine.
//
// RE2 has accepted the pattern before it comes here; this parser need not refuse anything, it must only never
// misread. What it does not know (\p{…}, \C, deep nesting …) it gives up on, and RE2 then works alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace testudo {

using CodeRanges = std::vector<std::pair<char32_t, char32_t>>;

struct RegexNode {
  enum class Kind {
    empty,
    literal,  ///< `rune`, `fold`
    any,      ///< every character, newline too
    any_but_newline,
    set,  ///< `ranges`, `fold`, `negated`
    begin_text,
    end_text,
    begin_line,
    end_line,
    word_boundary,
    not_word_boundary,
    capture,  ///< one child
    repeat,   ///< one child, `min`, `max` (-1 = without end), `greedy`
    concat,
    alternate,
  };
  Kind kind = Kind::empty;
  char32_t rune = 0;
  bool fold = false;
  bool negated = false;
  bool greedy = true;
  int min = 0;
  int max = 0;
  CodeRanges ranges{};  ///< sorted, disjoint; before folding
  std::vector<RegexNode> children{};

  /// Can it match the empty string? (Assertions count as empty.)
  bool nullable() const;
  /// Does a node of this kind occur in the tree?
  bool has(Kind wanted) const;
};

/// The tree of a pattern that RE2 accepts; nothing when it holds what this parser does not know.
std::optional<RegexNode> parse_regex(std::string_view pattern);

/// Sorts and joins ranges.
CodeRanges normalised(CodeRanges ranges);
/// All of Unicode but `ranges` (which are normalised).
CodeRanges complement(const CodeRanges& ranges);

}  // namespace testudo
