#include "detect/event_copy.h"

#include <cstring>
#include <new>

#include "detect/scenario.h"

namespace testudo::detect {

namespace {
/// A stranger's path or name may have 64 KiB; an alert needs no more than this of it.
constexpr size_t kMaxValue = 2048;
std::string_view cut(std::string_view value) { return value.substr(0, kMaxValue); }
}  // namespace

std::atomic<int64_t> EventCopy::live_bytes_{0};

EventCopy* EventCopy::make(const Event& event, const ScenarioSet& set, std::string_view t_text) {
  // One worker makes all copies of its shard: the lists are reused.
  static thread_local std::vector<std::pair<SlotRef, std::string_view>> fields;
  fields.clear();
  const FieldBag& meta = event.bags[size_t(Bag::meta)];
  for (SlotId id : meta.present()) fields.emplace_back(SlotRef{Bag::meta, id}, cut(meta.get(id)));
  for (SlotRef slot :
       {set.as_number, set.asn_number, set.as_name, set.country, set.latitude, set.longitude}) {
    const FieldBag& bag = event.bags[size_t(slot.bag)];
    if (bag.has(slot.index)) fields.emplace_back(slot, cut(bag.get(slot.index)));
  }
  return make(t_text, fields, meta.extra());
}

EventCopy* EventCopy::make(std::string_view t_text,
                           const std::vector<std::pair<SlotRef, std::string_view>>& fields,
                           const std::vector<std::pair<std::string_view, std::string_view>>& extras) {
  size_t text = t_text.size();
  for (const auto& [slot, value] : fields) text += value.size();
  for (const auto& [name, value] : extras) text += name.size() + value.size();
  const size_t size = sizeof(EventCopy) + (fields.size() + 2 * extras.size()) * sizeof(Field) + text;
  void* memory = std::malloc(size);
  if (!memory) throw std::bad_alloc();
  auto* copy = new (memory) EventCopy();
  copy->bytes_ = int64_t(size);
  live_bytes_.fetch_add(copy->bytes_, std::memory_order_relaxed);
  copy->fields_ = uint32_t(fields.size());
  copy->extras_ = uint32_t(extras.size());
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
  for (const auto& [slot, value] : fields) add(slot, value);
  for (const auto& [name, value] : extras) {
    add({}, name);
    add({}, value);
  }
  return copy;
}

}  // namespace testudo::detect
