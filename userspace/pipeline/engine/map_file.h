// engine/map_file.h: a data file of type map: which tag belongs to a text.
//
// Each line is a JSON object of strings: {"pattern": "/crx/packmgr/", "tag": "aem-probing", "type":
// "contains"}. Types are equals, contains and regex. An exact entry goes before all others; then the
// `contains` whose text stands leftmost (of two at the same place the one that comes first in the file); then
// the first regex.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "engine/pattern_list.h"
#include "model/value.h"

namespace testudo {

class MapFile {
 public:
  /// One line; its error is the reason why it is left out.
  Result<void> add(std::string_view line);
  void finish();

  /// The row, or npos.
  size_t lookup(std::string_view text, RegexScratch& scratch, LiteralHits& hits) const;
  std::string_view tag(size_t row) const { return tags_[row]; }
  /// All rows as maps of strings, with all their keys.
  const ValueArray& rows() const { return array_; }

  static constexpr size_t npos = SIZE_MAX;

 private:
  Arena memory_;
  std::vector<Value> rows_;
  std::vector<std::string_view> tags_;
  ValueArray array_;
  std::unordered_map<std::string_view, uint32_t> equals_;
  LiteralSet contained_;
  std::vector<uint32_t> contained_rows_;  ///< by literal
  PatternList patterns_;
  std::vector<uint32_t> pattern_rows_;
};

}  // namespace testudo
