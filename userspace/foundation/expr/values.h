// expr/values.h: what values are to one another: equality, order, text, JSON.
#pragma once

#include <string>

#include "expr/code.h"

namespace testudo::expr {

/// `==`: numbers across int and float, arrays and maps by content, different kinds never. Fails only when the
/// comparison is too long or too deep.
bool equal(Machine& m, const Value& a, const Value& b, bool& result);

/// `<`: numbers, strings (bytewise), times, durations; anything else fails. `order` is -1, 0, 1 (2: not a
/// number).
bool compare(Machine& m, const Value& a, const Value& b, int& order);

/// `x in list`, `key in map`, `field in object`.
bool contains_value(Machine& m, const Value& element, const Value& in, bool& result);

/// As Go's %v prints it. False when it is too long or too deep.
bool append_text(Machine& m, const Value& value, std::string& out, int depth = 0);
/// A float as %v prints it: shortest digits, exponent from 1e+06 on and below 1e-04.
std::string real_text(double value);

/// JSON: sorted keys, <>& escaped. `indent` < 0: on one line.
bool append_json(Machine& m, const Value& value, std::string& out, int indent, int depth = 0);

inline bool is_number(const Value& v) {
  return v.kind == Value::Kind::integer || v.kind == Value::Kind::real;
}
inline double as_real(const Value& v) { return v.kind == Value::Kind::real ? v.real : double(v.integer); }
inline const char* kind_name(const Value& v) { return type_name(type_of(v)); }

}  // namespace testudo::expr
