#include "parse/event_fields.h"

namespace testudo::parse {
namespace {

using Kind = EventField::Kind;

template <std::string Overflow::*field>
std::string* own(Overflow& overflow) {
  return &(overflow.*field);
}
// The first alert is evt.Overflow.Alert. Its source is the very object that evt.Overflow.Sources shows under
// the source's first value, so that a changed scope or value is seen there as well.
template <std::string Alert::*field>
std::string* alert(Overflow& overflow) {
  return overflow.alerts.empty() ? nullptr : &(overflow.alerts.front().*field);
}
template <std::string AlertSource::*field>
std::string* source(Overflow& overflow) {
  return overflow.alerts.empty() ? nullptr : &(overflow.alerts.front().source.*field);
}

constexpr EventField rows[] = {
    {"Line.Raw", Kind::line, &Event::raw},
    {"Line.Src", Kind::line, &Event::src},
    {"Line.Module", Kind::line, &Event::module},
    {"StrTime", Kind::time_text, &Event::str_time},
    {"StrTimeFormat", Kind::time_text, &Event::str_time_format},
    {"MarshaledTime", Kind::marshaled_time, &Event::marshaled_time},
    {"WhitelistReason", Kind::whitelist_reason, &Event::whitelist_reason},
    {"Overflow.Mapkey", Kind::overflow, nullptr, own<&Overflow::mapkey>},
    {"Overflow.BucketId", Kind::overflow, nullptr, own<&Overflow::bucket_id>},
    {"Overflow.Alert.Scenario", Kind::overflow, nullptr, alert<&Alert::scenario>},
    {"Overflow.Alert.ScenarioHash", Kind::overflow, nullptr, alert<&Alert::scenario_hash>},
    {"Overflow.Alert.ScenarioVersion", Kind::overflow, nullptr, alert<&Alert::scenario_version>},
    {"Overflow.Alert.Message", Kind::overflow, nullptr, alert<&Alert::message>},
    {"Overflow.Alert.Leakspeed", Kind::overflow, nullptr, alert<&Alert::leakspeed>},
    {"Overflow.Alert.StartAt", Kind::overflow, nullptr, alert<&Alert::start_text>},
    {"Overflow.Alert.StopAt", Kind::overflow, nullptr, alert<&Alert::stop_text>},
    {"Overflow.Alert.Kind", Kind::overflow, nullptr, alert<&Alert::kind>},
    {"Overflow.Alert.MachineID", Kind::overflow, nullptr, alert<&Alert::machine_id>},
    {"Overflow.Alert.Source.Scope", Kind::overflow, nullptr, source<&AlertSource::scope>},
    {"Overflow.Alert.Source.Value", Kind::overflow, nullptr, source<&AlertSource::value>},
    {"Overflow.Alert.Source.IP", Kind::overflow, nullptr, source<&AlertSource::ip>},
    {"Overflow.Alert.Source.Range", Kind::overflow, nullptr, source<&AlertSource::range>},
    {"Overflow.Alert.Source.AsName", Kind::overflow, nullptr, source<&AlertSource::as_name>},
    {"Overflow.Alert.Source.AsNumber", Kind::overflow, nullptr, source<&AlertSource::as_number>},
    {"Overflow.Alert.Source.Cn", Kind::overflow, nullptr, source<&AlertSource::cn>},
};

}  // namespace

std::span<const EventField> event_fields() { return rows; }

const EventField* find_event_field(std::string_view path) {
  for (const EventField& row : rows)
    if (row.path == path) return &row;
  return nullptr;
}

}  // namespace testudo::parse
