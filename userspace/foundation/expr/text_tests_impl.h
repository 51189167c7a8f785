// expr/text_tests_impl.h: what TextTests holds and TextScan reads.
//
// Subjects of one slot are a family and have one set of literals, for their texts are often the same: what
// PathUnescape makes of a path is nearly always that path. Each text of a family is scanned once. Lower(x)
// and Upper(x) are not scanned at all where x is ASCII: their literals are looked for in x without regard to
// case.
#pragma once

#include <string>
#include <unordered_map>

#include "expr/text_tests.h"

namespace testudo::expr {

struct TextTests::Subject {
  static constexpr uint32_t kNone = UINT32_MAX;
  enum class Letters : uint8_t { as_they_are, lower, upper };

  SlotRef slot;         ///< of the subject at the end of the chain
  uint32_t of = kNone;  ///< the subject that `step` is applied to
  Helper step;
  Letters letters = Letters::as_they_are;  ///< lower, upper: what `step` makes of them
  uint32_t family = 0;
  size_t asked = 0;  ///< rows that ask for a text in some place

  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, uint32_t, TextHash, std::equal_to<>> equal;  ///< text → row
  size_t longest_equal = 0;
  bool in_guard = false;
};

struct TextTests::Family {
  SlotRef slot;
  LiteralSet literals;
  struct Place {
    uint32_t literal;
    uint32_t subject;
    uint32_t row;
    Where where;
  };
  std::vector<Place> places;    ///< sorted by literal
  std::vector<uint32_t> heads;  ///< places of literal i: heads[i] … heads[i + 1]
};

struct TextTests::Impl {
  std::vector<Subject> subjects;
  std::vector<Family> families;
  std::vector<uint32_t> subject_of;  ///< by row
  std::vector<uint32_t> guard_subjects;
  std::unordered_map<std::string, uint32_t> known;  ///< questions → rows, while compiling
};

}  // namespace testudo::expr
