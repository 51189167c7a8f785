// expr/text_tests_impl.h: what TextTests holds and TextScan reads.
#pragma once

#include <string>
#include <unordered_map>

#include "expr/text_tests.h"

namespace testudo::expr {

struct TextTests::Subject {
  static constexpr uint32_t kNone = UINT32_MAX;
  SlotRef slot;         ///< of the subject at the end of the chain
  uint32_t of = kNone;  ///< the subject that `step` is applied to
  Helper step;

  struct Place {
    uint32_t literal;
    uint32_t row;
    Where where;
  };
  LiteralSet literals;
  std::vector<Place> places;    ///< sorted by literal
  std::vector<uint32_t> heads;  ///< places of literal i: heads[i] … heads[i + 1]

  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, uint32_t, TextHash, std::equal_to<>> equal;  ///< text → row
  bool in_guard = false;
};

struct TextTests::Impl {
  std::vector<Subject> subjects;
  std::vector<uint32_t> subject_of;  ///< by row
  std::vector<uint32_t> guard_subjects;
  std::unordered_map<std::string, uint32_t> known;  ///< questions → rows, while compiling
};

}  // namespace testudo::expr
