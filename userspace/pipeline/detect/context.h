// detect/context.h: alert contexts: what an alert says of its events beside their Meta (engine-spec §5.10).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "detect/scenario.h"

namespace testudo::detect {

/// The texts that the value of a context's expression stands for: one, those of a list, or none.
void context_texts(const Value& value, expr::Context& context, std::vector<std::string_view>& out);

/// JSON text of the list, at most `limit` bytes: last values go first; of the only one left, half, again and
/// again, with "..." at its end. "" when there is nothing to say.
std::string context_json(std::vector<std::string> values, size_t limit = 4000);

/// Values of the expressions that must be evaluated while the whole event is there, in the event's arena.
void early_context_values(const ScenarioSet& set, expr::Context& context,
                          std::vector<std::pair<std::string_view, std::string_view>>& out);

}  // namespace testudo::detect
