// net/url.h: percent-encoding and query strings (RFC 3986; '+' is a blank in queries, as browsers and Go
// write it).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace testudo {

/// Nothing when a '%' is not followed by two hex digits, or when a NUL byte comes out.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank = false);
/// Everything but unreserved characters is encoded, '/' too: safe as one path segment or query value.
std::string percent_encode(std::string_view text);
/// "a=1&b=x%20y&c" → three pairs; empty parts are skipped.
std::optional<NameValues> parse_query(std::string_view query);
/// Splits a request target into path and query; absolute form ("http://host/path") is accepted.
/// False when it is neither, or badly encoded.
bool parse_target(std::string_view target, std::string& path, NameValues& query);

}  // namespace testudo
