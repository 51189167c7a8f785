#include "ask.h"

#include <cstdio>

#include "base/text.h"
#include "net/client.h"

namespace testudo::cli {
namespace {

Error refusal(const Response& response) {
  Error error{Code::refused, "the daemon answered " + std::to_string(response.status), {}, ""};
  boost::system::error_code ec;
  const json::value body = json::parse(response.body, ec);
  if (ec || !body.is_object()) return error;
  if (const std::string message = text(body, "message"); !message.empty()) error.message = message;
  error.remedy = text(body, "remedy");
  if (const std::string where = text(body, "where"); !where.empty())
    error.message = where + ": " + error.message;
  return error;
}

void print(const json::value& value, int depth) {
  const std::string pad(size_t(depth) * 2, ' ');
  if (const json::object* object = value.if_object()) {
    if (object->empty()) {
      std::fputs("{}", stdout);
      return;
    }
    std::fputs("{\n", stdout);
    size_t i = 0;
    for (const auto& [key, inner] : *object) {
      std::printf("%s  %s: ", pad.c_str(), json_line(json::string(key)).c_str());
      print(inner, depth + 1);
      std::fputs(++i < object->size() ? ",\n" : "\n", stdout);
    }
    std::printf("%s}", pad.c_str());
  } else if (const json::array* array = value.if_array()) {
    if (array->empty()) {
      std::fputs("[]", stdout);
      return;
    }
    std::fputs("[\n", stdout);
    for (size_t i = 0; i < array->size(); ++i) {
      std::printf("%s  ", pad.c_str());
      print((*array)[i], depth + 1);
      std::fputs(i + 1 < array->size() ? ",\n" : "\n", stdout);
    }
    std::printf("%s]", pad.c_str());
  } else {
    std::fputs(json_line(value).c_str(), stdout);
  }
}

}  // namespace

std::string json_line(const json::value& value) {
  const std::string raw = json::serialize(value);
  std::string out;
  char buffer[16];
  for (size_t at = 0; at < raw.size();) {
    const size_t start = at;
    const uint32_t c = next_utf8(raw, at);
    const std::string_view character = std::string_view(raw).substr(start, at - start);
    if (c == 0xFFFFFFFF) {
      out += "\\ufffd";
    } else if ((c >= 0x20 && c < 0x7f) || escape_for_terminal(character) == character) {
      out += character;
    } else if (c < 0x10000) {
      std::snprintf(buffer, sizeof buffer, "\\u%04x", c);
      out += buffer;
    } else {
      const uint32_t above = c - 0x10000;
      std::snprintf(buffer, sizeof buffer, "\\u%04x\\u%04x", 0xd800 + (above >> 10),
                    0xdc00 + (above & 0x3ff));
      out += buffer;
    }
  }
  return out;
}

Result<std::string> ask_text(Context& context, const std::string& method, const std::string& target,
                             const std::string& body) {
  TESTUDO_TRY(Response response, http_unix(context.socket(), method, target, body));
  if (response.status < 200 || response.status > 299) return refusal(response);
  return std::move(response.body);
}

Result<json::value> ask(Context& context, const std::string& method, const std::string& target,
                        const std::string& body) {
  TESTUDO_TRY(const std::string answer, ask_text(context, method, target, body));
  boost::system::error_code ec;
  json::value value = json::parse(answer, ec);
  if (ec) return Error{Code::internal, "the daemon's answer is no JSON: " + ec.message(), {}, ""};
  return value;
}

std::string text(const json::value& object, std::string_view key) {
  const json::object* o = object.if_object();
  const json::value* v = o ? o->if_contains(key) : nullptr;
  if (!v || v->is_null()) return "";
  if (const json::string* s = v->if_string()) return std::string(*s);
  return json::serialize(*v);
}

std::string text(const json::value& object, std::string_view key, std::string_view inner) {
  const json::object* o = object.if_object();
  const json::value* v = o ? o->if_contains(key) : nullptr;
  return v ? text(*v, inner) : "";
}

const json::array& items(const json::value& value) {
  static const json::array none;
  const json::array* array = value.if_array();
  return array ? *array : none;
}

const json::array& items(const json::value& object, std::string_view key) {
  const json::object* o = object.if_object();
  const json::value* v = o ? o->if_contains(key) : nullptr;
  return v ? items(*v) : items(json::value());
}

void print_json(const json::value& value) {
  print(value, 0);
  std::fputc('\n', stdout);
}

std::string encode(std::string_view raw) {
  std::string out;
  char buffer[4];
  for (char c : raw) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
        c == '_' || c == '~') {
      out += c;
    } else {
      std::snprintf(buffer, sizeof buffer, "%%%02X", static_cast<unsigned char>(c));
      out += buffer;
    }
  }
  return out;
}

std::string query(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out;
  for (const auto& [key, value] : pairs) {
    if (value.empty()) continue;
    out += out.empty() ? "?" : "&";
    out += key + "=" + encode(value);
  }
  return out;
}

}  // namespace testudo::cli
