#include "table.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/text.h"

namespace testudo::cli {
namespace {

constexpr size_t kWidest = 80;  // characters of one cell; what is longer ends with "…"

std::string cell(const std::string& text) {
  std::string safe = escape_for_terminal(text);
  size_t count = 0;
  for (size_t at = 0; at < safe.size();) {
    if (++count == kWidest && utf8_length(safe) > kWidest) return safe.substr(0, at) + "…";
    next_utf8(safe, at);
  }
  return safe;
}

std::string padded(const std::string& text, size_t width) {
  return text + std::string(width - std::min(width, utf8_length(text)), ' ');
}

std::string repeated(std::string_view mark, size_t n) {
  std::string out;
  while (n-- > 0) out += mark;
  return out;
}

}  // namespace

std::string Table::human(bool boxes) const {
  std::vector<std::vector<std::string>> cells{header_};
  for (const auto& row : rows_) {
    cells.emplace_back();
    for (const std::string& text : row) cells.back().push_back(cell(text));
  }
  std::vector<size_t> widths(header_.size(), 0);
  for (const auto& row : cells)
    for (size_t i = 0; i < row.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], utf8_length(row[i]));

  const auto rule = [&](const char* left, const char* middle, const char* right) {
    std::string out = left;
    for (size_t i = 0; i < widths.size(); ++i)
      out += repeated("─", widths[i] + 2) + (i + 1 < widths.size() ? middle : right);
    return out + "\n";
  };
  std::string out = boxes ? rule("╭", "┬", "╮") : "";
  for (size_t r = 0; r < cells.size(); ++r) {
    std::string line = boxes ? "│" : "";
    for (size_t i = 0; i < widths.size(); ++i) {
      const std::string text = padded(i < cells[r].size() ? cells[r][i] : "", widths[i]);
      line += boxes ? " " + text + " │" : (i ? "  " : "") + text;
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
    if (boxes && r == 0) out += rule("├", "┼", "┤");
  }
  return boxes ? out + rule("╰", "┴", "╯") : out;
}

std::string Table::csv() const {
  std::string out;
  const auto line = [&](const std::vector<std::string>& row) {
    for (size_t i = 0; i < row.size(); ++i) out += (i ? "," : "") + csv_field(row[i]);
    out += "\n";
  };
  line(header_);
  for (const auto& row : rows_) line(row);
  return out;
}

bool boxes_wanted() {
  if (::isatty(STDOUT_FILENO) != 1) return false;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value && *value) return lower_ascii(value).find("utf") != std::string::npos;
  }
  return false;
}

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace testudo::cli
