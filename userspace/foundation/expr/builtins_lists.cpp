// Functions on arrays and maps (and len, which also counts the characters of a string).
#include <algorithm>

#include "base/text.h"
#include "expr/builtins.h"
#include "expr/members.h"
#include "expr/values.h"

namespace testudo::expr {
namespace {

constexpr Type kA = Type::array, kM = Type::map, kU = Type::unknown, kS = Type::string, kI = Type::integer;
using K = Value::Kind;

bool len(Machine& m, const Value* a, size_t, Value& out) {
  if (a[0].is_string())
    out = Value::of(int64_t(utf8_length(a[0].text())));
  else if (a[0].kind == K::array)
    out = Value::of(int64_t(a[0].array->size));
  else if (a[0].kind == K::map)
    out = Value::of(int64_t(a[0].map->size));
  else
    return m.fail({"len of ", kind_name(a[0])});
  return true;
}

bool first(Machine&, const Value* a, size_t, Value& out) {
  out = a[0].array->size ? a[0].array->items[0] : Value();
  return true;
}
bool last(Machine&, const Value* a, size_t, Value& out) {
  out = a[0].array->size ? a[0].array->items[a[0].array->size - 1] : Value();
  return true;
}

bool get(Machine& m, const Value* a, size_t, Value& out) {
  out = Value();
  if (a[0].is_nil()) return true;
  if (a[0].kind == K::map) {
    if (!a[1].is_string()) return true;
    if (const Value* found = a[0].map->find(a[1].text())) out = *found;
    return true;
  }
  if (a[0].kind == K::object) {
    if (!a[1].is_string()) return true;
    if (const Member* member = find_member(ClassId(a[0].class_id), a[1].text()))
      member->get(m, a[0].object, out);
    return true;
  }
  if (a[0].kind != K::array) return m.fail({"get from ", kind_name(a[0])});
  if (a[1].kind != K::integer) return m.fail({"an index is an int, not ", kind_name(a[1])});
  const int64_t size = a[0].array->size, at = a[1].integer < 0 ? a[1].integer + size : a[1].integer;
  if (at >= 0 && at < size) out = a[0].array->items[at];
  return true;
}

bool take(Machine& m, const Value* a, size_t, Value& out) {
  if (a[1].integer < 0) return m.fail({"take needs a count of 0 or more"});
  return make_array(m, a[0].array->items, std::min<uint64_t>(a[0].array->size, uint64_t(a[1].integer)),
                    ClassId(a[0].class_id), out);
}

bool reverse(Machine& m, const Value* a, size_t, Value& out) {
  const ValueArray& from = *a[0].array;
  Value* items = m.array(from.size);
  if (!items) return false;
  std::reverse_copy(from.items, from.items + from.size, items);
  return make_array(m, items, from.size, ClassId(a[0].class_id), out);
}

bool uniq(Machine& m, const Value* a, size_t, Value& out) {
  const ValueArray& from = *a[0].array;
  Value* items = m.array(from.size);
  if (!items) return false;
  size_t used = 0;
  for (uint32_t i = 0; i < from.size; ++i) {
    bool seen = false;
    for (size_t j = 0; j < used && !seen; ++j)
      if (!equal(m, from.items[i], items[j], seen)) return false;
    if (!seen) items[used++] = from.items[i];
  }
  return make_array(m, items, used, ClassId(a[0].class_id), out);
}

bool concat(Machine& m, const Value* a, size_t n, Value& out) {
  uint64_t size = 0, at = 0;
  for (size_t i = 0; i < n; ++i) size += a[i].array->size;
  Value* items = m.array(size);
  if (!items) return false;
  for (size_t i = 0; i < n; ++i)
    for (uint32_t j = 0; j < a[i].array->size; ++j) items[at++] = a[i].array->items[j];
  return make_array(m, items, size, ClassId::none, out);
}

bool count_flat(Machine& m, const ValueArray& list, uint64_t& size, int depth) {
  if (depth > kMaxValueDepth) return m.fail({"the list is nested too deep to flatten"});
  if (!m.spend(list.size)) return false;
  for (uint32_t i = 0; i < list.size; ++i) {
    if (list.items[i].kind != K::array)
      ++size;
    else if (!count_flat(m, *list.items[i].array, size, depth + 1))
      return false;
  }
  return true;
}
Value* fill_flat(const ValueArray& list, Value* to) {
  for (uint32_t i = 0; i < list.size; ++i) {
    if (list.items[i].kind == K::array)
      to = fill_flat(*list.items[i].array, to);
    else
      *to++ = list.items[i];
  }
  return to;
}
bool flatten(Machine& m, const Value* a, size_t, Value& out) {
  uint64_t size = 0;
  if (!count_flat(m, *a[0].array, size, 0)) return false;
  Value* items = m.array(size);
  if (!items) return false;
  fill_flat(*a[0].array, items);
  return make_array(m, items, size, ClassId::none, out);
}

bool sort(Machine& m, const Value* a, size_t n, Value& out) {
  const bool descending = n > 1 && a[1].text() == "desc";
  if (n > 1 && !descending && a[1].text() != "asc") return m.fail({"sort: the order is 'asc' or 'desc'"});
  const ValueArray& from = *a[0].array;
  Value* items = m.array(from.size);
  if (!items) return false;
  for (uint32_t i = 0; i < from.size; ++i) {
    int order = 0;
    if (!compare(m, from.items[0], from.items[i], order)) return false;
    if (from.items[i].kind == K::real && from.items[i].real != from.items[i].real)
      return m.fail({"sort of a value that is not a number"});
    items[i] = from.items[i];
  }
  std::sort(items, items + from.size, [&](const Value& x, const Value& y) {
    int order = 0;
    compare(m, x, y, order);
    return descending ? order > 0 : order < 0;
  });
  return make_array(m, items, from.size, ClassId(a[0].class_id), out);
}

bool keys(Machine& m, const Value* a, size_t, Value& out) {
  Value* items = m.array(a[0].map->size);
  if (!items) return false;
  for (uint32_t i = 0; i < a[0].map->size; ++i) items[i] = Value::of(a[0].map->entries[i].key);
  return make_array(m, items, a[0].map->size, ClassId::text, out);
}
bool values(Machine& m, const Value* a, size_t, Value& out) {
  Value* items = m.array(a[0].map->size);
  if (!items) return false;
  for (uint32_t i = 0; i < a[0].map->size; ++i) items[i] = a[0].map->entries[i].value;
  return make_array(m, items, a[0].map->size, ClassId(a[0].class_id), out);
}
bool to_pairs(Machine& m, const Value* a, size_t, Value& out) {
  const ValueMap& map = *a[0].map;
  Value* items = m.array(map.size);
  if (!items) return false;
  for (uint32_t i = 0; i < map.size; ++i) {
    Value* pair = m.array(2);
    if (!pair) return false;
    pair[0] = Value::of(map.entries[i].key);
    pair[1] = map.entries[i].value;
    make_array(m, pair, 2, ClassId::none, items[i]);
  }
  return make_array(m, items, map.size, ClassId::none, out);
}
bool from_pairs(Machine& m, const Value* a, size_t, Value& out) {
  const ValueArray& pairs = *a[0].array;
  ValueMapEntry* entries = m.entries(pairs.size);
  if (!entries) return false;
  uint32_t used = 0;
  for (uint32_t i = 0; i < pairs.size; ++i) {
    const Value& pair = pairs.items[i];
    if (pair.kind != K::array || pair.array->size != 2 || !pair.array->items[0].is_string())
      return m.fail({"fromPairs needs a list of [string, value]"});
    uint32_t at = 0;
    while (at < used && entries[at].key != pair.array->items[0].text()) ++at;
    if (!m.spend(at / 8)) return false;
    entries[at] = {pair.array->items[0].text(), pair.array->items[1]};
    used = std::max(used, at + 1);
  }
  return make_map(m, entries, used, ClassId::none, out);
}

const Builtin rows[] = {
    {"len", {kU}, 1, kInteger, len},        {"first", {kA}, 1, kUnknown, first},
    {"last", {kA}, 1, kUnknown, last},      {"get", {kU, kU}, 2, kUnknown, get},
    {"take", {kA, kI}, 2, kArray, take},    {"reverse", {kA}, 1, kArray, reverse},
    {"uniq", {kA}, 1, kArray, uniq},        {"concat", {kA}, 1, kArray, concat, true},
    {"flatten", {kA}, 1, kArray, flatten},  {"sort", {kA, kS}, 1, kArray, sort},
    {"keys", {kM}, 1, kTextArray, keys},    {"values", {kM}, 1, kArray, values},
    {"toPairs", {kM}, 1, kArray, to_pairs}, {"fromPairs", {kA}, 1, kMap, from_pairs},
};

}  // namespace

std::span<const Builtin> list_builtins() { return rows; }

}  // namespace testudo::expr
