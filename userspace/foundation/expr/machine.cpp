#include "expr/code.h"

namespace testudo::expr {

bool Machine::fail(std::initializer_list<std::string_view> message) {
  // assign and append reuse the buffer of earlier failures.
  ctx.error.clear();
  for (const std::string_view part : message) ctx.error.append(part.substr(0, 200));
  return false;
}

namespace {

template <typename T>
T* elements(Machine& m, uint64_t count) {
  if (count > m.left.elements) {
    m.fail({"more than 1,000,000 elements: the expression was stopped"});
    return nullptr;
  }
  m.left.elements -= count;
  T* items = reinterpret_cast<T*>(m.ctx.arena->allocate(count * sizeof(T) + 1));
  for (uint64_t i = 0; i < count; ++i) new (items + i) T;
  return items;
}

}  // namespace

Value* Machine::array(uint64_t count) { return elements<Value>(*this, count); }
ValueMapEntry* Machine::entries(uint64_t count) { return elements<ValueMapEntry>(*this, count); }

char* Machine::text(uint64_t size) {
  if (size > left.bytes) {
    fail({"more than 16 MiB of text: the expression was stopped"});
    return nullptr;
  }
  left.bytes -= size;
  return ctx.arena->allocate(size + 1);
}

bool Machine::copy(std::string_view from, Value& out) {
  char* to = text(from.size());
  if (!to) return false;
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
  out = Value::of(std::string_view(to, from.size()));
  return true;
}

bool make_array(Machine& m, const Value* items, uint64_t size, ClassId flavour, Value& out) {
  auto* array = new (m.ctx.arena->allocate(sizeof(ValueArray))) ValueArray{items, uint32_t(size)};
  out = Value::of(array);
  out.class_id = uint8_t(flavour);
  return true;
}

bool make_map(Machine& m, const ValueMapEntry* entries, uint64_t size, ClassId flavour, Value& out) {
  auto* map = new (m.ctx.arena->allocate(sizeof(ValueMap))) ValueMap{entries, uint32_t(size)};
  out = Value::of(map);
  out.class_id = uint8_t(flavour);
  return true;
}

}  // namespace testudo::expr
