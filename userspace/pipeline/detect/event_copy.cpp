#include "detect/event_copy.h"

#include <cstring>
#include <new>

#include "detect/scenario.h"

namespace testudo::detect {

EventCopy* EventCopy::make(const Event& event, const ScenarioSet& set, TimePoint t, std::string_view t_text) {
  const FieldBag& meta = event.bags[size_t(Bag::meta)];
  const SlotRef enriched[] = {set.as_number, set.asn_number, set.as_name,
                              set.country,   set.latitude,   set.longitude};
  (void)t;
  uint32_t fields = uint32_t(meta.present().size());
  size_t text = t_text.size();
  for (SlotId id : meta.present()) text += meta.get(id).size();
  for (SlotRef slot : enriched) {
    const FieldBag& bag = event.bags[size_t(slot.bag)];
    if (!bag.has(slot.index)) continue;
    ++fields;
    text += bag.get(slot.index).size();
  }
  const auto extras = uint32_t(meta.extra().size());
  for (const auto& [name, value] : meta.extra()) text += name.size() + value.size();

  void* memory = std::malloc(sizeof(EventCopy) + (fields + 2 * extras) * sizeof(Field) + text);
  if (!memory) throw std::bad_alloc();
  auto* copy = new (memory) EventCopy();
  copy->fields_ = fields;
  copy->extras_ = extras;
  copy->stamp_size_ = uint32_t(t_text.size());
  auto* field = reinterpret_cast<Field*>(copy + 1);
  char* out = copy->text();
  uint32_t at = 0;
  const auto put = [&](std::string_view value) {
    if (!value.empty()) std::memcpy(out + at, value.data(), value.size());
    at += uint32_t(value.size());
  };
  put(t_text);
  const auto add = [&](SlotRef slot, std::string_view value) {
    *field++ = Field{slot, uint32_t(value.size()), at};
    put(value);
  };
  for (SlotId id : meta.present()) add({Bag::meta, id}, meta.get(id));
  for (SlotRef slot : enriched) {
    const FieldBag& bag = event.bags[size_t(slot.bag)];
    if (bag.has(slot.index)) add(slot, bag.get(slot.index));
  }
  for (const auto& [name, value] : meta.extra()) {
    add({}, name);
    add({}, value);
  }
  return copy;
}

}  // namespace testudo::detect
