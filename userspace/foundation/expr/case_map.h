// expr/case_map.h: upper and lower case beyond ASCII, the same on every machine: no locale is asked.
#pragma once

#include <cstddef>
#include <cstdint>

namespace testudo::expr {

/// Latin, Greek, Cyrillic, Armenian and full-width letters; other characters stay.
uint32_t map_case(uint32_t c, bool upper);

/// Writes 1–4 bytes; returns how many.
size_t encode_utf8(uint32_t c, char* to);

}  // namespace testudo::expr
