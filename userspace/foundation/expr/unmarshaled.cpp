#include "expr/unmarshaled.h"

#include "expr/classes.h"
#include "expr/text_tools.h"

namespace testudo::expr {

Event* unmarshaled_target(Context& ctx, std::string_view helper, const Value& map) {
  const bool right =
      map.kind == Value::Kind::object && ClassId(map.class_id) == ClassId::unmarshaled && ctx.event;
  if (!right) fail(ctx, {helper, " writes into evt.Unmarshaled, into no other map"});
  return right ? ctx.event : nullptr;
}

const Value* find_unmarshaled(const Event& event, std::string_view key) {
  for (const auto& [name, value] : event.unmarshaled)
    if (name == key) return &value;
  return nullptr;
}

std::string_view kept_text(Context& ctx, Event& event, std::string_view text) {
  return ctx.arena == &event.arena ? text : event.arena.copy(text);
}

void set_unmarshaled(Event& event, std::string_view key, const Value& value) {
  for (auto& [name, old] : event.unmarshaled)
    if (name == key) {
      old = value;
      return;
    }
  event.unmarshaled.emplace_back(event.arena.copy(key), value);
}

}  // namespace testudo::expr
