// detect/map_key.h: the name of a bucket as the format computes it: SHA-1 of filter text, group and scenario.
//
// It names, it protects nothing; computed only for overflows and for conditions that ask for it.
#pragma once

#include <string>
#include <string_view>

namespace testudo::detect {

/// Hexadecimal SHA-1 of `filter 0x00 group 0x00 name`.
std::string map_key(std::string_view filter, std::string_view group, std::string_view name);

/// Hexadecimal SHA-1 (RFC 3174).
std::string sha1_hex(std::string_view text);

}  // namespace testudo::detect
