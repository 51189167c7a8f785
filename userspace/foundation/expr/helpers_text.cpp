// Strings: case, glob, split, trim, replace, search, base64.
#include <algorithm>

#include "expr/base64.h"
#include "expr/helpers.h"
#include "expr/text_tools.h"

namespace testudo::expr {
namespace {

constexpr Type kS = Type::string, kI = Type::integer, kA = Type::array, kU = Type::unknown;

bool give(std::string_view text, Value& out) {
  out = Value::of(text);
  return true;
}
bool give_place(size_t at, Value& out) {
  out = Value::of(at == std::string_view::npos ? int64_t{-1} : int64_t(at));
  return true;
}

// `*` any bytes, `?` one. Linear memory, and time bounded by the product of the lengths.
bool glob(std::string_view pattern, std::string_view text) {
  if (text.empty()) return pattern.empty() || pattern == "*";
  size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool match(const void*, Context&, const Value* a, size_t, Value& out) {
  out = Value::of(glob(a[0].text(), a[1].text()));
  return true;
}
bool split(const void*, Context& c, const Value* a, size_t, Value& out) {
  return split_text(c, a[0].text(), a[1].text(), -1, false, out);
}
bool split_n(const void*, Context& c, const Value* a, size_t, Value& out) {
  return split_text(c, a[0].text(), a[1].text(), a[2].integer, false, out);
}
bool split_after(const void*, Context& c, const Value* a, size_t, Value& out) {
  return split_text(c, a[0].text(), a[1].text(), -1, true, out);
}
bool split_after_n(const void*, Context& c, const Value* a, size_t, Value& out) {
  return split_text(c, a[0].text(), a[1].text(), a[2].integer, true, out);
}
bool fields(const void*, Context& c, const Value* a, size_t, Value& out) {
  return split_fields(c, a[0].text(), out);
}
bool join(const void*, Context& c, const Value* a, size_t, Value& out) {
  return join_texts(c, *a[0].array, a[1].text(), out);
}
bool trim(const void*, Context&, const Value* a, size_t, Value& out) {
  return give(trim_set(a[0].text(), a[1].text(), true, true), out);
}
bool trim_left(const void*, Context&, const Value* a, size_t, Value& out) {
  return give(trim_set(a[0].text(), a[1].text(), true, false), out);
}
bool trim_right(const void*, Context&, const Value* a, size_t, Value& out) {
  return give(trim_set(a[0].text(), a[1].text(), false, true), out);
}
bool trim_blank(const void*, Context&, const Value* a, size_t, Value& out) {
  return give(trim_space(a[0].text()), out);
}
bool trim_prefix(const void*, Context&, const Value* a, size_t, Value& out) {
  return give(without_prefix(a[0].text(), a[1].text()), out);
}
bool trim_suffix(const void*, Context&, const Value* a, size_t, Value& out) {
  return give(without_suffix(a[0].text(), a[1].text()), out);
}
bool replace(const void*, Context& c, const Value* a, size_t, Value& out) {
  return replace_text(c, a[0].text(), a[1].text(), a[2].text(), a[3].integer, out);
}
bool replace_all(const void*, Context& c, const Value* a, size_t, Value& out) {
  return replace_text(c, a[0].text(), a[1].text(), a[2].text(), -1, out);
}
bool index(const void*, Context&, const Value* a, size_t, Value& out) {
  return give_place(a[0].text().find(a[1].text()), out);
}
bool index_any(const void*, Context&, const Value* a, size_t, Value& out) {
  return give_place(a[0].text().find_first_of(a[1].text()), out);
}
bool get(const void*, Context& c, const Value* a, size_t, Value& out) {
  if (a[1].integer < 0) return fail(c, {"Get: the index is below 0"});
  out = Value::of(std::string_view());
  if (uint64_t(a[1].integer) >= a[0].array->size) return true;
  const Value& item = a[0].array->items[a[1].integer];
  if (!item.is_string()) return fail(c, {"Get needs a list of strings"});
  out = item;
  return true;
}
bool to_string(const void*, Context&, const Value* a, size_t, Value& out) {
  return give(a[0].is_string() ? a[0].text() : std::string_view(), out);
}
bool atof(const void*, Context&, const Value* a, size_t, Value& out) {
  double number = 0;
  out = Value::of(read_real(a[0].text(), number) ? number : 0.0);
  return true;
}
bool b64_decode(const void*, Context& c, const Value* a, size_t, Value& out) {
  const std::optional<std::string> text = decode_base64(a[0].text());
  return text ? copy_text(c, *text, out) : fail(c, {"B64Decode: not base64"});
}
bool approximately(const void*, Context&, const Value* a, size_t, Value& out) {
  const double difference = a[0].real - a[1].real;
  out = Value::of(difference < 1e-6 && difference > -1e-6);
  return true;
}

const Helper rows[] = {
    {"Upper", "the text in capital letters", {kS}, false, kS, true, upper_call},
    {"Lower", "the text in small letters", {kS}, false, kS, true, lower_call},
    {"Match",
     "does the pattern (* any, ? one byte) fit the whole text",
     {kS, kS},
     false,
     Type::boolean,
     true,
     match},
    {"Split", "parts between separators", {kS, kS}, false, kA, true, split},
    {"SplitN", "at most n parts, the last one unsplit", {kS, kS, kI}, false, kA, true, split_n},
    {"SplitAfter", "parts that keep their separators", {kS, kS}, false, kA, true, split_after},
    {"SplitAfterN",
     "at most n parts that keep their separators",
     {kS, kS, kI},
     false,
     kA,
     true,
     split_after_n},
    {"Fields", "words between white space", {kS}, false, kA, true, fields},
    {"Join", "the strings of a list, with a separator between", {kA, kS}, false, kS, true, join},
    {"Trim", "without the given characters at both ends", {kS, kS}, false, kS, true, trim},
    {"TrimLeft", "without the given characters at the start", {kS, kS}, false, kS, true, trim_left},
    {"TrimRight", "without the given characters at the end", {kS, kS}, false, kS, true, trim_right},
    {"TrimSpace", "without white space at both ends", {kS}, false, kS, true, trim_blank},
    {"TrimPrefix", "without the prefix, if it has it", {kS, kS}, false, kS, true, trim_prefix},
    {"TrimSuffix", "without the suffix, if it has it", {kS, kS}, false, kS, true, trim_suffix},
    {"Replace",
     "the first n occurrences replaced (below 0: all)",
     {kS, kS, kS, kI},
     false,
     kS,
     true,
     replace},
    {"ReplaceAll", "all occurrences replaced", {kS, kS, kS}, false, kS, true, replace_all},
    {"Index", "byte offset of the part, or -1", {kS, kS}, false, kI, true, index},
    {"IndexAny", "byte offset of the first of the characters, or -1", {kS, kS}, false, kI, true, index_any},
    {"Get", "element of a list of strings; empty past its end", {kA, kI}, false, kS, true, get},
    {"ToString", "the value if it is a string, else empty", {kU}, false, kS, true, to_string},
    {"Atof", "the number a text holds, or 0", {kS}, false, Type::real, true, atof},
    {"B64Decode", "bytes of a base64 text", {kS}, false, kS, true, b64_decode},
    {"FloatApproxEqual",
     "do two numbers differ by less than a millionth",
     {Type::real, Type::real},
     false,
     Type::boolean,
     true,
     approximately},
};

}  // namespace

void add_text_helpers(HelperTable& table) { table.insert(table.end(), std::begin(rows), std::end(rows)); }

}  // namespace testudo::expr
