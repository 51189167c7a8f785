// expr/types.h: what is known of a value's type before it is computed.
#pragma once

#include <string>

#include "expr/classes.h"
#include "expr/expr.h"

namespace testudo::expr {

/// `class_id` says which object, or which of evt's maps; `element` what an array or a map holds.
struct StaticType {
  Type type = Type::unknown;
  ClassId class_id = ClassId::none;
  Type element = Type::unknown;
  ClassId element_class = ClassId::none;

  bool is(Type t) const { return type == t; }
  bool known() const { return type != Type::unknown; }
  bool number() const { return type == Type::integer || type == Type::real; }
  /// Could it be a `t` at run time? Nil values are let through: they fail, or not, when they occur.
  bool maybe(Type t) const { return type == t || type == Type::unknown || type == Type::nil; }
  bool maybe_number() const { return number() || type == Type::unknown || type == Type::nil; }
  StaticType of_element() const { return {element, element_class}; }
  bool operator==(const StaticType&) const = default;
};

inline constexpr StaticType kUnknown{};
inline constexpr StaticType kNil{Type::nil};
inline constexpr StaticType kBoolean{Type::boolean};
inline constexpr StaticType kInteger{Type::integer};
inline constexpr StaticType kReal{Type::real};
inline constexpr StaticType kString{Type::string};
inline constexpr StaticType kTime{Type::time};
inline constexpr StaticType kDuration{Type::duration};
inline constexpr StaticType kArray{Type::array};
inline constexpr StaticType kTextArray{Type::array, ClassId::text, Type::string};
inline constexpr StaticType kMap{Type::map};
inline constexpr StaticType kTextMap{Type::map, ClassId::text, Type::string};
inline constexpr StaticType object_type(ClassId id) { return {Type::object, id}; }

/// "string", "map", "evt.Line" …: as errors name it.
std::string type_text(const StaticType& type);

/// Can `==` ever be true between the two?
bool comparable(const StaticType& a, const StaticType& b);

/// Type of a value that is either of the two.
StaticType merge(const StaticType& a, const StaticType& b);

/// The type of a value at run time; evt's maps count as maps.
Type type_of(const Value& value);

}  // namespace testudo::expr
