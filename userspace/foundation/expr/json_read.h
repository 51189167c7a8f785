// expr/json_read.h: JSON text → a value, as the builtin fromJSON needs it.
#pragma once

#include "expr/code.h"

namespace testudo::expr {

/// The whole text is one JSON value (RFC 8259); objects become maps, numbers floats. Fails otherwise; nesting
/// is bounded by kMaxValueDepth.
bool read_json(Machine& m, std::string_view text, Value& out);

}  // namespace testudo::expr
