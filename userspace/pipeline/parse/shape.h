// parse/shape.h: what can be told of an expression by its words alone.
//
// Evaluating `evt.Parsed.program` costs more than reading the field, and a filter that looks at nothing but
// the program's name need not be evaluated again for the same name. Whether an expression is of such a kind
// is plain from its tokens; where they are anything unforeseen the answer is no, and it is evaluated.
#pragma once

#include <optional>
#include <string_view>

#include "model/event.h"

namespace testudo::parse {

/// The field, when the whole text is `evt.Parsed.x`, `evt.Meta.x` or `evt.Enriched.x`.
struct NamedField {
  Bag bag = Bag::parsed;
  std::string_view name;  ///< into the text
};
std::optional<NamedField> as_named_field(std::string_view text);

/// The member, when the whole text is one of evt.Line.Raw, .Src, .Module, evt.StrTime, .MarshaledTime.
std::string_view Event::*as_event_text(std::string_view text);

/// What an expression depends on, when that is at most the labels of the line's source and one field. It then
/// has no effects, and the same value wherever these are the same.
struct Dependence {
  bool on_field = false;
  NamedField field;
};
std::optional<Dependence> dependence(std::string_view text);

}  // namespace testudo::parse
