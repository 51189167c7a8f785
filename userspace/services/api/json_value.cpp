#include "api/json_value.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "base/json_writer.h"
#include "base/text.h"

namespace testudo::json_value {
namespace {

Error missing(const char* name) { return {Code::bad_input, fmt::format("{} in body is required", name)}; }
Error wrong(const char* name, const char* what) {
  return {Code::bad_input, fmt::format("{} must be {}", name, what)};
}

void write_value(JsonWriter& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      out.null();
      break;
    case json::kind::bool_:
      out.value(value.get_bool());
      break;
    case json::kind::int64:
      out.value(value.get_int64());
      break;
    case json::kind::uint64:
      out.value(value.get_uint64());
      break;
    case json::kind::double_:
      out.value(value.get_double());
      break;
    case json::kind::string:
      out.value(std::string_view(value.get_string()));
      break;
    case json::kind::array:
      out.begin_array();
      for (const json::value& item : value.get_array()) write_value(out, item);
      out.end_array();
      break;
    case json::kind::object:
      out.begin_object();
      for (const auto& [key, item] : value.get_object()) write_value(out.key(std::string_view(key)), item);
      out.end_object();
      break;
  }
}

}  // namespace

std::string write(const json::value& value) {
  JsonWriter out;
  write_value(out, value);
  return out.take();
}

Result<json::value> parse(std::string_view body) {
  json::parse_options options;
  options.max_depth = 32;
  options.allow_invalid_utf8 = true;  // replaced when it is written again, as everywhere
  json::stream_parser parser(json::storage_ptr(), options);
  boost::system::error_code ec;
  const size_t start = body.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return Error{Code::bad_input, "EOF"};
  parser.write_some(body.data() + start, body.size() - start, ec);
  // A number at the top may go on behind the buffer: only the end says that it is complete.
  if (!ec && !parser.done()) parser.finish(ec);
  if (ec == json::error::incomplete) return Error{Code::bad_input, "unexpected EOF"};
  if (ec) return Error{Code::bad_input, fmt::format("invalid JSON: {}", ec.message())};
  return parser.release();
}

const json::value* find(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains({name.data(), name.size()});
  if (!found) {
    for (const auto& [key, value] : object) {
      if (key.size() == name.size() && starts_with_nocase({key.data(), key.size()}, name)) {
        found = &value;
        break;
      }
    }
  }
  return found && !found->is_null() ? found : nullptr;
}

Result<std::string> text(const json::object& object, const char* name, size_t limit, bool required) {
  const json::value* value = find(object, name);
  if (!value && required) return missing(name);
  if (!value) return std::string();
  const json::string* string = value->if_string();
  if (!string) return wrong(name, "a string");
  if (string->size() > limit)
    return Error{Code::bad_input,
                 fmt::format("{} has {} bytes, the limit is {}", name, string->size(), limit)};
  return std::string(string->data(), string->size());
}

Result<int32_t> int32(const json::object& object, const char* name, bool required) {
  const json::value* value = find(object, name);
  if (!value && required) return missing(name);
  if (!value) return 0;
  const int64_t* number = value->if_int64();
  if (!number || *number < std::numeric_limits<int32_t>::min() ||
      *number > std::numeric_limits<int32_t>::max())
    return wrong(name, "a 32-bit integer");
  return int32_t(*number);
}

Result<bool> boolean(const json::object& object, const char* name, bool required) {
  const json::value* value = find(object, name);
  if (!value && required) return missing(name);
  if (!value) return false;
  if (!value->is_bool()) return wrong(name, "true or false");
  return value->get_bool();
}

Result<const json::array*> array(const json::object& object, const char* name, bool required) {
  const json::value* value = find(object, name);
  if (!value && required) return missing(name);
  if (!value) return static_cast<const json::array*>(nullptr);
  if (!value->is_array()) return wrong(name, "an array");
  return &value->get_array();
}

float real(const json::object& object, const char* name) {
  const json::value* value = find(object, name);
  if (!value || !value->is_number()) return 0;
  const double number = value->is_double()  ? value->get_double()
                        : value->is_int64() ? double(value->get_int64())
                                            : double(value->get_uint64());
  return std::isfinite(number) && std::fabs(number) <= 360 ? float(number) : 0;
}

}  // namespace testudo::json_value
