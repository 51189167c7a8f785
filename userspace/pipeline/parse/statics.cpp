#include "parse/node.h"

namespace testudo::parse {
namespace {

using From = TextSource::From;
using Kind = StaticMove::Kind;

Kind kind_of(const Static& s) {
  const From from = s.source.from;
  switch (s.target) {
    case Static::Target::slot:
      if (from == From::slot) return Kind::slot_to_slot;
      if (from == From::constant) return Kind::constant_to_slot;
      if (from == From::field) return Kind::field_to_slot;
      return Kind::other;
    case Static::Target::field: {
      const EventField::Kind kind = s.field->kind;
      const bool plain = kind == EventField::Kind::line || kind == EventField::Kind::time_text ||
                         kind == EventField::Kind::whitelist_reason;
      return plain && from == From::slot ? Kind::slot_to_field : Kind::other;
    }
    case Static::Target::method:
      return from == From::slot ? Kind::slot_to_method : Kind::other;
    case Static::Target::ignored:
      return Kind::other;
  }
  return Kind::other;
}

}  // namespace

void Statics::finish() {
  moves.clear();
  for (const Static& s : rows) {
    StaticMove& move = moves.emplace_back();
    move.kind = kind_of(s);
    move.to = s.slot;
    move.from = s.source.slot;
    move.row = &s;
    if (move.kind == Kind::constant_to_slot) move.constant = &s.source.constant;
    if (move.kind == Kind::field_to_slot) move.field = s.source.field;
    if (move.kind == Kind::slot_to_field) move.field = s.field->text;
  }
}

}  // namespace testudo::parse
