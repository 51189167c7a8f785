// cli/ask.h: one question to the daemon, its answer as JSON. Brings Boost.JSON: include it in command files
// only.
#pragma once

#include <boost/json.hpp>
#include <string>

#include "command.h"

namespace testudo::cli {

namespace json = boost::json;

/// Sends the request over the socket. Answers other than 2xx are errors with the daemon's own words.
Result<json::value> ask(Context& context, const std::string& method, const std::string& target,
                        const std::string& body = "");
/// The same, the answer as text.
Result<std::string> ask_text(Context& context, const std::string& method, const std::string& target,
                             const std::string& body = "");

/// A field as text: strings as they are, numbers and booleans written out, null and absent as "".
std::string text(const json::value& object, std::string_view key);
/// Nested: text(alert, "source", "cn").
std::string text(const json::value& object, std::string_view key, std::string_view inner);
/// The array under `key`; empty when it is absent or null.
const json::array& items(const json::value& object, std::string_view key);
/// A value that is an array; null counts as empty.
const json::array& items(const json::value& value);

/// JSON on one line that is safe on a terminal: control and bidirectional characters are \u-escaped, bytes
/// that are no UTF-8 become U+FFFD.
std::string json_line(const json::value& value);
/// The same indented by two blanks, on standard output.
void print_json(const json::value& value);

/// Percent-encodes a query value or path segment.
std::string encode(std::string_view text);
/// "a=1&b=2" from pairs whose value is not empty.
std::string query(const std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace testudo::cli
