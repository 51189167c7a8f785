#include "engine/hubtest_results.h"

#include <algorithm>
#include <new>

#include "expr/classes.h"

namespace testudo {
namespace {

constexpr int kMaxDepth = 256;

// Values are trivially copyable, so that an arena can hold lists of them.
template <typename T>
T* list(Arena& arena, size_t count) {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 8);
  return reinterpret_cast<T*>(arena.allocate(std::max<size_t>(count, 1) * sizeof(T)));
}
const ValueArray* array_of(Arena& arena, const Value* items, size_t count) {
  return new (list<ValueArray>(arena, 1)) ValueArray{items, uint32_t(count)};
}
const ValueMap* map_of(Arena& arena, const ValueMapEntry* entries, size_t count) {
  return new (list<ValueMap>(arena, 1)) ValueMap{entries, uint32_t(count)};
}
Value event_value(const Event* event) { return Value::of_object(uint8_t(expr::ClassId::event), event); }

}  // namespace

std::string_view EventKeeper::copy(std::string_view text) {
  bytes_ += text.size();
  return arena_.copy(text);
}

Value EventKeeper::copy(const Value& value, int depth) {
  Value out = value;
  if (depth > kMaxDepth) return Value();
  switch (value.kind) {
    case Value::Kind::string:
      out.string = copy(value.text()).data();
      break;
    case Value::Kind::array: {
      const ValueArray& from = *value.array;
      bytes_ += from.size * sizeof(Value);
      auto* items = list<Value>(arena_, from.size);
      for (uint32_t i = 0; i < from.size; ++i) new (items + i) Value(copy(from.items[i], depth + 1));
      out.array = array_of(arena_, items, from.size);
      break;
    }
    case Value::Kind::map: {
      const ValueMap& from = *value.map;
      bytes_ += from.size * sizeof(ValueMapEntry);
      auto* entries = list<ValueMapEntry>(arena_, from.size);
      for (uint32_t i = 0; i < from.size; ++i)
        new (entries + i) ValueMapEntry{copy(from.entries[i].key), copy(from.entries[i].value, depth + 1)};
      out.map = map_of(arena_, entries, from.size);
      break;
    }
    default:
      break;
  }
  return out;
}

const Event& EventKeeper::keep(const Event& from) {
  Event& to = events_.emplace_back(names_);
  bytes_ += sizeof(Event);
  to.type = from.type;
  to.log_time = from.log_time;
  to.whitelisted = from.whitelisted;
  to.stage = from.stage;
  to.source = from.source;
  to.arrived = from.arrived;
  to.line_number = from.line_number;
  to.time = from.time;
  to.log_stamp = from.log_stamp;
  to.has_log_stamp = from.has_log_stamp;
  to.ambiguous = from.ambiguous;
  to.overflow = from.overflow;
  for (std::string_view Event::*field :
       {&Event::whitelist_reason, &Event::stage_name, &Event::raw, &Event::src, &Event::module,
        &Event::str_time, &Event::str_time_format, &Event::marshaled_time})
    to.*field = copy(from.*field);
  for (int b = 0; b < kBags; ++b) {
    const FieldBag& bag = from.bags[b];
    bytes_ += bag.slots() * 24;
    for (const SlotId id : bag.present()) to.bags[b].set(id, copy(bag.get(id)));
    for (const auto& [name, value] : bag.extra()) to.bags[b].set_extra(copy(name), copy(value));
  }
  for (const auto& [name, value] : from.unmarshaled) to.unmarshaled.emplace_back(copy(name), copy(value, 0));
  return to;
}

void NodeResults::node(const parse::ParserSet::Stage& stage, const parse::Node& node, const Event& event,
                       bool ok) {
  if (events_.bytes() > limit_) full_ = true;
  if (full_) return;
  const auto named = [](auto& rows, const std::string& name) -> auto& {
    for (auto& row : rows)
      if (row.name == name) return row;
    return rows.emplace_back(typename std::remove_reference_t<decltype(rows)>::value_type{name, {}});
  };
  named(named(stages_, stage.name).nodes, node.name).entries.push_back({&events_.keep(event), ok});
}

Value NodeResults::results() {
  auto* stages = list<ValueMapEntry>(arena_, stages_.size() + 1);
  size_t s = 0;
  for (const StageEntries& stage : stages_) {
    auto* nodes = list<ValueMapEntry>(arena_, stage.nodes.size());
    for (size_t n = 0; n < stage.nodes.size(); ++n) {
      const std::vector<Entry>& entries = stage.nodes[n].entries;
      auto* items = list<Value>(arena_, entries.size());
      for (size_t i = 0; i < entries.size(); ++i) {
        auto* fields = list<ValueMapEntry>(arena_, 3);
        new (fields) ValueMapEntry{"Idx", Value::of(int64_t(i))};
        new (fields + 1) ValueMapEntry{"Evt", event_value(entries[i].event)};
        new (fields + 2) ValueMapEntry{"Success", Value::of(entries[i].ok)};
        new (items + i) Value(Value::of(map_of(arena_, fields, 3)));
      }
      new (nodes + n) ValueMapEntry{stage.nodes[n].name, Value::of(array_of(arena_, items, entries.size()))};
    }
    new (stages + s++) ValueMapEntry{stage.name, Value::of(map_of(arena_, nodes, stage.nodes.size()))};
  }
  auto* none = list<ValueMapEntry>(arena_, 1);
  new (none) ValueMapEntry{"", Value::of(array_of(arena_, nullptr, 0))};
  new (stages + s++) ValueMapEntry{"success", Value::of(map_of(arena_, none, 1))};
  return Value::of(map_of(arena_, stages, s));
}

void OverflowResults::add(Overflow overflow) {
  Overflow& kept = overflows_.emplace_back(std::move(overflow));
  Event& event = events_.emplace_back(names_);
  event.type = EventType::overflow;
  event.overflow = &kept;
  event.whitelisted = kept.whitelisted;
  event.whitelist_reason = kept.whitelist_reason;
  if (!kept.alerts.empty()) event.marshaled_time = kept.alerts.front().stop_text;
}

Value OverflowResults::results() {
  // By name and sources, the greatest first; what is equal stays in the order in which it overflowed.
  std::vector<std::pair<std::string, const Event*>> order;
  for (const Event& event : events_) {
    const Overflow& overflow = *event.overflow;
    std::vector<std::string> keys = overflow.source_keys;
    std::sort(keys.begin(), keys.end());
    std::string key = overflow.alerts.empty() ? "" : overflow.alerts.front().scenario;
    for (size_t i = 0; i < keys.size(); ++i) key += (i ? "@" : "") + keys[i];
    order.emplace_back(std::move(key), &event);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  items_.clear();
  for (const auto& [key, event] : order) items_.push_back(event_value(event));
  array_ = {items_.data(), uint32_t(items_.size())};
  return Value::of(&array_);
}

}  // namespace testudo
