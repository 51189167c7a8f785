#include "expr/types.h"

namespace testudo::expr {

const char* type_name(Type type) {
  switch (type) {
    case Type::unknown:
      return "any";
    case Type::nil:
      return "nil";
    case Type::boolean:
      return "bool";
    case Type::integer:
      return "int";
    case Type::real:
      return "float";
    case Type::string:
      return "string";
    case Type::array:
      return "array";
    case Type::map:
      return "map";
    case Type::time:
      return "time";
    case Type::duration:
      return "duration";
    case Type::object:
      return "object";
  }
  return "any";
}

std::string type_text(const StaticType& type) {
  if (type.is(Type::object)) return std::string(class_name(type.class_id));
  return type_name(type.type);
}

bool comparable(const StaticType& a, const StaticType& b) {
  if (!a.known() || !b.known() || a.is(Type::nil) || b.is(Type::nil)) return true;
  return a.type == b.type || (a.number() && b.number());
}

StaticType merge(const StaticType& a, const StaticType& b) {
  if (a == b) return a;
  if (a.type != b.type || a.class_id != b.class_id) return kUnknown;
  return {a.type, a.class_id};
}

Type type_of(const Value& value) {
  switch (value.kind) {
    case Value::Kind::nil:
      return Type::nil;
    case Value::Kind::boolean:
      return Type::boolean;
    case Value::Kind::integer:
      return Type::integer;
    case Value::Kind::real:
      return Type::real;
    case Value::Kind::string:
      return Type::string;
    case Value::Kind::array:
      return Type::array;
    case Value::Kind::map:
      return Type::map;
    case Value::Kind::time:
      return Type::time;
    case Value::Kind::duration:
      return Type::duration;
    case Value::Kind::object:
      return is_map_class(ClassId(value.class_id)) ? Type::map : Type::object;
  }
  return Type::unknown;
}

}  // namespace testudo::expr
