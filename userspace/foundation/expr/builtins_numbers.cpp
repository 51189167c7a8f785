// Functions on numbers. max, min, mean and median take numbers and lists of numbers.
#include <algorithm>
#include <cmath>

#include "expr/builtins.h"
#include "expr/values.h"

namespace testudo::expr {
namespace {

constexpr Type kI = Type::integer, kU = Type::unknown;

// All numbers among the arguments and, one level deep, in lists among them.
bool gather(Machine& m, std::string_view name, const Value* args, size_t count, Value*& numbers,
            size_t& size) {
  size = 0;
  for (size_t i = 0; i < count; ++i) size += args[i].kind == Value::Kind::array ? args[i].array->size : 1;
  if (size == 0) return m.fail({name, " of nothing"});
  if (!(numbers = m.array(size))) return false;
  size_t n = 0;
  const auto take = [&](const Value& value) {
    if (!is_number(value)) return m.fail({name, " needs numbers, not ", kind_name(value)});
    numbers[n++] = value;
    return true;
  };
  for (size_t i = 0; i < count; ++i) {
    if (args[i].kind != Value::Kind::array) {
      if (!take(args[i])) return false;
      continue;
    }
    for (uint32_t j = 0; j < args[i].array->size; ++j)
      if (!take(args[i].array->items[j])) return false;
  }
  return true;
}

bool extreme(Machine& m, std::string_view name, const Value* args, size_t count, int wanted, Value& out) {
  Value* numbers = nullptr;
  size_t size = 0;
  if (!gather(m, name, args, count, numbers, size)) return false;
  out = numbers[0];
  for (size_t i = 1; i < size; ++i) {
    int order = 0;
    if (!compare(m, numbers[i], out, order)) return false;
    if (order == wanted) out = numbers[i];
  }
  return true;
}
bool max_of(Machine& m, const Value* a, size_t n, Value& out) { return extreme(m, "max", a, n, 1, out); }
bool min_of(Machine& m, const Value* a, size_t n, Value& out) { return extreme(m, "min", a, n, -1, out); }

bool mean(Machine& m, const Value* a, size_t n, Value& out) {
  Value* numbers = nullptr;
  size_t size = 0;
  if (!gather(m, "mean", a, n, numbers, size)) return false;
  double sum = 0;
  for (size_t i = 0; i < size; ++i) sum += as_real(numbers[i]);
  out = Value::of(sum / double(size));
  return true;
}
bool median(Machine& m, const Value* a, size_t n, Value& out) {
  Value* numbers = nullptr;
  size_t size = 0;
  if (!gather(m, "median", a, n, numbers, size)) return false;
  for (size_t i = 0; i < size; ++i)
    if (std::isnan(as_real(numbers[i]))) return m.fail({"median of a value that is not a number"});
  std::sort(numbers, numbers + size, [](const Value& x, const Value& y) { return as_real(x) < as_real(y); });
  out = Value::of(size % 2 ? as_real(numbers[size / 2])
                           : (as_real(numbers[size / 2 - 1]) + as_real(numbers[size / 2])) / 2);
  return true;
}

bool absolute(Machine& m, const Value* a, size_t, Value& out) {
  out = a[0];
  if (out.kind == Value::Kind::real)
    out.real = std::fabs(out.real);
  else if (out.kind == Value::Kind::integer)
    out.integer = int64_t(out.integer < 0 ? 0 - uint64_t(out.integer) : uint64_t(out.integer));
  else
    return m.fail({"abs needs a number, not ", kind_name(a[0])});
  return true;
}
template <double (*function)(double)>
bool rounded(Machine& m, const Value* a, size_t, Value& out) {
  if (!is_number(a[0])) return m.fail({"expected a number, not ", kind_name(a[0])});
  out = Value::of(function(as_real(a[0])));
  return true;
}

bool give(uint64_t bits, Value& out) {
  out = Value::of(int64_t(bits));
  return true;
}
uint64_t bits(const Value& v) { return uint64_t(v.integer); }
bool bit_and(Machine&, const Value* a, size_t, Value& out) { return give(bits(a[0]) & bits(a[1]), out); }
bool bit_or(Machine&, const Value* a, size_t, Value& out) { return give(bits(a[0]) | bits(a[1]), out); }
bool bit_xor(Machine&, const Value* a, size_t, Value& out) { return give(bits(a[0]) ^ bits(a[1]), out); }
bool bit_nand(Machine&, const Value* a, size_t, Value& out) { return give(bits(a[0]) & ~bits(a[1]), out); }
bool bit_not(Machine&, const Value* a, size_t, Value& out) { return give(~bits(a[0]), out); }

bool shift(Machine& m, const Value* a, Value& out, int64_t (*by)(int64_t, int)) {
  if (a[1].integer < 0) return m.fail({"a shift by less than 0"});
  out = Value::of(by(a[0].integer, int(std::min<int64_t>(a[1].integer, 64))));
  return true;
}
bool bit_shl(Machine& m, const Value* a, size_t, Value& out) {
  return shift(m, a, out, [](int64_t v, int n) { return n > 63 ? int64_t{0} : int64_t(uint64_t(v) << n); });
}
bool bit_shr(Machine& m, const Value* a, size_t, Value& out) {
  return shift(m, a, out, [](int64_t v, int n) { return v >> std::min(n, 63); });
}
bool bit_ushr(Machine& m, const Value* a, size_t, Value& out) {
  return shift(m, a, out, [](int64_t v, int n) { return n > 63 ? int64_t{0} : int64_t(uint64_t(v) >> n); });
}

const Builtin rows[] = {
    {"max", {kU}, 1, kUnknown, max_of, true},       {"min", {kU}, 1, kUnknown, min_of, true},
    {"mean", {kU}, 1, kReal, mean, true},           {"median", {kU}, 1, kReal, median, true},
    {"abs", {kU}, 1, kUnknown, absolute},           {"ceil", {kU}, 1, kReal, rounded<std::ceil>},
    {"floor", {kU}, 1, kReal, rounded<std::floor>}, {"round", {kU}, 1, kReal, rounded<std::round>},
    {"bitand", {kI, kI}, 2, kInteger, bit_and},     {"bitor", {kI, kI}, 2, kInteger, bit_or},
    {"bitxor", {kI, kI}, 2, kInteger, bit_xor},     {"bitnand", {kI, kI}, 2, kInteger, bit_nand},
    {"bitnot", {kI}, 1, kInteger, bit_not},         {"bitshl", {kI, kI}, 2, kInteger, bit_shl},
    {"bitshr", {kI, kI}, 2, kInteger, bit_shr},     {"bitushr", {kI, kI}, 2, kInteger, bit_ushr},
};

}  // namespace

std::span<const Builtin> number_builtins() { return rows; }

}  // namespace testudo::expr
