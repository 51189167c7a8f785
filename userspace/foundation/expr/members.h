// expr/members.h: fields and methods of the objects in classes.h, as tables: a field is one row.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "expr/code.h"

namespace testudo::expr {

struct Member {
  std::string_view name;
  StaticType type;
  /// `object` may be null where the class can be absent (evt.Overflow of a log line): zero values then.
  void (*get)(Machine&, const void* object, Value& out);
};

struct Method {
  std::string_view name;
  std::vector<Type> params;
  StaticType result;
  /// Arguments have been checked against `params`.
  bool (*call)(Machine&, const Value& self, const Value* args, Value& out);
  bool writes = false;  ///< changes the event
};

std::span<const Member> members_of(ClassId id);
const Member* find_member(ClassId id, std::string_view name);

/// Methods of objects, times, durations, weekdays. `type` is Type::object, time, duration or integer.
std::span<const Method> methods_of(Type type, ClassId id);
const Method* find_method(Type type, ClassId id, std::string_view name);

/// The map behind evt.Parsed, evt.Line.Labels …: one key, or all of it.
bool bag_get(Machine& m, ClassId id, const void* object, std::string_view key, Value& out);
bool bag_has(Machine& m, ClassId id, const void* object, std::string_view key);
/// Objects of a map class become map values; anything else stays.
bool plain(Machine& m, Value& value);

// One file per family of classes.
std::span<const Member> event_members();
std::span<const Member> line_members();
std::span<const Method> event_methods();
std::span<const Member> overflow_members();
std::span<const Method> overflow_methods();
std::span<const Member> alert_members();
std::span<const Method> alert_methods();
std::span<const Member> source_members();
std::span<const Method> source_methods();
std::span<const Member> alert_event_members();
std::span<const Method> alert_event_methods();
std::span<const Member> meta_item_members();
std::span<const Member> decision_members();
std::span<const Member> queue_members();
std::span<const Method> queue_methods();
std::span<const Member> bucket_members();
std::span<const Member> kept_event_members();
std::span<const Method> time_methods();
std::span<const Method> duration_methods();
std::span<const Method> weekday_methods();
std::span<const Method> month_methods();
std::span<const Method> zone_methods();

}  // namespace testudo::expr
