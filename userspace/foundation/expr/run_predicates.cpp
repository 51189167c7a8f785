// Functions that take a closure. The closure's element, index and accumulator are three locals in a row.
#include <algorithm>

#include "expr/members.h"
#include "expr/run.h"
#include "expr/values.h"

namespace testudo::expr::run {
namespace {

// The list; strings, maps and nil are refused.
bool list(const Operation& op, Machine& m, const ValueArray*& items, ClassId* flavour = nullptr) {
  Value value;
  if (!op.a->run(*op.a, m, value)) return false;
  if (value.kind != Value::Kind::array) return m.fail({op.text, " needs a list, not ", kind_name(value)});
  items = value.array;
  if (flavour) *flavour = ClassId(value.class_id);
  return true;
}

// The closure's value for one element.
bool body(const Operation& op, Machine& m, const ValueArray& items, uint32_t i, Value& out) {
  if (!m.spend(op.b->cost)) return false;
  m.locals[op.local] = items.items[i];
  m.locals[op.local + 1] = Value::of(int64_t(i));
  return op.b->run(*op.b, m, out);
}

bool test(const Operation& op, Machine& m, const ValueArray& items, uint32_t i, bool& holds) {
  Value value;
  if (!body(op, m, items, i, value)) return false;
  if (!value.is_bool()) return m.fail({op.text, ": the closure gives ", kind_name(value), ", not bool"});
  holds = value.boolean;
  return true;
}

// How many elements hold, stopping once there are `enough`.
bool holding(const Operation& op, Machine& m, uint32_t enough, int64_t& found, uint32_t* size = nullptr) {
  const ValueArray* items = nullptr;
  if (!list(op, m, items)) return false;
  if (size) *size = items->size;
  found = 0;
  for (uint32_t i = 0; i < items->size && found < enough; ++i) {
    bool holds = true;
    if (op.b && !test(op, m, *items, i, holds)) return false;
    found += holds;
  }
  return true;
}

// A sort needs a strict order, which NaN has not: it comes first.
int nan_order(const Value& a, const Value& b) {
  return int(as_real(b) != as_real(b)) - int(as_real(a) != as_real(a));
}

bool search(const Operation& op, Machine& m, bool from_end, bool want_index, Value& out) {
  const ValueArray* items = nullptr;
  if (!list(op, m, items)) return false;
  for (uint32_t n = 0; n < items->size; ++n) {
    const uint32_t i = from_end ? items->size - 1 - n : n;
    bool holds = false;
    if (!test(op, m, *items, i, holds)) return false;
    if (!holds) continue;
    out = want_index ? Value::of(int64_t(i)) : items->items[i];
    return true;
  }
  out = Value();
  return true;
}

}  // namespace

bool all(const Operation& op, Machine& m, Value& out) {
  const ValueArray* items = nullptr;
  if (!list(op, m, items)) return false;
  bool holds = true;
  for (uint32_t i = 0; i < items->size && holds; ++i)
    if (!test(op, m, *items, i, holds)) return false;
  out = Value::of(holds);
  return true;
}
bool any(const Operation& op, Machine& m, Value& out) {
  int64_t found = 0;
  if (!holding(op, m, 1, found)) return false;
  out = Value::of(found > 0);
  return true;
}
bool none(const Operation& op, Machine& m, Value& out) {
  int64_t found = 0;
  if (!holding(op, m, 1, found)) return false;
  out = Value::of(found == 0);
  return true;
}
bool one(const Operation& op, Machine& m, Value& out) {
  int64_t found = 0;
  if (!holding(op, m, 2, found)) return false;
  out = Value::of(found == 1);
  return true;
}
bool count(const Operation& op, Machine& m, Value& out) {
  const ValueArray* items = nullptr;
  if (!list(op, m, items)) return false;
  int64_t found = 0;
  for (uint32_t i = 0; i < items->size; ++i) {
    bool holds = false;
    if (op.b) {
      if (!test(op, m, *items, i, holds)) return false;
    } else if (!items->items[i].is_bool()) {
      return m.fail({"count without a closure needs a list of bool"});
    } else {
      holds = items->items[i].boolean;
    }
    found += holds;
  }
  out = Value::of(found);
  return true;
}

bool filter(const Operation& op, Machine& m, Value& out) {
  const ValueArray* items = nullptr;
  ClassId flavour = ClassId::none;
  if (!list(op, m, items, &flavour)) return false;
  Value* kept = m.array(items->size);
  if (!kept) return false;
  uint32_t size = 0;
  for (uint32_t i = 0; i < items->size; ++i) {
    bool holds = false;
    if (!test(op, m, *items, i, holds)) return false;
    if (holds) kept[size++] = items->items[i];
  }
  // As in the language: what a filter keeps is a list of anything.
  return make_array(m, kept, size, ClassId::none, out);
}
bool map_each(const Operation& op, Machine& m, Value& out) {
  const ValueArray* items = nullptr;
  if (!list(op, m, items)) return false;
  Value* made = m.array(items->size);
  if (!made) return false;
  for (uint32_t i = 0; i < items->size; ++i)
    if (!body(op, m, *items, i, made[i])) return false;
  return make_array(m, made, items->size, ClassId::none, out);
}
bool sum(const Operation& op, Machine& m, Value& out) {
  const ValueArray* items = nullptr;
  if (!list(op, m, items)) return false;
  uint64_t whole = 0;
  double real = 0;
  bool reals = false;
  for (uint32_t i = 0; i < items->size; ++i) {
    Value value = items->items[i];
    if (op.b && !body(op, m, *items, i, value)) return false;
    if (!is_number(value)) return m.fail({"sum needs numbers, not ", kind_name(value)});
    reals |= value.kind == Value::Kind::real;
    real += as_real(value);
    if (value.kind == Value::Kind::integer) whole += uint64_t(value.integer);
  }
  out = reals ? Value::of(real) : Value::of(int64_t(whole));
  return true;
}

bool find(const Operation& op, Machine& m, Value& out) { return search(op, m, false, false, out); }
bool find_index(const Operation& op, Machine& m, Value& out) { return search(op, m, false, true, out); }
bool find_last(const Operation& op, Machine& m, Value& out) { return search(op, m, true, false, out); }
bool find_last_index(const Operation& op, Machine& m, Value& out) { return search(op, m, true, true, out); }

bool group_by(const Operation& op, Machine& m, Value& out) {
  const ValueArray* items = nullptr;
  if (!list(op, m, items)) return false;
  Value* keys = m.array(items->size);
  ValueMapEntry* groups = m.entries(items->size);
  if (!keys || !groups) return false;
  uint32_t used = 0;
  for (uint32_t i = 0; i < items->size; ++i) {
    if (!body(op, m, *items, i, keys[i])) return false;
    if (!keys[i].is_string())
      return m.fail({"groupBy: the closure gives ", kind_name(keys[i]), ", not string"});
    uint32_t g = 0;
    while (g < used && groups[g].key != keys[i].text()) ++g;
    if (!m.spend(g)) return false;
    if (g == used) groups[used++] = {keys[i].text(), Value::of(int64_t{0})};
    ++groups[g].value.integer;
  }
  for (uint32_t g = 0; g < used; ++g) {
    Value* members = m.array(uint64_t(groups[g].value.integer));
    if (!members || !m.spend(items->size)) return false;
    uint32_t size = 0;
    for (uint32_t i = 0; i < items->size; ++i)
      if (keys[i].text() == groups[g].key) members[size++] = items->items[i];
    make_array(m, members, size, ClassId::none, groups[g].value);
  }
  return make_map(m, groups, used, ClassId::none, out);
}

bool sort_by(const Operation& op, Machine& m, Value& out) {
  const ValueArray* items = nullptr;
  if (!list(op, m, items)) return false;
  bool descending = false;
  if (op.c) {
    Value order;
    if (!op.c->run(*op.c, m, order)) return false;
    if (!order.is_string() || (order.text() != "asc" && order.text() != "desc"))
      return m.fail({"sortBy: the order is 'asc' or 'desc'"});
    descending = order.text() == "desc";
  }
  Value* keys = m.array(items->size);
  Value* made = m.array(items->size);
  Value* places = m.array(items->size);
  if (!keys || !made || !places) return false;
  for (uint32_t i = 0; i < items->size; ++i) {
    if (!body(op, m, *items, i, keys[i])) return false;
    int order = 0;
    if (!compare(m, keys[0], keys[i], order)) return false;  // all keys are of one kind: the sort cannot fail
    places[i] = Value::of(int64_t(i));
  }
  // Places break ties, which makes it stable; std::stable_sort would take memory from the heap.
  std::sort(places, places + items->size, [&](const Value& x, const Value& y) {
    int order = 0;
    compare(m, keys[x.integer], keys[y.integer], order);
    if (order == 2) order = nan_order(keys[x.integer], keys[y.integer]);
    if (descending) order = -order;
    return order != 0 ? order < 0 : x.integer < y.integer;
  });
  for (uint32_t i = 0; i < items->size; ++i) made[i] = items->items[places[i].integer];
  return make_array(m, made, items->size, ClassId::none, out);
}

bool reduce(const Operation& op, Machine& m, Value& out) {
  const ValueArray* items = nullptr;
  if (!list(op, m, items)) return false;
  uint32_t start = 0;
  Value total;
  if (op.c) {
    if (!op.c->run(*op.c, m, total)) return false;
  } else {
    if (items->size == 0) return m.fail({"reduce of an empty list needs a first value"});
    total = items->items[start++];
  }
  for (uint32_t i = start; i < items->size; ++i) {
    m.locals[op.local + 2] = total;
    if (!body(op, m, *items, i, total)) return false;
  }
  out = total;
  return true;
}

}  // namespace testudo::expr::run
