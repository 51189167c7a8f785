// GetDecisionsCount and its kin in filters: parse and detect have no store, and without one there are no
// decisions. Profiles have a store; their rows (decide/history.h) go before these.
#include "base/time.h"
#include "expr/helpers.h"
#include "expr/text_tools.h"

namespace testudo::expr {
namespace {

constexpr Type kS = Type::string, kI = Type::integer;

bool no_decisions(const void*, Context&, const Value*, size_t, Value& out) {
  out = Value::of(int64_t{0});
  return true;
}
bool no_decisions_since(const void*, Context& c, const Value* a, size_t, Value& out) {
  out = Value::of(int64_t{0});
  if (const auto back = parse_duration(a[1].text()); !back)
    return fail(c, {"GetDecisionsSinceCount: ", back.error().message});
  return true;
}
bool no_time_left(const void*, Context&, const Value*, size_t, Value& out) {
  out = Value::duration(0);
  return true;
}

// Not pure: what is folded could not be answered by a store any more.
const Helper rows[] = {
    {"GetDecisionsCount",
     "decisions ever made on a value; 0 where there is no store",
     {kS},
     false,
     kI,
     false,
     no_decisions},
    {"GetDecisionsSinceCount",
     "decisions made on a value within a duration; 0 where there is no store",
     {kS, kS},
     false,
     kI,
     false,
     no_decisions_since},
    {"GetActiveDecisionsCount",
     "active decisions on a value; 0 where there is no store",
     {kS},
     false,
     kI,
     false,
     no_decisions},
    {"GetActiveDecisionsTimeLeft",
     "time left of a decision on a value; 0 where there is no store",
     {kS},
     false,
     Type::duration,
     false,
     no_time_left},
};

}  // namespace

void add_storeless_helpers(HelperTable& table) {
  table.insert(table.end(), std::begin(rows), std::end(rows));
}

}  // namespace testudo::expr
