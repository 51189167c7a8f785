#include "answer.h"

#include "table.h"

namespace testudo::cli {
namespace {
const json::value nothing;
const json::array no_items;
}  // namespace

Result<json::value> ask_json(const Invocation& call, const std::string& method, const std::string& target,
                             const std::string& body) {
  TESTUDO_TRY(const Response response, call.ask(method, target, body));
  if (response.body.empty()) return json::value();
  auto parsed = json_value::parse(response.body);
  if (!parsed) return Error{Code::unavailable, "the daemon's answer is no JSON: " + parsed.error().message};
  return parsed;
}

const json::value& at(const json::value& object, std::string_view name) {
  if (!object.is_object()) return nothing;
  const json::value* found = object.get_object().if_contains({name.data(), name.size()});
  return found ? *found : nothing;
}

std::string text_of(const json::value& object, std::string_view name) {
  const json::value& value = at(object, name);
  if (value.is_null()) return "";
  if (value.is_string()) return std::string(value.get_string());
  return json_value::write(value);
}

const json::array& as_array(const json::value& value) {
  return value.is_array() ? value.get_array() : no_items;
}

const json::array& array_of(const json::value& object, std::string_view name) {
  return as_array(at(object, name));
}

bool true_of(const json::value& object, std::string_view name) {
  const json::value& value = at(object, name);
  return value.is_bool() && value.get_bool();
}

void print_json(const json::value& value) {
  print((value.is_null() ? std::string("[]") : json_value::write(value)) + "\n");
}

}  // namespace testudo::cli
