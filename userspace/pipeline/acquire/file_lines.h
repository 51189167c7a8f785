// acquire/file_lines.h: bytes → lines.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace testudo {

struct LineScan {
  size_t consumed = 0;    ///< bytes done with; what follows is the beginning of a line
  bool skipping = false;  ///< consumed ends inside a line that was delivered cut: its rest is skipped
  uint32_t too_long = 0, binary = 0;
};

/// Appends the lines of `bytes` to `lines`, as views: without newline and a carriage return before it; empty
/// ones are left out. NUL bytes at the beginning of a line are the rest of a hole, left by a writer whose
/// file was truncated, and no part of it; others stay. A line over `limit` bytes is cut there and its rest
/// skipped, be it ever so long; so `bytes` that hold no newline must be longer than `limit`, or wait for
/// more. `skipping`: as the previous scan left it. `final`: no more will come, a rest without newline is a
/// line.
LineScan scan_lines(std::string_view bytes, bool skipping, bool final, size_t limit,
                    std::vector<std::string_view>& lines);

}  // namespace testudo
