#include "table.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "base/time.h"

namespace testudo::cli {
namespace {

constexpr size_t kWidest = 60;

std::string cell(const std::string& raw) {
  std::string text = escape_for_terminal(raw);
  if (utf8_length(text) <= kWidest) return text;
  size_t at = 0;
  for (size_t i = 0; i + 1 < kWidest; ++i) next_utf8(text, at);
  return text.substr(0, at) + "…";
}

bool boxes() {
  if (!::isatty(1)) return false;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const char* value = std::getenv(name); value && *value)
      return std::strstr(value, "UTF-8") || std::strstr(value, "utf8");
  return false;
}

std::string scaled(double n, const char* const* units, double base) {
  int unit = 0;
  while (n >= base && units[unit + 1]) {
    n /= base;
    ++unit;
  }
  char buffer[32];
  std::snprintf(buffer, sizeof buffer,
                unit == 0 ? "%.0f%s"
                : n < 10  ? "%.2f%s"
                : n < 100 ? "%.1f%s"
                          : "%.0f%s",
                n, units[unit]);
  return buffer;
}

}  // namespace

void Table::print_human() const {
  std::vector<size_t> width;
  std::vector<std::vector<std::string>> shown{header_};
  for (const auto& r : rows_) {
    auto& out = shown.emplace_back();
    for (const std::string& c : r) out.push_back(cell(c));
  }
  for (const auto& r : shown)
    for (size_t i = 0; i < r.size(); ++i) {
      if (width.size() <= i) width.push_back(0);
      width[i] = std::max(width[i], utf8_length(r[i]));
    }
  const bool box = boxes();
  const auto rule = [&](const char* left, const char* middle, const char* right) {
    std::string out = left;
    for (size_t i = 0; i < width.size(); ++i) {
      for (size_t k = 0; k < width[i] + 2; ++k) out += "─";
      out += i + 1 < width.size() ? middle : right;
    }
    std::puts(out.c_str());
  };
  if (box) rule("╭", "┬", "╮");
  for (size_t n = 0; n < shown.size(); ++n) {
    std::string out = box ? "│ " : "";
    for (size_t i = 0; i < width.size(); ++i) {
      const std::string text = i < shown[n].size() ? shown[n][i] : "";
      out += text;
      if (i + 1 < width.size() || box) out.append(width[i] - utf8_length(text), ' ');
      if (i + 1 < width.size()) out += box ? " │ " : "  ";
    }
    if (box) out += " │";
    std::puts(out.c_str());
    if (n == 0 && box) rule("├", "┼", "┤");
    if (n == 0 && !box) {
      out.clear();
      for (size_t i = 0; i < width.size(); ++i)
        out += std::string(width[i], '-') + (i + 1 < width.size() ? "  " : "");
      std::puts(out.c_str());
    }
  }
  if (box) rule("╰", "┴", "╯");
}

void Table::print_raw(const std::vector<std::string>& names) const {
  const auto line = [](const std::vector<std::string>& cells) {
    std::string out;
    for (size_t i = 0; i < cells.size(); ++i) out += (i ? "," : "") + csv_field(cells[i]);
    std::puts(out.c_str());
  };
  line(names);
  for (const auto& r : rows_) line(r);
}

std::string short_number(uint64_t n) {
  static const char* const units[] = {"", "k", "M", "G", "T", nullptr};
  return scaled(double(n), units, 1000);
}
std::string short_bytes(uint64_t n) {
  static const char* const units[] = {" B", " KiB", " MiB", " GiB", " TiB", nullptr};
  return scaled(double(n), units, 1024);
}

std::string ago(const std::string& rfc3339) {
  const auto time = parse_rfc3339(rfc3339);
  if (!time) return "never";
  const Duration past = now() - *time;
  return past < 1s ? "just now" : format_duration_short(past) + " ago";
}

std::string age(const std::string& rfc3339) {
  const auto time = parse_rfc3339(rfc3339);
  return time ? format_duration_short(std::max<Duration>(now() - *time, 1s)) : "";
}

std::string counted(uint64_t n, const char* one, const char* many) {
  return short_number(n) + " " + (n == 1 ? one : many);
}

std::string whole_seconds(const std::string& rfc3339) {
  const size_t point = rfc3339.find('.');
  if (point == std::string::npos) return rfc3339;
  return rfc3339.substr(0, point) +
         rfc3339.substr(std::min(rfc3339.find_first_not_of("0123456789", point + 1), rfc3339.size()));
}

std::string bold(const Context& context, const std::string& text) {
  return context.colour ? "\033[1m" + text + "\033[0m" : text;
}
std::string red(const Context& context, const std::string& text) {
  return context.colour ? "\033[31;1m" + text + "\033[0m" : text;
}
std::string green(const Context& context, const std::string& text) {
  return context.colour ? "\033[32m" + text + "\033[0m" : text;
}

}  // namespace testudo::cli
