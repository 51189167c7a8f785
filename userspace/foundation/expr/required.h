// expr/required.h: what must hold for a filter to be true, so that most filters need not be asked at all.
#pragma once

#include "expr/code.h"

namespace testudo::expr {

/// `a ? b : false`: true only where both are.
bool never_otherwise(const Operation& op);

/// Equalities among the operands of the top-level `and`, as far as nothing before them has effects.
void collect_required(const Operation& root, std::vector<Expression::Required>& slots,
                      std::vector<Expression::RequiredLabel>& labels);

/// The operands of an `and` at the top without the `required` equalities that collect_required() found; false
/// when these are not all of them operands of it, or when asking some operands twice would be noticed.
bool operands_beside_required(const Operation& root, size_t required, std::vector<const Operation*>& out);

/// How many operands of the `and` at the top, from the first, are equalities that collect_required() found.
size_t leading_equalities(const Operation& root);

}  // namespace testudo::expr
