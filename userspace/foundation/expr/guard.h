// expr/guard.h: texts of which one must occur for an expression to be true.
//
// As for the literals that a regular expression needs: of an `and` the best operand counts, of an `or` all
// operands together, and only if each has some. A negation needs nothing.
#pragma once

#include "expr/code.h"
#include "expr/text_tests.h"

namespace testudo::expr {

/// Rows of which at least one holds whenever the expression is true; empty when nothing is known. Equalities
/// of a slot only where there is nothing better: required() knows them.
std::vector<uint32_t> collect_guard(const Operation& root, TextTests& tests);

}  // namespace testudo::expr
