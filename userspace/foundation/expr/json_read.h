// expr/json_read.h: JSON text → a value, as fromJSON and UnmarshalJSON need it.
#pragma once

#include <vector>

#include "expr/code.h"

namespace testudo::expr {

/// Working memory of read_json, reused from text to text.
struct JsonScratch {
  std::vector<Value> items;            ///< of the lists that are open
  std::vector<ValueMapEntry> members;  ///< of the objects that are open
  std::vector<uint32_t> places;        ///< of the keys of an object with many
};

/// The whole text is one JSON value (RFC 8259); objects become maps, numbers floats. Fails otherwise; nesting
/// is bounded by kMaxValueDepth. Strings without escapes are views into `text`.
bool read_json(Machine& m, std::string_view text, Value& out, JsonScratch* scratch = nullptr);

}  // namespace testudo::expr
