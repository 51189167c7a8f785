#include "expr/members.h"

#include "expr/absent.h"

namespace testudo::expr {

std::string_view class_name(ClassId id) {
  switch (id) {
    case ClassId::none:
      return "object";
    case ClassId::text:
      return "text";
    case ClassId::weekday:
      return "weekday";
    case ClassId::month:
      return "month";
    case ClassId::parsed:
      return "evt.Parsed";
    case ClassId::meta:
      return "evt.Meta";
    case ClassId::enriched:
      return "evt.Enriched";
    case ClassId::unmarshaled:
      return "evt.Unmarshaled";
    case ClassId::labels:
      return "evt.Line.Labels";
    case ClassId::kept_parsed:
      return "Parsed of a kept event";
    case ClassId::kept_meta:
      return "Meta of a kept event";
    case ClassId::kept_enriched:
      return "Enriched of a kept event";
    case ClassId::event:
      return "evt";
    case ClassId::line:
      return "evt.Line";
    case ClassId::overflow:
      return "evt.Overflow";
    case ClassId::alert:
      return "Alert";
    case ClassId::source:
      return "Source";
    case ClassId::alert_event:
      return "alert event";
    case ClassId::meta_item:
      return "meta item";
    case ClassId::decision:
      return "decision";
    case ClassId::appsec:
      return "evt.Appsec";
    case ClassId::request:
      return "req";
    case ClassId::queue:
      return "queue";
    case ClassId::kept_event:
      return "kept event";
    case ClassId::bucket:
      return "leaky";
    case ClassId::zone:
      return "time zone";
  }
  return "object";
}

std::span<const Member> members_of(ClassId id) {
  switch (id) {
    case ClassId::event:
      return event_members();
    case ClassId::line:
      return line_members();
    case ClassId::overflow:
      return overflow_members();
    case ClassId::alert:
      return alert_members();
    case ClassId::source:
      return source_members();
    case ClassId::alert_event:
      return alert_event_members();
    case ClassId::meta_item:
      return meta_item_members();
    case ClassId::decision:
      return decision_members();
    case ClassId::queue:
      return queue_members();
    case ClassId::bucket:
      return bucket_members();
    case ClassId::kept_event:
      return kept_event_members();
    case ClassId::appsec:
      return appsec_members();
    case ClassId::request:
      return request_members();
    default:
      return {};
  }
}

std::span<const Method> methods_of(Type type, ClassId id) {
  if (type == Type::time) return time_methods();
  if (type == Type::duration) return duration_methods();
  if (type == Type::integer)
    return id == ClassId::weekday ? weekday_methods()
           : id == ClassId::month ? month_methods()
                                  : std::span<const Method>();
  if (type != Type::object) return {};
  switch (id) {
    case ClassId::event:
      return event_methods();
    case ClassId::overflow:
      return overflow_methods();
    case ClassId::alert:
      return alert_methods();
    case ClassId::source:
      return source_methods();
    case ClassId::alert_event:
      return alert_event_methods();
    case ClassId::queue:
      return queue_methods();
    case ClassId::appsec:
      return appsec_methods();
    case ClassId::request:
      return request_methods();
    case ClassId::zone:
      return zone_methods();
    default:
      return {};
  }
}

const Member* find_member(ClassId id, std::string_view name) {
  for (const Member& member : members_of(id))
    if (member.name == name) return &member;
  return nullptr;
}

const Method* find_method(Type type, ClassId id, std::string_view name) {
  for (const Method& method : methods_of(type, id))
    if (method.name == name) return &method;
  return nullptr;
}

}  // namespace testudo::expr
