#include "detect/event_image.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <new>

#include "detect/scenario.h"

namespace testudo::detect {
namespace {

constexpr size_t kMaxFields = 4096, kMaxExtras = 256, kMaxSources = 100, kMaxStamp = 64;

float number(std::string_view text) {
  float value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}
std::string number_text(float value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, end};
}

}  // namespace

/// Fills the block behind the header: the number of fields is known, the text is what fits.
class EventImage::Writer {
 public:
  Writer(uint32_t fields, size_t text, Arena& arena) {
    const size_t room = sizeof(EventImage) + fields * sizeof(Field) + std::min(text, kMaxText) + kMaxStamp;
    image = new (arena.allocate(room)) EventImage();
    field_ = reinterpret_cast<Field*>(image + 1);
    begin_ = at_ = reinterpret_cast<char*>(field_ + fields);
    end_ = begin_ + std::min(text, kMaxText) + kMaxStamp;
  }
  void stamp(std::string_view text) {
    text = text.substr(0, kMaxStamp);
    image->stamp_size_ = uint8_t(text.size());
    put(text);
  }
  void add(SlotRef slot, std::string_view value) {
    value = value.substr(0, std::min(kMaxValue, size_t(end_ - at_)));
    *field_++ = {slot.index, uint8_t(slot.bag), 0, uint32_t(at_ - begin_) << 12 | uint32_t(value.size())};
    put(value);
  }
  const EventImage* finish() {
    image->bytes_ = uint32_t(at_ - reinterpret_cast<char*>(image));
    return image;
  }
  EventImage* image;

 private:
  void put(std::string_view text) {
    if (text.empty()) return;
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  Field* field_;
  char *begin_, *at_, *end_;
};

namespace {

// Each worker makes many: the list is reused.
std::vector<SlotRef>& empty_list() {
  static thread_local std::vector<SlotRef> list;
  list.clear();
  return list;
}

}  // namespace

/// Of an event that is no overflow: these of its slots.
const EventImage* EventImage::of(const Event& event, const std::vector<SlotRef>& slots, Arena& arena) {
  size_t text = 0;
  for (const SlotRef slot : slots) text += std::min(event.get(slot).size(), kMaxValue);
  Writer out(uint32_t(slots.size()), text, arena);
  out.image->time_ = unix_nanos(event.time);
  out.image->fields_ = uint16_t(slots.size());
  out.stamp(event.marshaled_time);
  for (const SlotRef slot : slots) out.add(slot, event.get(slot));
  return out.finish();
}

const EventImage* EventImage::with_parts(const Event& event, const std::vector<SlotRef>& slots, Parts& parts,
                                         Arena& arena) {
  parts.time = event.time;
  parts.marshaled_time = event.marshaled_time;
  parts.overflow = event.type == EventType::overflow;
  for (const SlotRef slot : slots) parts.fields.emplace_back(slot, event.get(slot));
  if (event.overflow)
    for (const Alert& alert : event.overflow->alerts) parts.sources.push_back(alert.source);
  return make(parts, arena);
}

const EventImage* EventImage::make(const Event& event, const ScenarioSet& set, const Pairs& more,
                                   Arena& arena) {
  const FieldBag& meta = event.bags[size_t(Bag::meta)];
  std::vector<SlotRef>& slots = empty_list();
  for (const SlotId id : meta.present()) slots.push_back({Bag::meta, id});
  for (const Bag bag : {Bag::parsed, Bag::enriched})
    for (const SlotId id : event.bags[size_t(bag)].present())
      if (set.keeps(bag, id)) slots.push_back({bag, id});
  if (meta.extra().empty() && more.empty() && !event.overflow && slots.size() <= kMaxFields)
    return of(event, slots, arena);
  Parts parts;
  parts.extras = meta.extra();
  parts.extras.insert(parts.extras.begin(), more.begin(), more.end());
  return with_parts(event, slots, parts, arena);
}

const EventImage* EventImage::make_brief(const Event& event, const ScenarioSet& set, Arena& arena) {
  if (set.needs_all()) return make(event, set, {}, arena);
  std::vector<SlotRef>& slots = empty_list();
  for (const Bag bag : {Bag::meta, Bag::parsed, Bag::enriched})
    for (const SlotId id : event.bags[size_t(bag)].present())
      if (set.needs(bag, id)) slots.push_back({bag, id});
  if (!event.overflow && slots.size() <= kMaxFields) return of(event, slots, arena);
  Parts parts;
  return with_parts(event, slots, parts, arena);
}

const EventImage* EventImage::make(const Parts& parts, Arena& arena) {
  const size_t fields = std::min(parts.fields.size(), kMaxFields);
  const size_t extras = std::min(parts.extras.size(), kMaxExtras);
  const size_t sources = std::min(parts.sources.size(), kMaxSources);
  std::vector<std::string> numbers;
  for (size_t i = 0; i < sources; ++i)
    numbers.push_back(number_text(parts.sources[i].latitude) + " " + number_text(parts.sources[i].longitude));
  const auto source_texts = [&](size_t i) {
    const AlertSource& s = parts.sources[i];
    return std::array<std::string_view, kSourceFields>{s.scope,     s.value,   s.ip, s.range,
                                                       s.as_number, s.as_name, s.cn, numbers[i]};
  };
  size_t text = 0;
  const auto count = [&](std::string_view value) { text += std::min(value.size(), kMaxValue); };
  for (size_t i = 0; i < fields; ++i) count(parts.fields[i].second);
  for (size_t i = 0; i < extras; ++i) count(parts.extras[i].first), count(parts.extras[i].second);
  for (size_t i = 0; i < sources; ++i)
    for (const std::string_view one : source_texts(i)) count(one);
  Writer out(uint32_t(fields + 2 * extras + kSourceFields * sources), text, arena);
  out.image->time_ = unix_nanos(parts.time);
  out.image->overflow_ = parts.overflow;
  out.image->fields_ = uint16_t(fields);
  out.image->extras_ = uint16_t(extras);
  out.image->sources_ = uint8_t(sources);
  out.stamp(parts.marshaled_time);
  for (size_t i = 0; i < fields; ++i) out.add(parts.fields[i].first, parts.fields[i].second);
  for (size_t i = 0; i < extras; ++i) {
    out.add({}, parts.extras[i].first);
    out.add({}, parts.extras[i].second);
  }
  for (size_t i = 0; i < sources; ++i)
    for (const std::string_view one : source_texts(i)) out.add({}, one);
  return out.finish();
}

AlertSource EventImage::source(uint32_t i) const {
  const auto at = [&](uint32_t k) {
    return std::string(text_of(field(fields_ + 2u * extras_ + kSourceFields * i + k)));
  };
  AlertSource out;
  out.scope = at(0);
  out.value = at(1);
  out.ip = at(2);
  out.range = at(3);
  out.as_number = at(4);
  out.as_name = at(5);
  out.cn = at(6);
  const std::string place = at(7);
  const size_t blank = place.find(' ');
  out.latitude = number(std::string_view(place).substr(0, blank));
  if (blank != std::string::npos) out.longitude = number(std::string_view(place).substr(blank + 1));
  return out;
}

void EventImage::kept(expr::KeptEvent& out, const std::vector<SlotRef>* only) const {
  out.time = time();
  out.marshaled_time = marshaled_time();
  out.fields.clear();
  for (uint32_t i = 0; i < fields_; ++i)
    if (!only || std::find(only->begin(), only->end(), slot(i)) != only->end())
      out.fields.emplace_back(slot(i), value(i));
}

}  // namespace testudo::detect
