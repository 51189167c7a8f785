// The maps that live in the event: looked into by key, turned into a map value only where all of it is asked
// for.
#include "expr/members.h"
#include "expr/unmarshaled.h"

namespace testudo::expr {
namespace {

const Event& event(const void* object) { return *static_cast<const Event*>(object); }
const KeptEvent& kept(const void* object) { return *static_cast<const KeptEvent*>(object); }

Bag bag_of(ClassId id) {
  if (id == ClassId::parsed || id == ClassId::kept_parsed) return Bag::parsed;
  if (id == ClassId::meta || id == ClassId::kept_meta) return Bag::meta;
  return Bag::enriched;
}

// The value under the key, or null data when the map lacks it.
std::optional<std::string_view> find_text(Machine& m, ClassId id, const void* object, std::string_view key) {
  if (id == ClassId::labels) {
    if (object)
      for (const auto& [k, v] : static_cast<const SourceInfo*>(object)->labels)
        if (k == key) return v;
    return std::nullopt;
  }
  const std::optional<SlotRef> slot = m.slots ? m.slots->find(bag_of(id), key) : std::nullopt;
  if (id >= ClassId::kept_parsed) {
    if (slot)
      if (const std::string_view* value = kept(object).find(*slot)) return *value;
    return std::nullopt;
  }
  const FieldBag& bag = event(object).bags[size_t(bag_of(id))];
  if (slot && slot->index < bag.slots()) {
    if (bag.has(slot->index)) return bag.get(slot->index);
    return std::nullopt;
  }
  if (bag.has_extra(key)) return bag.get_extra(key);
  return std::nullopt;
}

}  // namespace

bool bag_get(Machine& m, ClassId id, const void* object, std::string_view key, Value& out) {
  if (id == ClassId::unmarshaled) {
    const Value* value = find_unmarshaled(event(object), key);
    out = value ? *value : Value();
    return true;
  }
  out = Value::of(find_text(m, id, object, key).value_or(std::string_view()));
  return true;
}

bool bag_has(Machine& m, ClassId id, const void* object, std::string_view key) {
  if (id == ClassId::unmarshaled) return find_unmarshaled(event(object), key) != nullptr;
  return find_text(m, id, object, key).has_value();
}

bool plain(Machine& m, Value& value) {
  if (value.kind != Value::Kind::object || !is_map_class(ClassId(value.class_id))) return true;
  const ClassId id = ClassId(value.class_id);
  const void* object = value.object;
  ValueMapEntry* entries = nullptr;
  size_t n = 0;
  if (id == ClassId::unmarshaled) {
    if (!(entries = m.entries(event(object).unmarshaled.size()))) return false;
    for (const auto& [k, v] : event(object).unmarshaled) entries[n++] = {k, v};
    return make_map(m, entries, n, ClassId::none, value);
  }
  if (id == ClassId::labels) {
    if (!object) return make_map(m, nullptr, 0, ClassId::text, value);
    const auto& labels = static_cast<const SourceInfo*>(object)->labels;
    if (!(entries = m.entries(labels.size()))) return false;
    for (const auto& [k, v] : labels) entries[n++] = {k, Value::of(std::string_view(v))};
    return make_map(m, entries, n, ClassId::text, value);
  }
  if (id >= ClassId::kept_parsed) {
    if (!(entries = m.entries(kept(object).fields.size()))) return false;
    for (const auto& [slot, text] : kept(object).fields)
      if (slot.bag == bag_of(id) && m.slots) entries[n++] = {m.slots->name(slot), Value::of(text)};
    return make_map(m, entries, n, ClassId::text, value);
  }
  const FieldBag& bag = event(object).bags[size_t(bag_of(id))];
  if (!(entries = m.entries(bag.present().size() + bag.extra().size()))) return false;
  for (const SlotId slot : bag.present())
    if (m.slots) entries[n++] = {m.slots->name({bag_of(id), slot}), Value::of(bag.get(slot))};
  for (const auto& [k, v] : bag.extra()) entries[n++] = {k, Value::of(v)};
  return make_map(m, entries, n, ClassId::text, value);
}

}  // namespace testudo::expr
