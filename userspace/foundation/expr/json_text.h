// expr/json_text.h: what a JSON string stands for.
#pragma once

#include <cstddef>
#include <string_view>

namespace testudo::expr {

/// `raw` is what stands between the quotes. Writes at most raw.size() bytes to `to`, `size` says how many.
/// False on an escape that is none; half of a surrogate pair becomes U+FFFD.
bool unescape_json(std::string_view raw, char* to, size_t& size);

/// Place of the closing quote of a string whose first character is at `from`; npos: it is not closed.
size_t json_string_end(std::string_view text, size_t from);

}  // namespace testudo::expr
