// Sprintf, with the verbs, flags, widths and mistakes of Go's.
#include <fmt/format.h>

#include <cmath>

#include "base/log.h"
#include "expr/helpers.h"
#include "expr/members.h"
#include "expr/text_tools.h"
#include "expr/values.h"

namespace testudo::expr {
namespace {

constexpr size_t kMaxFormatted = 1 << 20;
constexpr int kMaxWidth = 1000;

using K = Value::Kind;

struct Verb {
  char letter = 'v';
  bool minus = false, plus = false, zero = false, blank = false, sharp = false;
  int width = 0;
  int precision = -1;
};

// The name Go has for the type in messages such as %!d(string=x).
std::string_view go_type(const Value& v) {
  switch (v.kind) {
    case K::nil:
      return "<nil>";
    case K::boolean:
      return "bool";
    case K::integer:
      return "int";
    case K::real:
      return "float64";
    case K::string:
      return "string";
    case K::array:
      return "[]interface {}";
    case K::map:
      return "map[string]interface {}";
    case K::time:
      return "time.Time";
    case K::duration:
      return "time.Duration";
    case K::object:
      return "struct";
  }
  return "";
}

std::string integer_text(const Verb& verb, int64_t value) {
  const uint64_t size = value < 0 ? 0 - uint64_t(value) : uint64_t(value);
  std::string digits;
  switch (verb.letter) {
    case 'x':
      digits = fmt::format("{:x}", size);
      break;
    case 'X':
      digits = fmt::format("{:X}", size);
      break;
    case 'o':
      digits = fmt::format("{:o}", size);
      break;
    case 'b':
      digits = fmt::format("{:b}", size);
      break;
    default:
      digits = std::to_string(size);
  }
  const int wanted = verb.precision >= 0 ? verb.precision : 0;
  if (int(digits.size()) < wanted) digits.insert(0, size_t(wanted) - digits.size(), '0');
  return (value < 0 ? "-" : verb.plus ? "+" : verb.blank ? " " : "") + digits;
}

std::string float_text(const Verb& verb, double value) {
  if (!std::isfinite(value)) return std::isnan(value) ? "NaN" : value < 0 ? "-Inf" : "+Inf";
  const std::string sign = std::signbit(value) ? "-" : verb.plus ? "+" : verb.blank ? " " : "";
  const double size = std::fabs(value);
  const int precision = verb.precision >= 0 ? verb.precision : 6;
  switch (verb.letter) {
    case 'f':
    case 'F':
      return sign + fmt::format("{:.{}f}", size, precision);
    case 'e':
      return sign + fmt::format("{:.{}e}", size, precision);
    case 'E':
      return sign + fmt::format("{:.{}E}", size, precision);
    default:
      return sign + (verb.precision >= 0 ? fmt::format("{:.{}g}", size, verb.precision) : real_text(size));
  }
}

std::string hex_text(std::string_view bytes, bool capital) {
  std::string out;
  for (const char c : bytes)
    out += capital ? fmt::format("{:02X}", uint8_t(c)) : fmt::format("{:02x}", uint8_t(c));
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\r')
      out += "\\r";
    else if (uint8_t(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\x{:02x}", uint8_t(c));
    else
      out += c;
  }
  return out + '"';
}

void pad(const Verb& verb, std::string text, std::string& out) {
  const int missing = verb.width - int(text.size());
  if (missing <= 0) {
    out += text;
  } else if (verb.minus) {
    out += text;
    out.append(size_t(missing), ' ');
  } else if (verb.zero) {
    const bool sign = !text.empty() && (text[0] == '-' || text[0] == '+');
    if (sign) out += text[0];
    out.append(size_t(missing), '0');
    out += text.substr(sign);
  } else {
    out.append(size_t(missing), ' ');
    out += text;
  }
}

bool fits(char letter, const Value& v) {
  switch (letter) {
    case 'v':
      return true;
    case 's':
      return v.is_string() || v.kind == K::array || v.kind == K::map || v.kind == K::time ||
             v.kind == K::duration || (v.kind == K::integer && v.class_id != 0);
    case 'q':
      return v.is_string();
    case 'd':
    case 'b':
    case 'o':
      return v.kind == K::integer || v.kind == K::duration;
    case 'x':
    case 'X':
      return v.kind == K::integer || v.is_string() || v.kind == K::duration;
    case 'c':
      return v.kind == K::integer;
    case 't':
      return v.is_bool();
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G':
      return v.kind == K::real;
    default:
      return false;
  }
}

bool apply(Machine& m, const Verb& verb, const Value& given, std::string& out) {
  std::string text;
  Value v = given;
  if (!plain(m, v)) return false;
  if (!fits(verb.letter, v)) {
    if (v.is_nil()) {
      out += fmt::format("%!{}(<nil>)", verb.letter);
      return true;
    }
    out += fmt::format("%!{}({}=", verb.letter, go_type(v));
    if (!append_text(m, v, out)) return false;
    out += ')';
    return true;
  }
  const bool number_text = verb.letter == 'v' && v.class_id == 0;
  if (v.kind == K::integer && (number_text || (verb.letter != 'v' && verb.letter != 's')))
    text = integer_text(verb, v.integer);
  else if (v.kind == K::duration && verb.letter != 'v' && verb.letter != 's')
    text = integer_text(verb, v.integer);
  else if (v.kind == K::real)
    text = float_text(verb, v.real);
  else if (verb.letter == 'q')
    text = quoted(v.text());
  else if (v.is_string() && (verb.letter == 'x' || verb.letter == 'X'))
    text = hex_text(v.text(), verb.letter == 'X');
  else if (!append_text(m, v, text))
    return false;
  if (v.is_string() && verb.precision >= 0 && (verb.letter == 's' || verb.letter == 'v'))
    text.resize(std::min<size_t>(text.size(), size_t(verb.precision)));
  pad(verb, std::move(text), out);
  return true;
}

int read_number(std::string_view format, size_t& at) {
  int number = 0;
  for (; at < format.size() && format[at] >= '0' && format[at] <= '9'; ++at)
    number = std::min(number * 10 + (format[at] - '0'), kMaxWidth);
  return number;
}

// The verb behind a %; moves behind its letter. False at the end of the text.
bool read_verb(std::string_view format, size_t& at, Verb& verb) {
  for (; at < format.size(); ++at) {
    if (format[at] == '-')
      verb.minus = true;
    else if (format[at] == '+')
      verb.plus = true;
    else if (format[at] == '0')
      verb.zero = true;
    else if (format[at] == ' ')
      verb.blank = true;
    else if (format[at] == '#')
      verb.sharp = true;
    else
      break;
  }
  verb.width = read_number(format, at);
  if (at < format.size() && format[at] == '.') verb.precision = read_number(format, ++at);
  if (at >= format.size()) return false;
  verb.letter = format[at++];
  return true;
}

bool sprintf_call(const void*, Context& c, const Value* a, size_t n, Value& out) {
  std::string text;
  return format_text(c, a[0].text(), a + 1, n - 1, text) && copy_text(c, text, out);
}

const Helper rows[] = {
    {"Sprintf",
     "text after a pattern with Go's verbs",
     {Type::string, Type::unknown},
     true,
     Type::string,
     true,
     sprintf_call},
};

}  // namespace

bool format_text(Context& ctx, std::string_view format, const Value* args, size_t count, std::string& out) {
  Machine m{ctx};
  size_t used = 0;
  for (size_t at = 0; at < format.size();) {
    if (out.size() > kMaxFormatted) return fail(ctx, {"Sprintf: more than 1 MiB of text"});
    if (format[at] != '%') {
      out += format[at++];
      continue;
    }
    Verb verb;
    if (!read_verb(format, ++at, verb)) {
      out += "%!(NOVERB)";
      break;
    }
    if (verb.letter == '%')
      out += '%';
    else if (used >= count)
      out += fmt::format("%!{}(MISSING)", verb.letter);
    else if (!apply(m, verb, args[used++], out))
      return false;
  }
  for (size_t i = used; i < count; ++i) {
    out += i == used ? "%!(EXTRA " : ", ";
    (out += go_type(args[i])) += '=';
    if (!append_text(m, args[i], out)) return false;
    if (i + 1 == count) out += ')';
  }
  return out.size() <= kMaxFormatted || fail(ctx, {"Sprintf: more than 1 MiB of text"});
}

void add_format_helpers(HelperTable& table) { table.insert(table.end(), std::begin(rows), std::end(rows)); }

}  // namespace testudo::expr
