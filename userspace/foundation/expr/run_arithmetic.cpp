// + - * / % ** and ranges. Integers wrap around as in Go; / and ** are always float.
#include <cmath>

#include "expr/run.h"
#include "expr/values.h"

namespace testudo::expr::run {
namespace {

using K = Value::Kind;

bool both(const Operation& op, Machine& m, Value& a, Value& b) {
  return op.a->run(*op.a, m, a) && op.b->run(*op.b, m, b);
}

bool refuse(Machine& m, std::string_view name, const Value& a, const Value& b) {
  return m.fail({name, " is not defined between ", kind_name(a), " and ", kind_name(b)});
}

int64_t wrap_add(int64_t a, int64_t b) { return int64_t(uint64_t(a) + uint64_t(b)); }
int64_t wrap_sub(int64_t a, int64_t b) { return int64_t(uint64_t(a) - uint64_t(b)); }
int64_t wrap_mul(int64_t a, int64_t b) { return int64_t(uint64_t(a) * uint64_t(b)); }

bool integers(const Value& a, const Value& b) { return a.kind == K::integer && b.kind == K::integer; }
bool numbers(const Value& a, const Value& b) { return is_number(a) && is_number(b); }

bool concatenate(Machine& m, std::string_view a, std::string_view b, Value& out) {
  char* to = m.text(a.size() + b.size());
  if (!to) return false;
  if (!a.empty()) std::memcpy(to, a.data(), a.size());
  if (!b.empty()) std::memcpy(to + a.size(), b.data(), b.size());
  out = Value::of(std::string_view(to, a.size() + b.size()));
  return true;
}

// Another instant in the same zone.
Value time_like(const Value& time, int64_t ns) {
  Value moved = time;
  moved.integer = ns;
  return moved;
}

}  // namespace

bool minus(const Operation& op, Machine& m, Value& out) {
  if (!op.a->run(*op.a, m, out)) return false;
  if (out.kind == K::real)
    out.real = -out.real;
  else if (out.kind == K::integer || out.kind == K::duration)
    out.integer = wrap_sub(0, out.integer);
  else
    return m.fail({"- is not defined for ", kind_name(out)});
  return true;
}
bool plus(const Operation& op, Machine& m, Value& out) {
  return op.a->run(*op.a, m, out) && (is_number(out) || m.fail({"+ is not defined for ", kind_name(out)}));
}

bool add(const Operation& op, Machine& m, Value& out) {
  Value a, b;
  if (!both(op, m, a, b)) return false;
  if (a.is_string() && b.is_string()) return concatenate(m, a.text(), b.text(), out);
  if (integers(a, b))
    out = Value::of(wrap_add(a.integer, b.integer));
  else if (numbers(a, b))
    out = Value::of(as_real(a) + as_real(b));
  else if (a.kind == K::duration && b.kind == K::duration)
    out = Value::duration(wrap_add(a.integer, b.integer));
  else if ((a.kind == K::time && b.kind == K::duration) || (a.kind == K::duration && b.kind == K::time))
    out = time_like(a.kind == K::time ? a : b, wrap_add(a.integer, b.integer));
  else
    return refuse(m, "+", a, b);
  return true;
}
bool subtract(const Operation& op, Machine& m, Value& out) {
  Value a, b;
  if (!both(op, m, a, b)) return false;
  if (integers(a, b))
    out = Value::of(wrap_sub(a.integer, b.integer));
  else if (numbers(a, b))
    out = Value::of(as_real(a) - as_real(b));
  else if (a.kind == K::time && b.kind == K::time)
    out = Value::duration(wrap_sub(a.integer, b.integer));
  else if (a.kind == K::time && b.kind == K::duration)
    out = time_like(a, wrap_sub(a.integer, b.integer));
  else if (a.kind == K::duration && b.kind == K::duration)
    out = Value::duration(wrap_sub(a.integer, b.integer));
  else
    return refuse(m, "-", a, b);
  return true;
}
bool multiply(const Operation& op, Machine& m, Value& out) {
  Value a, b;
  if (!both(op, m, a, b)) return false;
  if (integers(a, b))
    out = Value::of(wrap_mul(a.integer, b.integer));
  else if (numbers(a, b))
    out = Value::of(as_real(a) * as_real(b));
  else if ((a.kind == K::duration && b.kind == K::integer) || (a.kind == K::integer && b.kind == K::duration))
    out = Value::duration(wrap_mul(a.integer, b.integer));
  else
    return refuse(m, "*", a, b);
  return true;
}
bool divide(const Operation& op, Machine& m, Value& out) {
  Value a, b;
  if (!both(op, m, a, b)) return false;
  if (!numbers(a, b)) return refuse(m, "/", a, b);
  out = Value::of(as_real(a) / as_real(b));
  return true;
}
bool remainder(const Operation& op, Machine& m, Value& out) {
  Value a, b;
  if (!both(op, m, a, b)) return false;
  if (!integers(a, b)) return refuse(m, "%", a, b);
  if (b.integer == 0) return m.fail({"division by zero"});
  out = Value::of(b.integer == -1 ? int64_t{0} : a.integer % b.integer);
  return true;
}
bool power(const Operation& op, Machine& m, Value& out) {
  Value a, b;
  if (!both(op, m, a, b)) return false;
  if (!numbers(a, b)) return refuse(m, "**", a, b);
  out = Value::of(std::pow(as_real(a), as_real(b)));
  return true;
}

bool range(const Operation& op, Machine& m, Value& out) {
  Value a, b;
  if (!both(op, m, a, b)) return false;
  if (!integers(a, b)) return refuse(m, "..", a, b);
  // In unsigned arithmetic: the width of min..max does not fit otherwise.
  const uint64_t size = b.integer < a.integer ? 0 : uint64_t(b.integer) - uint64_t(a.integer) + 1;
  if (b.integer >= a.integer && size == 0) return m.fail({"the range is too long"});
  Value* items = m.array(size);
  if (!items) return false;
  for (uint64_t i = 0; i < size; ++i) items[i] = Value::of(int64_t(uint64_t(a.integer) + i));
  return make_array(m, items, size, ClassId::none, out);
}

}  // namespace testudo::expr::run
