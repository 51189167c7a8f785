// Reading: constants, locals, slots, members, elements, methods; and building arrays and maps.
#include <algorithm>
#include <cmath>

#include "expr/members.h"
#include "expr/run.h"
#include "expr/values.h"

namespace testudo::expr::run {
namespace {

// The base of a member or an index; nil ends the chain where it is optional, and fails otherwise.
bool base(const Operation& op, Machine& m, std::string_view name, Value& out) {
  if (!op.a->run(*op.a, m, out)) return false;
  if (!out.is_nil()) return true;
  if (!op.flag) return m.fail({"cannot fetch ", name, " from nil"});
  m.cut = true;
  return false;
}

bool keyed(Machine& m, const Value& from, std::string_view key, Value& out) {
  switch (from.kind) {
    case Value::Kind::map: {
      if (!m.spend(1 + from.map->size / 8)) return false;
      const Value* found = from.map->find(key);
      const bool texts = from.class_id == uint8_t(ClassId::text);
      out = found ? *found : texts ? Value::of(std::string_view()) : Value();
      return true;
    }
    case Value::Kind::object: {
      const ClassId id = ClassId(from.class_id);
      if (is_map_class(id)) {
        const void* object = from.object;
        return bag_get(m, id, object, key, out);
      }
      if (const Member* member = find_member(id, key)) {
        const void* object = from.object;
        member->get(m, object, out);
        return true;
      }
      return m.fail({class_name(id), " has no field ", key});
    }
    default:
      return m.fail({"cannot fetch ", key, " from ", kind_name(from)});
  }
}

// Position of an index that may count from the end; false when it is outside.
bool position(int64_t index, uint64_t size, uint64_t& at) {
  if (index < 0) index += int64_t(size);
  at = uint64_t(index);
  return index >= 0 && at < size;
}

bool check_arguments(Machine& m, const Method& method, const Value* args, size_t count) {
  if (count != method.params.size()) return m.fail({method.name, ": wrong number of arguments"});
  for (size_t i = 0; i < count; ++i)
    if (type_of(args[i]) != method.params[i])
      return m.fail({method.name, ": expected ", type_name(method.params[i]), ", got ", kind_name(args[i])});
  return true;
}

constexpr size_t kMaxMethodArguments = 8;

bool call(const Operation& op, Machine& m, const Method& method, const Value& self, Value& out) {
  Value args[kMaxMethodArguments];
  if (op.args.size() > kMaxMethodArguments) return m.fail({method.name, ": too many arguments"});
  for (size_t i = 0; i < op.args.size(); ++i)
    if (!op.args[i]->run(*op.args[i], m, args[i])) return false;
  return check_arguments(m, method, args, op.args.size()) && method.call(m, self, args, out);
}

// A bound of a slice, clamped.
bool bound(const Operation* op, Machine& m, int64_t size, int64_t absent, int64_t& at) {
  at = absent;
  if (!op) return true;
  Value value;
  if (!op->run(*op, m, value)) return false;
  if (value.kind != Value::Kind::integer)
    return m.fail({"a bound of a slice is an int, not ", kind_name(value)});
  at = value.integer < 0 ? std::max<int64_t>(0, value.integer + size) : std::min(value.integer, size);
  return true;
}

const char nothing = 0;

}  // namespace

bool constant(const Operation& op, Machine&, Value& out) {
  out = op.constant;
  return true;
}
bool local(const Operation& op, Machine& m, Value& out) {
  out = m.locals[op.local];
  return true;
}
bool let(const Operation& op, Machine& m, Value& out) {
  Value value;
  if (!op.a->run(*op.a, m, value)) return false;
  m.locals[op.local] = value;
  return op.b->run(*op.b, m, out);
}
bool event(const Operation&, Machine& m, Value& out) {
  out = Value::of_object(uint8_t(ClassId::event), m.ctx.event);
  return m.ctx.event || m.fail({"there is no event here"});
}
bool alert(const Operation&, Machine& m, Value& out) {
  out = Value::of_object(uint8_t(ClassId::alert), m.ctx.alert);
  return m.ctx.alert || m.fail({"there is no alert here"});
}
bool leaky(const Operation&, Machine& m, Value& out) {
  out = Value::of_object(uint8_t(ClassId::bucket), m.ctx.leaky);
  return m.ctx.leaky || m.fail({"there is no bucket here"});
}
bool signal(const Operation&, Machine& m, Value& out) {
  const Overflow* overflow = m.ctx.event ? m.ctx.event->overflow : nullptr;
  out = Value::of_object(uint8_t(ClassId::overflow), overflow);
  return overflow || m.fail({"there is no overflow here"});
}
bool queue(const Operation&, Machine& m, Value& out) {
  out = Value::of_object(uint8_t(ClassId::queue), m.ctx.queue);
  return m.ctx.queue || m.fail({"there is no queue here"});
}
bool results(const Operation&, Machine& m, Value& out) {
  if (!m.ctx.results) return m.fail({"there are no results here"});
  out = *m.ctx.results;
  return true;
}
bool empty_object(const Operation& op, Machine&, Value& out) {
  out = Value::of_object(op.constant.class_id, &nothing);
  return true;
}

bool slot(const Operation& op, Machine& m, Value& out) {
  out = Value::of(m.ctx.event->get(op.slot));
  return true;
}
bool kept_slot(const Operation& op, Machine& m, Value& out) {
  if (!base(op, m, op.text, out)) return false;
  const std::string_view* found = static_cast<const KeptEvent*>(out.object)->find(op.slot);
  out = Value::of(found ? *found : std::string_view());
  return true;
}
bool label(const Operation& op, Machine& m, Value& out) {
  const SourceInfo* source = m.ctx.event->source;
  out = Value::of(source ? source->label(op.text) : std::string_view());
  return true;
}
bool unmarshaled(const Operation& op, Machine& m, Value& out) {
  return bag_get(m, ClassId::unmarshaled, m.ctx.event, op.text, out);
}
bool event_member(const Operation& op, Machine& m, Value& out) {
  op.member->get(m, m.ctx.event, out);
  return true;
}
bool object_member(const Operation& op, Machine& m, Value& out) {
  if (!base(op, m, op.text, out)) return false;
  const void* object = out.object;
  op.member->get(m, object, out);
  return true;
}
bool any_member(const Operation& op, Machine& m, Value& out) {
  Value from;
  return base(op, m, op.text, from) && keyed(m, from, op.text, out);
}

bool any_index(const Operation& op, Machine& m, Value& out) {
  Value from, key;
  if (!base(op, m, "an element", from) || !op.b->run(*op.b, m, key)) return false;
  if (key.is_string() && from.kind != Value::Kind::array && !from.is_string())
    return keyed(m, from, key.text(), out);
  if (from.kind == Value::Kind::map || from.kind == Value::Kind::object)
    return m.fail({"a key of a map is a string, not ", kind_name(key)});
  // Numbers of JSON are floats: a whole one is an index.
  if (key.kind == Value::Kind::real && std::fabs(key.real) < 1e15 && std::trunc(key.real) == key.real)
    key = Value::of(int64_t(key.real));
  if (key.kind != Value::Kind::integer)
    return m.fail({"cannot fetch ", kind_name(key), " from ", kind_name(from)});
  uint64_t at = 0;
  const uint64_t size = from.kind == Value::Kind::array ? from.array->size : from.is_string() ? from.size : 0;
  if (from.kind != Value::Kind::array && !from.is_string())
    return m.fail({"cannot fetch an element from ", kind_name(from)});
  if (!position(key.integer, size, at)) return m.fail({"index out of range"});
  out = from.is_string() ? Value::of(int64_t(uint8_t(from.string[at]))) : from.array->items[at];
  return true;
}

bool slice(const Operation& op, Machine& m, Value& out) {
  Value from;
  if (!base(op, m, "a slice", from)) return false;
  if (!from.is_string() && from.kind != Value::Kind::array) return m.fail({"cannot slice ", kind_name(from)});
  const int64_t size = from.is_string() ? from.size : from.array->size;
  int64_t start = 0, end = 0;
  if (!bound(op.b, m, size, 0, start) || !bound(op.c, m, size, size, end)) return false;
  const uint64_t length = end > start ? uint64_t(end - start) : 0;
  if (from.is_string()) {
    out = Value::of(from.text().substr(size_t(start), length));
    return true;
  }
  return make_array(m, from.array->items + start, length, ClassId(from.class_id), out);
}

bool chain(const Operation& op, Machine& m, Value& out) {
  if (op.a->run(*op.a, m, out)) return true;
  if (!m.cut) return false;
  m.cut = false;
  out = Value();
  return true;
}

bool method(const Operation& op, Machine& m, Value& out) {
  Value self;
  return base(op, m, op.text, self) && call(op, m, *op.method, self, out);
}
bool any_method(const Operation& op, Machine& m, Value& out) {
  Value self;
  if (!base(op, m, op.text, self)) return false;
  const Method* found = find_method(type_of(self), ClassId(self.class_id), op.text);
  if (!found) return m.fail({kind_name(self), " has no method ", op.text});
  return call(op, m, *found, self, out);
}

bool array(const Operation& op, Machine& m, Value& out) {
  Value* items = m.array(op.args.size());
  if (!items) return false;
  for (size_t i = 0; i < op.args.size(); ++i)
    if (!op.args[i]->run(*op.args[i], m, items[i])) return false;
  return make_array(m, items, op.args.size(), ClassId::none, out);
}

bool map(const Operation& op, Machine& m, Value& out) {
  const size_t size = op.args.size() / 2;
  ValueMapEntry* entries = m.entries(size);
  if (!entries || !m.spend(size * size / 16)) return false;
  size_t used = 0;
  for (size_t i = 0; i < size; ++i) {
    Value key, value;
    if (!op.args[2 * i]->run(*op.args[2 * i], m, key) ||
        !op.args[2 * i + 1]->run(*op.args[2 * i + 1], m, value))
      return false;
    if (!key.is_string()) return m.fail({"a key of a map is a string, not ", kind_name(key)});
    size_t at = 0;
    while (at < used && entries[at].key != key.text()) ++at;
    entries[at] = {key.text(), value};
    used = std::max(used, at + 1);
  }
  return make_map(m, entries, used, ClassId::none, out);
}

}  // namespace testudo::expr::run
