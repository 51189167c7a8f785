#include "acquire/file_lines.h"

#include <algorithm>
#include <cstring>

namespace testudo {

LineScan scan_lines(std::string_view bytes, bool skipping, bool final, size_t limit,
                    std::vector<std::string_view>& lines) {
  LineScan scan;
  scan.skipping = skipping;
  const bool has_nul = !bytes.empty() && std::memchr(bytes.data(), 0, bytes.size()) != nullptr;
  const auto deliver = [&](std::string_view line) {
    const bool binary = has_nul && line.find('\0') != std::string_view::npos;
    if (binary) {
      ++scan.binary;
      line.remove_prefix(std::min(line.find_first_not_of('\0'), line.size()));
    }
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.size() > limit) {
      line = line.substr(0, limit);
      ++scan.too_long;
    }
    if (!line.empty()) lines.push_back(line);
  };
  while (scan.consumed < bytes.size()) {
    const std::string_view rest = bytes.substr(scan.consumed);
    const size_t end = rest.find('\n');
    if (end != std::string_view::npos) {
      if (!scan.skipping) deliver(rest.substr(0, end));
      scan.skipping = false;
      scan.consumed += end + 1;
      continue;
    }
    if (scan.skipping) {
      scan.consumed = bytes.size();
    } else if (final || rest.size() > limit + 1) {  // + 1: the carriage return does not count
      deliver(rest);
      scan.consumed = bytes.size();
      scan.skipping = !final;
    }
    break;
  }
  return scan;
}

}  // namespace testudo
