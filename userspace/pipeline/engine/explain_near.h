// engine/explain_near.h: how far does a pattern that did not match get into a text, and what stopped it?
//
// A grok expression is cut at its top level into a sequence of parts:   ^Failed |%{WORD:how}| for |%{USER:u}
// The longest run of parts from the left that still matches says where it stopped; the part behind it is then
// entered (a group, a named pattern), one of its alternatives after the other, and cut in the same way.
// Patterns are compiled for this alone and kept in a bounded table: for `explain`, not for the hot path.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pattern/grok.h"

namespace testudo {

struct PatternPart {
  std::string_view text;  ///< with its quantifier
  enum class Kind : uint8_t { literal, reference, group, other } kind = Kind::other;
  bool optional = false;       ///< may match nothing: never what stopped a pattern
  bool repeated = false;       ///< more than once
  std::string_view opener;     ///< groups: "(?:" …
  std::string_view body;       ///< groups: what is inside
  std::string_view reference;  ///< references: NAME
};

/// Alternatives of the top level, at least one. Parts point into `pattern`.
std::vector<std::vector<PatternPart>> split_pattern(std::string_view pattern);

/// The parts of `pattern` that matched, and where in the text that ended.
struct NearMiss {
  size_t begin = 0, end = 0;  ///< bytes of the text that the parts before matched
  std::string expected;       ///< the pattern from the part that stopped it on, shortened
  int weight = 0;             ///< how much that says: literals and narrow patterns count, wild cards do not
};

class NearMisses {
 public:
  explicit NearMisses(const GrokTable& table) : table_(table) {}
  /// Nothing when not even the first part was found, or the pattern cannot be cut.
  std::optional<NearMiss> find(std::string_view pattern, std::string_view text);

 private:
  struct Search;
  /// Null when it cannot be compiled.
  const Regex* compiled(const std::string& pattern);
  int weight_of(const PatternPart& part);

  const GrokTable& table_;
  std::unordered_map<std::string, std::unique_ptr<Regex>> regexes_;
  RegexScratch scratch_;
  Captures captures_;
};

}  // namespace testudo
