// Functions on strings.
#include <cstring>

#include "base/text.h"
#include "expr/builtins.h"
#include "expr/text_tools.h"
#include "expr/values.h"

namespace testudo::expr {
namespace {

constexpr Type kS = Type::string, kI = Type::integer, kA = Type::array;

bool give(std::string_view text, Value& out) {
  out = Value::of(text);
  return true;
}
std::string_view optional_text(const Value* args, size_t count, size_t i, std::string_view absent) {
  return count > i ? args[i].text() : absent;
}

bool trim_call(Machine&, const Value* a, size_t n, Value& out) {
  return give(n > 1 ? trim_set(a[0].text(), a[1].text(), true, true) : trim_space(a[0].text()), out);
}
bool trim_prefix(Machine&, const Value* a, size_t n, Value& out) {
  return give(without_prefix(a[0].text(), optional_text(a, n, 1, " ")), out);
}
bool trim_suffix(Machine&, const Value* a, size_t n, Value& out) {
  return give(without_suffix(a[0].text(), optional_text(a, n, 1, " ")), out);
}
bool upper(Machine& m, const Value* a, size_t, Value& out) {
  return change_case(m.ctx, a[0].text(), true, out);
}
bool lower(Machine& m, const Value* a, size_t, Value& out) {
  return change_case(m.ctx, a[0].text(), false, out);
}
bool split_call(Machine& m, const Value* a, size_t n, Value& out) {
  return split_text(m.ctx, a[0].text(), a[1].text(), n > 2 ? a[2].integer : -1, false, out);
}
bool split_after(Machine& m, const Value* a, size_t n, Value& out) {
  return split_text(m.ctx, a[0].text(), a[1].text(), n > 2 ? a[2].integer : -1, true, out);
}
bool replace(Machine& m, const Value* a, size_t n, Value& out) {
  return replace_text(m.ctx, a[0].text(), a[1].text(), a[2].text(), n > 3 ? a[3].integer : -1, out);
}
bool repeat(Machine& m, const Value* a, size_t, Value& out) {
  const std::string_view unit = a[0].text();
  const int64_t times = a[1].integer;
  if (times < 0) return m.fail({"repeat needs a count of 0 or more"});
  if (unit.empty() || times == 0) return give({}, out);
  if (uint64_t(times) > m.left.bytes / unit.size())
    return m.fail({"more than 16 MiB of text: the expression was stopped"});
  char* to = m.text(unit.size() * uint64_t(times));
  if (!to) return false;
  for (int64_t i = 0; i < times; ++i) std::memcpy(to + size_t(i) * unit.size(), unit.data(), unit.size());
  return give({to, unit.size() * size_t(times)}, out);
}
bool join(Machine& m, const Value* a, size_t n, Value& out) {
  return join_texts(m.ctx, *a[0].array, optional_text(a, n, 1, ""), out);
}
bool index_of(Machine&, const Value* a, size_t, Value& out) {
  const size_t at = a[0].text().find(a[1].text());
  out = Value::of(at == std::string_view::npos ? int64_t{-1} : int64_t(at));
  return true;
}
bool last_index_of(Machine&, const Value* a, size_t, Value& out) {
  const size_t at = a[0].text().rfind(a[1].text());
  out = Value::of(at == std::string_view::npos ? int64_t{-1} : int64_t(at));
  return true;
}
bool has_prefix(Machine&, const Value* a, size_t, Value& out) {
  out = Value::of(a[0].text().starts_with(a[1].text()));
  return true;
}
bool has_suffix(Machine&, const Value* a, size_t, Value& out) {
  out = Value::of(a[0].text().ends_with(a[1].text()));
  return true;
}

const Builtin rows[] = {
    {"trim", {kS, kS}, 1, kString, trim_call},
    {"trimPrefix", {kS, kS}, 1, kString, trim_prefix},
    {"trimSuffix", {kS, kS}, 1, kString, trim_suffix},
    {"upper", {kS}, 1, kString, upper},
    {"lower", {kS}, 1, kString, lower},
    {"split", {kS, kS, kI}, 2, kTextArray, split_call},
    {"splitAfter", {kS, kS, kI}, 2, kTextArray, split_after},
    {"replace", {kS, kS, kS, kI}, 3, kString, replace},
    {"repeat", {kS, kI}, 2, kString, repeat},
    {"join", {kA, kS}, 1, kString, join},
    {"indexOf", {kS, kS}, 2, kInteger, index_of},
    {"lastIndexOf", {kS, kS}, 2, kInteger, last_index_of},
    {"hasPrefix", {kS, kS}, 2, kBoolean, has_prefix},
    {"hasSuffix", {kS, kS}, 2, kBoolean, has_suffix},
};

}  // namespace

std::span<const Builtin> text_builtins() { return rows; }

}  // namespace testudo::expr
