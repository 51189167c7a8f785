// evt, evt.Line, and the events a bucket keeps.
#include "base/ip.h"
#include "expr/members.h"
#include "model/alert.h"

namespace testudo::expr {
namespace {

const Event& event(const void* object) { return *static_cast<const Event*>(object); }
const KeptEvent& kept(const void* object) { return *static_cast<const KeptEvent*>(object); }

template <ClassId id>
void same_object(Machine&, const void* object, Value& out) {
  out = Value::of_object(uint8_t(id), object);
}
template <std::string_view Event::*field>
void text(Machine&, const void* object, Value& out) {
  out = Value::of(event(object).*field);
}
void yes(Machine&, const void*, Value& out) { out = Value::of(true); }

constexpr StaticType text_bag(ClassId id) { return {Type::map, id, Type::string}; }

const Member event_rows[] = {
    {"Parsed", text_bag(ClassId::parsed), same_object<ClassId::parsed>},
    {"Meta", text_bag(ClassId::meta), same_object<ClassId::meta>},
    {"Enriched", text_bag(ClassId::enriched), same_object<ClassId::enriched>},
    {"Unmarshaled", {Type::map, ClassId::unmarshaled}, same_object<ClassId::unmarshaled>},
    {"Line", object_type(ClassId::line), same_object<ClassId::line>},
    {"Overflow", object_type(ClassId::overflow),
     [](Machine&, const void* o, Value& out) {
       out = Value::of_object(uint8_t(ClassId::overflow), event(o).overflow);
     }},
    {"Appsec", object_type(ClassId::appsec), same_object<ClassId::appsec>},
    {"Type", kInteger, [](Machine&, const void* o, Value& out) { out = Value::of(int64_t(event(o).type)); }},
    {"ExpectMode", kInteger,
     [](Machine&, const void* o, Value& out) { out = Value::of(int64_t(event(o).log_time)); }},
    {"Whitelisted", kBoolean,
     [](Machine&, const void* o, Value& out) { out = Value::of(event(o).whitelisted); }},
    {"WhitelistReason", kString, text<&Event::whitelist_reason>},
    {"Stage", kString, text<&Event::stage_name>},
    {"Time", kTime,
     [](Machine&, const void* o, Value& out) { out = Value::time(unix_nanos(event(o).time)); }},
    {"StrTime", kString, text<&Event::str_time>},
    {"StrTimeFormat", kString, text<&Event::str_time_format>},
    {"MarshaledTime", kString, text<&Event::marshaled_time>},
    {"Process", kBoolean, yes},
};

const Member line_rows[] = {
    {"Raw", kString, text<&Event::raw>},
    {"Src", kString, text<&Event::src>},
    {"Module", kString, text<&Event::module>},
    {"Time", kTime,
     [](Machine&, const void* o, Value& out) { out = Value::time(unix_nanos(event(o).arrived)); }},
    {"Labels", text_bag(ClassId::labels),
     [](Machine&, const void* o, Value& out) {
       out = Value::of_object(uint8_t(ClassId::labels), event(o).source);
     }},
    {"Process", kBoolean, yes},
};

const Member kept_rows[] = {
    {"Parsed", text_bag(ClassId::kept_parsed), same_object<ClassId::kept_parsed>},
    {"Meta", text_bag(ClassId::kept_meta), same_object<ClassId::kept_meta>},
    {"Enriched", text_bag(ClassId::kept_enriched), same_object<ClassId::kept_enriched>},
    {"Time", kTime, [](Machine&, const void* o, Value& out) { out = Value::time(unix_nanos(kept(o).time)); }},
    {"MarshaledTime", kString,
     [](Machine&, const void* o, Value& out) { out = Value::of(kept(o).marshaled_time); }},
};

// An overflow's meta is the first value that is not empty among the events of its alerts.
std::string_view overflow_meta(const Overflow& overflow, std::string_view key) {
  for (const Alert& alert : overflow.alerts)
    for (const AlertEvent& one : alert.events)
      if (const std::string* value = one.find(key); value && !value->empty()) return *value;
  return {};
}

bool get_type(Machine&, const Value& self, const Value*, Value& out) {
  static constexpr std::string_view names[] = {"log", "overflow", "unknown"};
  out = Value::of(names[std::min<size_t>(size_t(event(self.object).type), 2)]);
  return true;
}

bool get_meta(Machine& m, const Value& self, const Value* args, Value& out) {
  const Event& e = event(self.object);
  if (e.type != EventType::overflow) return bag_get(m, ClassId::meta, &e, args[0].text(), out);
  out = Value::of(e.overflow ? overflow_meta(*e.overflow, args[0].text()) : std::string_view());
  return true;
}

// The value may live in another arena than the event's, which is the one it must outlive.
bool set(Machine& m, Bag bag, std::string_view key, std::string_view value, Value& out) {
  Event& e = *m.ctx.event;
  value = e.arena.copy(value);
  const std::optional<SlotRef> slot = m.slots ? m.slots->find(bag, key) : std::nullopt;
  if (slot)
    e.set(*slot, value);
  else
    e.bags[size_t(bag)].set_extra(e.arena.copy(key), value);
  out = Value::of(true);
  return true;
}
bool set_meta(Machine& m, const Value&, const Value* args, Value& out) {
  return set(m, Bag::meta, args[0].text(), args[1].text(), out);
}
bool set_parsed(Machine& m, const Value&, const Value* args, Value& out) {
  return set(m, Bag::parsed, args[0].text(), args[1].text(), out);
}

// The addresses that the event comes from: source_ip of a line, the sources of an overflow. Others are none.
bool parse_ip_sources(Machine& m, const Value& self, const Value*, Value& out) {
  const Event& e = event(self.object);
  Value* items = m.array(e.overflow ? e.overflow->source_keys.size() : 1);
  if (!items) return false;
  size_t size = 0;
  const auto take = [&](std::string_view text) {
    if (Ip::parse(text)) items[size++] = Value::of(text);
  };
  if (e.type == EventType::overflow && e.overflow) {
    for (const std::string& key : e.overflow->source_keys) take(key);
  } else {
    Value source;
    if (!bag_get(m, ClassId::meta, &e, "source_ip", source)) return false;
    take(source.text());
  }
  return make_array(m, items, size, ClassId::text, out);
}

const Method event_calls[] = {
    {"GetType", {}, kString, get_type},
    {"GetMeta", {Type::string}, kString, get_meta},
    {"SetMeta", {Type::string, Type::string}, kBoolean, set_meta, true},
    {"SetParsed", {Type::string, Type::string}, kBoolean, set_parsed, true},
    {"ParseIPSources", {}, kTextArray, parse_ip_sources},
};

}  // namespace

std::span<const Member> event_members() { return event_rows; }
std::span<const Member> line_members() { return line_rows; }
std::span<const Method> event_methods() { return event_calls; }
std::span<const Member> kept_event_members() { return kept_rows; }

}  // namespace testudo::expr
