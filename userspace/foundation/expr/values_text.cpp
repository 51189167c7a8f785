// Values as text: Go's %v, and JSON.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "base/text.h"
#include "base/time.h"
#include "expr/members.h"
#include "expr/values.h"
#include "expr/zones.h"

namespace testudo::expr {
namespace {

using K = Value::Kind;

// Exponent form as Go writes it (at least two digits, with sign), where the decimal exponent is outside [low,
// high).
std::string shortest(double value, int low, int high, bool strip_exponent) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[400];
  const auto scientific = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  std::string text(buffer, scientific.ptr);
  const size_t e = text.find('e');
  const int exponent = std::atoi(text.c_str() + e + 1);
  if (value != 0 && (exponent < low || exponent >= high)) {
    // JSON in Go drops the leading zero of a negative exponent: 1e-7.
    if (strip_exponent && text.size() == e + 4 && text[e + 1] == '-' && text[e + 2] == '0')
      text.erase(e + 2, 1);
    return text;
  }
  const auto fixed = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
  return {buffer, fixed.ptr};
}

void quote_json(std::string_view text, std::string& out) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  for (size_t at = 0; at < text.size();) {
    const size_t start = at;
    const uint32_t c = next_utf8(text, at);
    if (c == 0xFFFFFFFF)
      out += "\\ufffd";
    else if (c == 0x2028 || c == 0x2029)
      out += c == 0x2028 ? "\\u2028" : "\\u2029";
    else if (c == '"' || c == '\\')
      (out += '\\') += char(c);
    else if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\b')
      out += "\\b";
    else if (c == '\f')
      out += "\\f";
    else if (c < 0x20 || c == '<' || c == '>' || c == '&')
      ((out += "\\u00") += hex[c >> 4]) += hex[c & 15];
    else
      out += text.substr(start, at - start);
  }
  out += '"';
}

void new_line(std::string& out, int indent, int depth) {
  if (indent < 0) return;
  out += '\n';
  out.append(size_t(indent) * size_t(depth), ' ');
}

std::vector<const ValueMapEntry*> sorted(const ValueMap& map) {
  std::vector<const ValueMapEntry*> entries;
  for (uint32_t i = 0; i < map.size; ++i) entries.push_back(&map.entries[i]);
  std::sort(entries.begin(), entries.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
  return entries;
}

bool bounded(Machine& m, const std::string& out, int depth) {
  if (depth > kMaxValueDepth) return m.fail({"the value is nested too deep to print"});
  if (out.size() > m.left.bytes) return m.fail({"more than 16 MiB of text: the expression was stopped"});
  return m.spend(1);
}

// Structs become maps of their fields.
bool open_object(Machine& m, Value& value) {
  if (!plain(m, value)) return false;
  if (value.kind != K::object) return true;
  const std::span<const Member> members = members_of(ClassId(value.class_id));
  ValueMapEntry* entries = m.entries(members.size());
  if (!entries) return false;
  for (size_t i = 0; i < members.size(); ++i) {
    entries[i].key = members[i].name;
    members[i].get(m, value.object, entries[i].value);
  }
  return make_map(m, entries, members.size(), ClassId::none, value);
}

}  // namespace

std::string real_text(double value) { return shortest(value, -4, 6, false); }

bool append_text(Machine& m, const Value& given, std::string& out, int depth) {
  if (!bounded(m, out, depth)) return false;
  Value value = given;
  if (!open_object(m, value)) return false;
  switch (value.kind) {
    case K::nil:
      out += "<nil>";
      return true;
    case K::boolean:
      out += value.boolean ? "true" : "false";
      return true;
    case K::integer: {
      if (value.class_id != 0)
        if (const Method* name = find_method(Type::integer, ClassId(value.class_id), "String")) {
          Value text;
          if (!name->call(m, value, nullptr, text)) return false;
          out += text.text();
          return true;
        }
      out += std::to_string(value.integer);
      return true;
    }
    case K::real:
      out += real_text(value.real);
      return true;
    case K::string:
      out += value.text();
      return true;
    case K::time:
      out += time_text(value);
      return true;
    case K::duration:
      out += format_duration(Duration(value.integer));
      return true;
    case K::object:
      out += "{}";
      return true;
    case K::array:
      out += '[';
      for (uint32_t i = 0; i < value.array->size; ++i) {
        if (i) out += ' ';
        if (!append_text(m, value.array->items[i], out, depth + 1)) return false;
      }
      out += ']';
      return true;
    case K::map: {
      out += "map[";
      bool first = true;
      for (const ValueMapEntry* entry : sorted(*value.map)) {
        if (!first) out += ' ';
        first = false;
        (out += entry->key) += ':';
        if (!append_text(m, entry->value, out, depth + 1)) return false;
      }
      out += ']';
      return true;
    }
  }
  return true;
}

bool append_json(Machine& m, const Value& given, std::string& out, int indent, int depth) {
  if (!bounded(m, out, depth)) return false;
  Value value = given;
  if (!open_object(m, value)) return false;
  switch (value.kind) {
    case K::nil:
    case K::object:
      out += "null";
      return true;
    case K::boolean:
      out += value.boolean ? "true" : "false";
      return true;
    case K::integer:
    case K::duration:
      out += std::to_string(value.integer);
      return true;
    case K::real:
      if (!std::isfinite(value.real)) return m.fail({"JSON has no ", real_text(value.real)});
      out += shortest(value.real, -6, 21, true);
      return true;
    case K::string:
      quote_json(value.text(), out);
      return true;
    case K::time:
      quote_json(time_json(value), out);
      return true;
    case K::array:
      out += '[';
      for (uint32_t i = 0; i < value.array->size; ++i) {
        if (i) out += ',';
        new_line(out, indent, depth + 1);
        if (!append_json(m, value.array->items[i], out, indent, depth + 1)) return false;
      }
      if (value.array->size) new_line(out, indent, depth);
      out += ']';
      return true;
    case K::map: {
      out += '{';
      bool first = true;
      for (const ValueMapEntry* entry : sorted(*value.map)) {
        if (!first) out += ',';
        first = false;
        new_line(out, indent, depth + 1);
        quote_json(entry->key, out);
        out += indent < 0 ? ":" : ": ";
        if (!append_json(m, entry->value, out, indent, depth + 1)) return false;
      }
      if (!first) new_line(out, indent, depth);
      out += '}';
      return true;
    }
  }
  return true;
}

}  // namespace testudo::expr
