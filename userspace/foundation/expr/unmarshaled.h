// expr/unmarshaled.h: evt.Unmarshaled as helpers write it.
#pragma once

#include <string_view>

#include "expr/expr.h"

namespace testudo::expr {

/// The event whose evt.Unmarshaled was given as an argument; null with ctx.error set when it is another map.
Event* unmarshaled_target(Context& ctx, std::string_view helper, const Value& map);

/// Null when the key is absent.
const Value* find_unmarshaled(const Event& event, std::string_view key);

/// The text for what is made of it and kept: `text` itself, or a copy where it lies in another arena than the
/// event's.
std::string_view kept_text(Context& ctx, Event& event, std::string_view text);

/// Sets or replaces. What `value` points to must live as long as the event; the key is copied.
void set_unmarshaled(Event& event, std::string_view key, const Value& value);

}  // namespace testudo::expr
