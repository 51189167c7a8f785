#include "base/json_writer.h"

#include <fmt/format.h>

#include <cmath>

#include "base/text.h"

namespace testudo {

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  quoted(name);
  out_ += ':';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  quoted(text);
  return *this;
}

JsonWriter& JsonWriter::value(float number) {
  return std::isfinite(number) ? raw(fmt::format("{}", number)) : null();
}
JsonWriter& JsonWriter::value(double number) {
  return std::isfinite(number) ? raw(fmt::format("{}", number)) : null();
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

void JsonWriter::quoted(std::string_view text) {
  out_ += '"';
  for (size_t at = 0; at < text.size();) {
    const unsigned char c = static_cast<unsigned char>(text[at]);
    if (c >= 0x80) {
      const size_t begin = at;
      const uint32_t code = next_utf8(text, at);
      if (code == 0xFFFFFFFF)
        out_ += "\xef\xbf\xbd";
      else if (code == 0x2028 || code == 0x2029)
        out_ += code == 0x2028 ? "\\u2028" : "\\u2029";
      else
        out_ += text.substr(begin, at - begin);
      continue;
    }
    ++at;
    switch (c) {
      case '"':
        out_ += "\\\"";
        break;
      case '\\':
        out_ += "\\\\";
        break;
      case '\n':
        out_ += "\\n";
        break;
      case '\r':
        out_ += "\\r";
        break;
      case '\t':
        out_ += "\\t";
        break;
      default:
        if (c < 0x20 || c == 0x7f || c == '<' || c == '>' || c == '&')
          out_ += fmt::format("\\u{:04x}", unsigned(c));
        else
          out_ += char(c);
    }
  }
  out_ += '"';
}

}  // namespace testudo
