#include "expr/values.h"

#include "expr/members.h"

namespace testudo::expr {
namespace {

using K = Value::Kind;

bool equal_at(Machine& m, Value a, Value b, bool& result, int depth);

bool equal_arrays(Machine& m, const ValueArray& a, const ValueArray& b, bool& result, int depth) {
  result = a.size == b.size;
  for (uint32_t i = 0; result && i < a.size; ++i)
    if (!equal_at(m, a.items[i], b.items[i], result, depth + 1)) return false;
  return true;
}

bool equal_maps(Machine& m, const ValueMap& a, const ValueMap& b, bool& result, int depth) {
  result = a.size == b.size;
  for (uint32_t i = 0; result && i < a.size; ++i) {
    if (!m.spend(b.size / 8)) return false;
    const Value* other = b.find(a.entries[i].key);
    if (!other)
      result = false;
    else if (!equal_at(m, a.entries[i].value, *other, result, depth + 1))
      return false;
  }
  return true;
}

bool equal_at(Machine& m, Value a, Value b, bool& result, int depth) {
  if (depth > kMaxValueDepth) return m.fail({"the values are nested too deep to compare"});
  if (!m.spend(1)) return false;
  if (a.kind == K::object && !plain(m, a)) return false;
  if (b.kind == K::object && !plain(m, b)) return false;
  result = false;
  if (a.kind != b.kind) {
    if (is_number(a) && is_number(b)) result = as_real(a) == as_real(b);
    return true;
  }
  switch (a.kind) {
    case K::nil:
      result = true;
      break;
    case K::boolean:
      result = a.boolean == b.boolean;
      break;
    case K::integer:
    case K::time:
    case K::duration:
      result = a.integer == b.integer;
      break;
    case K::real:
      result = a.real == b.real;
      break;
    case K::string:
      result = a.text() == b.text();
      break;
    case K::object:
      result = a.object == b.object && a.class_id == b.class_id;
      break;
    case K::array:
      return equal_arrays(m, *a.array, *b.array, result, depth);
    case K::map:
      return equal_maps(m, *a.map, *b.map, result, depth);
  }
  return true;
}

template <typename T>
int three_way(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

}  // namespace

bool equal(Machine& m, const Value& a, const Value& b, bool& result) { return equal_at(m, a, b, result, 0); }

bool compare(Machine& m, const Value& a, const Value& b, int& order) {
  if (a.kind == K::integer && b.kind == K::integer)
    order = three_way(a.integer, b.integer);
  else if (is_number(a) && is_number(b)) {
    const double x = as_real(a), y = as_real(b);
    order = x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
  } else if (a.is_string() && b.is_string())
    order = three_way(a.text(), b.text());
  else if (a.kind == b.kind && (a.kind == K::time || a.kind == K::duration))
    order = three_way(a.integer, b.integer);
  else
    return m.fail({"cannot compare ", kind_name(a), " with ", kind_name(b)});
  return true;
}

bool contains_value(Machine& m, const Value& element, const Value& in, bool& result) {
  result = false;
  switch (in.kind) {
    case K::nil:
      return true;
    case K::array:
      for (uint32_t i = 0; i < in.array->size && !result; ++i)
        if (!equal(m, element, in.array->items[i], result)) return false;
      return true;
    case K::map:
      if (!element.is_string())
        return element.is_nil() || m.fail({"a key of a map is a string, not ", kind_name(element)});
      result = m.spend(1 + in.map->size / 8) && in.map->find(element.text());
      return true;
    case K::object: {
      if (!element.is_string())
        return element.is_nil() || m.fail({"a field name is a string, not ", kind_name(element)});
      const ClassId id = ClassId(in.class_id);
      result = is_map_class(id) ? bag_has(m, id, in.object, element.text())
                                : find_member(id, element.text()) != nullptr;
      return true;
    }
    default:
      return m.fail({"in needs a list or a map on its right, not ", kind_name(in)});
  }
}

}  // namespace testudo::expr
