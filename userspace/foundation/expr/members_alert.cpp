// evt.Overflow, Alert, its source, its events, its decisions.
#include "expr/members.h"
#include "model/alert.h"

namespace testudo::expr {
namespace {

template <typename T>
const T& as(const void* object) {
  return *static_cast<const T*>(object);
}
template <typename T, std::string T::*field>
void text(Machine&, const void* object, Value& out) {
  out = Value::of(object ? std::string_view(as<T>(object).*field) : std::string_view());
}
template <typename T, bool T::*field>
void flag(Machine&, const void* object, Value& out) {
  out = Value::of(object && as<T>(object).*field);
}
template <typename T, auto field>
void number(Machine&, const void* object, Value& out) {
  out = Value::of(int64_t(as<T>(object).*field));
}

// A list of objects of one class, made when it is asked for.
template <typename T>
void list(Machine& m, const std::vector<T>& items, ClassId id, Value& out) {
  Value* values = m.array(items.size());
  if (!values) return;
  for (size_t i = 0; i < items.size(); ++i) values[i] = Value::of_object(uint8_t(id), &items[i]);
  make_array(m, values, items.size(), ClassId::none, out);
}
constexpr StaticType list_type(ClassId id) { return {Type::array, ClassId::none, Type::object, id}; }

// A postoverflow may change a source's value, never the key under which it was found.
std::string_view source_key(const Overflow& overflow, size_t i) {
  return i < overflow.source_keys.size() ? overflow.source_keys[i] : overflow.alerts[i].source.value;
}

void sources(Machine& m, const void* o, Value& out) {
  const size_t size = o ? as<Overflow>(o).alerts.size() : 0;
  ValueMapEntry* entries = m.entries(size);
  if (!entries) return;
  for (size_t i = 0; i < size; ++i)
    entries[i] = {source_key(as<Overflow>(o), i),
                  Value::of_object(uint8_t(ClassId::source), &as<Overflow>(o).alerts[i].source)};
  make_map(m, entries, size, ClassId::none, out);
}

const Member overflow_rows[] = {
    {"Mapkey", kString, text<Overflow, &Overflow::mapkey>},
    {"BucketId", kString, text<Overflow, &Overflow::bucket_id>},
    {"Whitelisted", kBoolean, flag<Overflow, &Overflow::whitelisted>},
    {"Reprocess", kBoolean, flag<Overflow, &Overflow::reprocess>},
    {"Sources", {Type::map, ClassId::none, Type::object, ClassId::source}, sources},
    {"Alert", object_type(ClassId::alert),
     [](Machine&, const void* o, Value& out) {
       out = Value();
       if (o && !as<Overflow>(o).alerts.empty())
         out = Value::of_object(uint8_t(ClassId::alert), &as<Overflow>(o).alerts.front());
     }},
    {"APIAlerts", list_type(ClassId::alert),
     [](Machine& m, const void* o, Value& out) {
       static const std::vector<Alert> none;
       list(m, o ? as<Overflow>(o).alerts : none, ClassId::alert, out);
     }},
};

const Member alert_rows[] = {
    {"ID", kInteger, number<Alert, &Alert::id>},
    {"UUID", kString, text<Alert, &Alert::uuid>},
    {"Scenario", kString, text<Alert, &Alert::scenario>},
    {"ScenarioHash", kString, text<Alert, &Alert::scenario_hash>},
    {"ScenarioVersion", kString, text<Alert, &Alert::scenario_version>},
    {"Message", kString, text<Alert, &Alert::message>},
    {"Capacity", kInteger, number<Alert, &Alert::capacity>},
    {"Leakspeed", kString, text<Alert, &Alert::leakspeed>},
    {"EventsCount", kInteger, number<Alert, &Alert::events_count>},
    {"StartAt", kString, text<Alert, &Alert::start_text>},
    {"StopAt", kString, text<Alert, &Alert::stop_text>},
    {"CreatedAt", kString,
     [](Machine& m, const void* o, Value& out) { m.copy(format_rfc3339(as<Alert>(o).created_at), out); }},
    {"Simulated", kBoolean, flag<Alert, &Alert::simulated>},
    {"Remediation", kBoolean, flag<Alert, &Alert::remediation>},
    {"Kind", kString, text<Alert, &Alert::kind>},
    {"MachineID", kString, text<Alert, &Alert::machine_id>},
    {"Source", object_type(ClassId::source),
     [](Machine&, const void* o, Value& out) {
       out = Value::of_object(uint8_t(ClassId::source), &as<Alert>(o).source);
     }},
    {"Events", list_type(ClassId::alert_event),
     [](Machine& m, const void* o, Value& out) { list(m, as<Alert>(o).events, ClassId::alert_event, out); }},
    {"Meta", list_type(ClassId::meta_item),
     [](Machine& m, const void* o, Value& out) { list(m, as<Alert>(o).meta, ClassId::meta_item, out); }},
    {"Decisions", list_type(ClassId::decision),
     [](Machine& m, const void* o, Value& out) { list(m, as<Alert>(o).decisions, ClassId::decision, out); }},
    {"Labels", kTextArray,
     [](Machine& m, const void* o, Value& out) {
       const auto& labels = as<Alert>(o).labels;
       Value* values = m.array(labels.size());
       if (!values) return;
       for (size_t i = 0; i < labels.size(); ++i) values[i] = Value::of(std::string_view(labels[i]));
       make_array(m, values, labels.size(), ClassId::text, out);
     }},
};

const Member source_rows[] = {
    {"IP", kString, text<AlertSource, &AlertSource::ip>},
    {"Range", kString, text<AlertSource, &AlertSource::range>},
    {"Scope", kString, text<AlertSource, &AlertSource::scope>},
    {"Value", kString, text<AlertSource, &AlertSource::value>},
    {"AsName", kString, text<AlertSource, &AlertSource::as_name>},
    {"AsNumber", kString, text<AlertSource, &AlertSource::as_number>},
    {"Cn", kString, text<AlertSource, &AlertSource::cn>},
    {"Latitude", kReal,
     [](Machine&, const void* o, Value& out) { out = Value::of(double(as<AlertSource>(o).latitude)); }},
    {"Longitude", kReal,
     [](Machine&, const void* o, Value& out) { out = Value::of(double(as<AlertSource>(o).longitude)); }},
};

const Member alert_event_rows[] = {
    {"Timestamp", kString, text<AlertEvent, &AlertEvent::timestamp>},
    {"Meta", list_type(ClassId::meta_item),
     [](Machine& m, const void* o, Value& out) { list(m, as<AlertEvent>(o).meta, ClassId::meta_item, out); }},
};

using Pair = MetaPairs::value_type;
const Member meta_item_rows[] = {
    {"Key", kString, text<Pair, &Pair::first>},
    {"Value", kString, text<Pair, &Pair::second>},
};

const Member decision_rows[] = {
    {"ID", kInteger, number<Decision, &Decision::id>},
    {"UUID", kString, text<Decision, &Decision::uuid>},
    {"Origin", kString, text<Decision, &Decision::origin>},
    {"Scenario", kString, text<Decision, &Decision::scenario>},
    {"Scope", kString, text<Decision, &Decision::scope>},
    {"Value", kString, text<Decision, &Decision::value>},
    {"Type", kString, text<Decision, &Decision::type>},
    {"Simulated", kBoolean, flag<Decision, &Decision::simulated>},
    {"Duration", kString,
     [](Machine& m, const void* o, Value& out) { m.copy(format_duration(as<Decision>(o).duration), out); }},
    {"Until", kString,
     [](Machine& m, const void* o, Value& out) { m.copy(format_rfc3339(as<Decision>(o).until), out); }},
};

// Methods.
bool get_sources(Machine& m, const Value& self, const Value*, Value& out) {
  const auto* overflow = static_cast<const Overflow*>(self.object);
  const size_t size = overflow ? overflow->alerts.size() : 0;
  Value* values = m.array(size);
  if (!values) return false;
  for (size_t i = 0; i < size; ++i) values[i] = Value::of(source_key(*overflow, i));
  return make_array(m, values, size, ClassId::text, out);
}

bool give(std::string_view value, Value& out) {
  out = Value::of(value);
  return true;
}
bool alert_scenario(Machine&, const Value& self, const Value*, Value& out) {
  return give(as<Alert>(self.object).scenario, out);
}
bool alert_scope(Machine&, const Value& self, const Value*, Value& out) {
  return give(as<Alert>(self.object).source.scope, out);
}
bool alert_value(Machine&, const Value& self, const Value*, Value& out) {
  return give(as<Alert>(self.object).source.value, out);
}
bool alert_count(Machine&, const Value& self, const Value*, Value& out) {
  out = Value::of(int64_t(as<Alert>(self.object).events_count));
  return true;
}
// The context's value if it has the key, else the first event's that is not empty.
bool alert_meta(Machine&, const Value& self, const Value* args, Value& out) {
  const Alert& alert = as<Alert>(self.object);
  for (const auto& [k, v] : alert.meta)
    if (k == args[0].text()) return give(v, out);
  for (const AlertEvent& one : alert.events)
    if (const std::string* value = one.find(args[0].text()); value && !value->empty())
      return give(*value, out);
  return give({}, out);
}
bool source_scope(Machine&, const Value& self, const Value*, Value& out) {
  return give(as<AlertSource>(self.object).scope, out);
}
bool source_value(Machine&, const Value& self, const Value*, Value& out) {
  return give(as<AlertSource>(self.object).value, out);
}
bool source_as(Machine& m, const Value& self, const Value*, Value& out) {
  const AlertSource& source = as<AlertSource>(self.object);
  if (source.as_number.empty() || source.as_number == "0") return give({}, out);
  return m.copy(source.as_number + " " + source.as_name, out);
}
bool event_meta(Machine&, const Value& self, const Value* args, Value& out) {
  const std::string* value = as<AlertEvent>(self.object).find(args[0].text());
  return give(value ? std::string_view(*value) : std::string_view(), out);
}

const Method overflow_calls[] = {{"GetSources", {}, kTextArray, get_sources}};
const Method alert_calls[] = {
    {"GetScenario", {}, kString, alert_scenario},     {"GetScope", {}, kString, alert_scope},
    {"GetValue", {}, kString, alert_value},           {"GetEventsCount", {}, kInteger, alert_count},
    {"GetMeta", {Type::string}, kString, alert_meta},
};
const Method source_calls[] = {
    {"GetScope", {}, kString, source_scope},
    {"GetValue", {}, kString, source_value},
    {"GetAsNumberName", {}, kString, source_as},
};
const Method alert_event_calls[] = {{"GetMeta", {Type::string}, kString, event_meta}};

}  // namespace

std::span<const Member> overflow_members() { return overflow_rows; }
std::span<const Method> overflow_methods() { return overflow_calls; }
std::span<const Member> alert_members() { return alert_rows; }
std::span<const Method> alert_methods() { return alert_calls; }
std::span<const Member> source_members() { return source_rows; }
std::span<const Method> source_methods() { return source_calls; }
std::span<const Member> alert_event_members() { return alert_event_rows; }
std::span<const Method> alert_event_methods() { return alert_event_calls; }
std::span<const Member> meta_item_members() { return meta_item_rows; }
std::span<const Member> decision_members() { return decision_rows; }

}  // namespace testudo::expr
