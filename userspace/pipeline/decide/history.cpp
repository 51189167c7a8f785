#include "decide/history.h"

namespace testudo {

namespace {

using expr::Context;
using expr::Type;

// Helpers take a const owner; asking may read the store, so the history itself is not const.
DecisionHistory& of(const void* owner) { return *static_cast<DecisionHistory*>(const_cast<void*>(owner)); }

bool want_text(Context& ctx, const Value& value, const char* helper) {
  if (value.is_string()) return true;
  ctx.error = std::string(helper) + ": the value must be a string";
  return false;
}

bool decisions_count(const void* owner, Context& ctx, const Value* args, size_t, Value& out) {
  if (!want_text(ctx, args[0], "GetDecisionsCount")) return false;
  out = Value::of(of(owner).decisions_since(args[0].text(), TimePoint{}));
  return true;
}

bool decisions_since_count(const void* owner, Context& ctx, const Value* args, size_t, Value& out) {
  if (!want_text(ctx, args[0], "GetDecisionsSinceCount") ||
      !want_text(ctx, args[1], "GetDecisionsSinceCount"))
    return false;
  const auto back = parse_duration(args[1].text());
  if (!back) {
    ctx.error = "GetDecisionsSinceCount: " + back.error().message;
    return false;
  }
  out = Value::of(of(owner).decisions_since(args[0].text(), of(owner).time() - *back));
  return true;
}

bool active_count(const void* owner, Context& ctx, const Value* args, size_t, Value& out) {
  if (!want_text(ctx, args[0], "GetActiveDecisionsCount")) return false;
  out = Value::of(of(owner).active_decisions(args[0].text()));
  return true;
}

bool active_time_left(const void* owner, Context& ctx, const Value* args, size_t, Value& out) {
  if (!want_text(ctx, args[0], "GetActiveDecisionsTimeLeft")) return false;
  out = Value::duration(of(owner).time_left(args[0].text()).count());
  return true;
}

}  // namespace

expr::HelperTable history_helpers(DecisionHistory& history) {
  return {
      {"GetDecisionsCount",
       "decisions ever made on a value, active or over",
       {Type::string},
       false,
       Type::integer,
       false,
       decisions_count,
       &history},
      {"GetDecisionsSinceCount",
       "decisions made on a value within a duration: \"24h\"",
       {Type::string, Type::string},
       false,
       Type::integer,
       false,
       decisions_since_count,
       &history},
      {"GetActiveDecisionsCount",
       "active decisions on a value",
       {Type::string},
       false,
       Type::integer,
       false,
       active_count,
       &history},
      {"GetActiveDecisionsTimeLeft",
       "time left of the longest active decision on a value",
       {Type::string},
       false,
       Type::duration,
       false,
       active_time_left,
       &history},
  };
}

}  // namespace testudo
