// Lists and maps of anything.
#include <algorithm>
#include <vector>

#include "expr/code.h"
#include "expr/helpers.h"
#include "expr/members.h"
#include "expr/text_tools.h"
#include "expr/values.h"

namespace testudo::expr {
namespace {

constexpr Type kS = Type::string, kU = Type::unknown, kA = Type::array;

bool distinct_of(Machine& m, const Value* from, size_t size, Value& out) {
  Value* items = m.array(size);
  if (!items) return false;
  size_t used = 0;
  for (size_t i = 0; i < size; ++i) {
    bool seen = false;
    for (size_t j = 0; j < used && !seen; ++j)
      if (!equal(m, from[i], items[j], seen)) return false;
    if (!seen) items[used++] = from[i];
  }
  return make_array(m, items, used, ClassId::none, out);
}

bool flat(Machine& m, const Value* from, size_t size, std::vector<Value>& to, int depth) {
  if (depth > kMaxValueDepth) return m.fail({"the list is nested too deep to flatten"});
  for (size_t i = 0; i < size; ++i) {
    if (!m.spend(1)) return false;
    if (from[i].kind != Value::Kind::array)
      to.push_back(from[i]);
    else if (!flat(m, from[i].array->items, from[i].array->size, to, depth + 1))
      return false;
    if (to.size() > kMaxParts) return m.fail({"more than 1,000,000 elements: the expression was stopped"});
  }
  return true;
}

bool distinct(const void*, Context& c, const Value* a, size_t, Value& out) {
  Machine m{c};
  return distinct_of(m, a[0].array->items, a[0].array->size, out);
}
bool flatten(const void*, Context& c, const Value* a, size_t n, Value& out) {
  Machine m{c};
  std::vector<Value> items;
  if (!flat(m, a, n, items, 0)) return false;
  Value* kept = m.array(items.size());
  if (!kept) return false;
  std::copy(items.begin(), items.end(), kept);
  return make_array(m, kept, items.size(), ClassId::none, out);
}
bool flatten_distinct(const void*, Context& c, const Value* a, size_t n, Value& out) {
  Machine m{c};
  std::vector<Value> items;
  return flat(m, a, n, items, 0) && distinct_of(m, items.data(), items.size(), out);
}
bool key_exists(const void*, Context& c, const Value* a, size_t, Value& out) {
  Machine m{c};
  Value map = a[1];
  if (!plain(m, map)) return false;
  if (map.kind != Value::Kind::map) return m.fail({"KeyExists needs a map, not ", kind_name(map)});
  out = Value::of(map.map->find(a[0].text()) != nullptr);
  return true;
}
bool to_json(const void*, Context& c, const Value* a, size_t, Value& out) {
  Machine m{c};
  std::string text;
  return append_json(m, a[0], text, -1) && copy_text(c, text, out);
}

const Helper rows[] = {
    {"Distinct", "the list, each element once", {kA}, false, kA, true, distinct},
    {"Flatten", "all elements of lists within lists", {kU}, true, kA, true, flatten},
    {"FlattenDistinct", "as Flatten, each element once", {kU}, true, kA, true, flatten_distinct},
    // The map may be the event's, which changes: not for folding, and it does not write.
    {"KeyExists", "does the map have the key", {kS, kU}, false, Type::boolean, false, key_exists},
    {"ToJsonString", "JSON text of a value", {kU}, false, kS, true, to_json},
};

}  // namespace

void add_list_helpers(HelperTable& table) { table.insert(table.end(), std::begin(rows), std::end(rows)); }

}  // namespace testudo::expr
