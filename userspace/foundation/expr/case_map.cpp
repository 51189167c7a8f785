#include "expr/case_map.h"

namespace testudo::expr {
namespace {

// Letters whose other case lies `distance` further on; or, `distance` 1 with `step` 2, pairs side by side.
struct Range {
  uint32_t first, last;  ///< capital letters
  int32_t distance;
  uint32_t step = 1;
};
constexpr Range ranges[] = {
    {'A', 'Z', 32},         {0xc0, 0xd6, 32},     {0xd8, 0xde, 32},     {0x100, 0x12e, 1, 2},
    {0x132, 0x136, 1, 2},   {0x139, 0x147, 1, 2}, {0x14a, 0x176, 1, 2}, {0x178, 0x178, -121},
    {0x179, 0x17d, 1, 2},   {0x1cd, 0x1db, 1, 2}, {0x1de, 0x1ee, 1, 2}, {0x1f8, 0x21e, 1, 2},
    {0x222, 0x232, 1, 2},   {0x386, 0x386, 38},   {0x388, 0x38a, 37},   {0x38c, 0x38c, 64},
    {0x38e, 0x38f, 63},     {0x391, 0x3a1, 32},   {0x3a3, 0x3ab, 32},   {0x3d8, 0x3ee, 1, 2},
    {0x400, 0x40f, 80},     {0x410, 0x42f, 32},   {0x460, 0x480, 1, 2}, {0x48a, 0x4be, 1, 2},
    {0x4c1, 0x4cd, 1, 2},   {0x4d0, 0x52e, 1, 2}, {0x531, 0x556, 48},   {0x1e00, 0x1e94, 1, 2},
    {0x1ea0, 0x1efe, 1, 2}, {0x2160, 0x216f, 16}, {0x24b6, 0x24cf, 26}, {0xff21, 0xff3a, 32},
};

}  // namespace

uint32_t map_case(uint32_t c, bool upper) {
  if (upper && c == 0xb5) return 0x39c;    // micro sign
  if (upper && c == 0x3c2) return 0x3a3;   // final sigma
  if (upper && c == 0x17f) return 'S';     // long s
  if (upper && c == 0x131) return 'I';     // dotless i
  if (!upper && c == 0x130) return 'i';    // I with dot
  if (!upper && c == 0x1e9e) return 0xdf;  // capital sharp s
  for (const Range& r : ranges) {
    const uint32_t shift = upper ? uint32_t(r.distance) : 0;
    const uint32_t first = r.first + shift, last = r.last + shift;
    if (c < first || c > last || (c - first) % r.step != 0) continue;
    return upper ? c - uint32_t(r.distance) : c + uint32_t(r.distance);
  }
  return c;
}

size_t encode_utf8(uint32_t c, char* to) {
  if (c < 0x80) return to[0] = char(c), 1;
  if (c < 0x800) return to[0] = char(0xc0 | (c >> 6)), to[1] = char(0x80 | (c & 63)), 2;
  if (c < 0x10000)
    return to[0] = char(0xe0 | (c >> 12)), to[1] = char(0x80 | ((c >> 6) & 63)),
           to[2] = char(0x80 | (c & 63)), 3;
  to[0] = char(0xf0 | (c >> 18));
  to[1] = char(0x80 | ((c >> 12) & 63));
  to[2] = char(0x80 | ((c >> 6) & 63));
  to[3] = char(0x80 | (c & 63));
  return 4;
}

}  // namespace testudo::expr
