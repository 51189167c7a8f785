// expr/base64.h: the standard alphabet, with padding; and numbers as Go reads them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace testudo::expr {

std::string encode_base64(std::string_view bytes);
/// Nothing when the text is not base64 (line ends are skipped, as in Go).
std::optional<std::string> decode_base64(std::string_view text);

/// A whole text as a float: decimal, with exponent, Inf, NaN. False when it is none.
bool read_real(std::string_view text, double& number);

}  // namespace testudo::expr
