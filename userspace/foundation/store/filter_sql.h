// store/filter_sql.h: filters as SQL conditions.
//
// Values are always bound, never written into the text. "Contains" is asked the other way round: a prefix
// that contains the query starts at one of the query's own ancestors, of which there are at most 33 or 129;
// so the index on the start finds it, where a bare range comparison would read half the table.
#pragma once

#include <string>
#include <vector>

#include "store/connection.h"
#include "store/store.h"

namespace testudo::store {

/// " WHERE … ORDER BY … LIMIT …" and its values.
struct Condition {
  std::string text;
  std::vector<SqlValue> values;
};

/// too_large: a list or word is longer than any honest request needs.
Result<Condition> condition_of(const AlertFilter& filter, TimePoint now);
Result<Condition> condition_of(const DecisionFilter& filter, TimePoint now);

}  // namespace testudo::store
