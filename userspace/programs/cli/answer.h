// cli/answer.h: looks into the daemon's answers; absent or of another type reads as empty, never as a crash.
#pragma once

#include <string>
#include <string_view>

#include "api/json_value.h"
#include "command.h"

namespace testudo::cli {

namespace json = boost::json;

/// Asks and parses. An empty body reads as null.
Result<json::value> ask_json(const Invocation& call, const std::string& method, const std::string& target,
                             const std::string& body = "");

/// Text of a member: strings as they are, numbers and booleans written out, null and absent as "".
std::string text_of(const json::value& object, std::string_view name);
const json::array& array_of(const json::value& object, std::string_view name);
/// The member, or null.
const json::value& at(const json::value& object, std::string_view name);
const json::array& as_array(const json::value& value);
bool true_of(const json::value& object, std::string_view name);

/// Prints a JSON document with a newline; `null` for a list is printed as `[]`.
void print_json(const json::value& value);

}  // namespace testudo::cli
