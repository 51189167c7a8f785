// Conversions: int, float, string, type, JSON, base64.
#include <charconv>
#include <cmath>

#include "expr/base64.h"
#include "expr/builtins.h"
#include "expr/json_read.h"
#include "expr/values.h"

namespace testudo::expr {
namespace {

constexpr Type kS = Type::string, kU = Type::unknown;
using K = Value::Kind;

// As Go converts on amd64: what does not fit is the smallest integer.
int64_t truncate(double value) {
  return std::isfinite(value) && std::fabs(value) < 9.2e18 ? int64_t(value) : INT64_MIN;
}

bool to_int(Machine& m, const Value* a, size_t, Value& out) {
  if (a[0].kind == K::integer || a[0].kind == K::duration) {
    out = Value::of(a[0].integer);
    return true;
  }
  if (a[0].kind == K::real) {
    out = Value::of(truncate(a[0].real));
    return true;
  }
  if (!a[0].is_string()) return m.fail({"int of ", kind_name(a[0])});
  std::string_view text = a[0].text();
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    return m.fail({"not a whole number: ", text.substr(0, 40)});
  out = Value::of(number);
  return true;
}

bool to_float(Machine& m, const Value* a, size_t, Value& out) {
  if (is_number(a[0])) {
    out = Value::of(as_real(a[0]));
    return true;
  }
  if (!a[0].is_string()) return m.fail({"float of ", kind_name(a[0])});
  double number = 0;
  if (!read_real(a[0].text(), number)) return m.fail({"not a number: ", a[0].text().substr(0, 40)});
  out = Value::of(number);
  return true;
}

bool to_string(Machine& m, const Value* a, size_t, Value& out) {
  if (a[0].is_string()) {
    out = a[0];
    return true;
  }
  std::string text;
  return append_text(m, a[0], text) && m.copy(text, out);
}

bool type(Machine&, const Value* a, size_t, Value& out) {
  out = Value::of(std::string_view(a[0].kind == K::object     ? "struct"
                                   : a[0].kind == K::time     ? "time.Time"
                                   : a[0].kind == K::duration ? "time.Duration"
                                                              : kind_name(a[0])));
  return true;
}

bool to_json(Machine& m, const Value* a, size_t, Value& out) {
  std::string text;
  return append_json(m, a[0], text, 2) && m.copy(text, out);
}
bool from_json(Machine& m, const Value* a, size_t, Value& out) { return read_json(m, a[0].text(), out); }

bool to_base64(Machine& m, const Value* a, size_t, Value& out) {
  if (a[0].size > m.left.bytes) return m.fail({"more than 16 MiB of text: the expression was stopped"});
  return m.copy(encode_base64(a[0].text()), out);
}
bool from_base64(Machine& m, const Value* a, size_t, Value& out) {
  const std::optional<std::string> text = decode_base64(a[0].text());
  return text ? m.copy(*text, out) : m.fail({"not base64"});
}

const Builtin rows[] = {
    {"int", {kU}, 1, kInteger, to_int},        {"float", {kU}, 1, kReal, to_float},
    {"string", {kU}, 1, kString, to_string},   {"type", {kU}, 1, kString, type},
    {"toJSON", {kU}, 1, kString, to_json},     {"fromJSON", {kS}, 1, kUnknown, from_json},
    {"toBase64", {kS}, 1, kString, to_base64}, {"fromBase64", {kS}, 1, kString, from_base64},
};

}  // namespace

std::span<const Builtin> convert_builtins() { return rows; }

}  // namespace testudo::expr
