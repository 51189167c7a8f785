#include "enforce/list_file.h"

#include <algorithm>

#include "base/files.h"
#include "base/text.h"
#include "enforce/entry.h"

namespace testudo {
namespace {

constexpr int kWidest4 = 8, kWidest6 = 19;

/// The first column, without quotes.
std::string_view first_column(std::string_view line) {
  const size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  line.remove_prefix(begin);
  if (line.front() == '"') {
    line.remove_prefix(1);
    return line.substr(0, line.find('"'));
  }
  return line.substr(0, line.find_first_of(" \t\r,;#"));
}

/// What never comes from a stranger on the internet; a list that names it would cut off neighbours.
bool is_local(const Ip& ip) {
  return ip.is_private() || ip.is_loopback() || ip.is_unspecified() || ip.is_multicast();
}

class Reader {
 public:
  Reader(const std::string& name, const ListFileLimits& limits) : name_(name), limits_(limits) {}

  /// False: the limit of entries is passed.
  bool take(std::string_view line) {
    ++file.lines;
    if (line.size() > limits_.line_bytes)
      return bad("longer than " + std::to_string(limits_.line_bytes) + " bytes: " + shown(line));
    const std::string_view column = first_column(line);
    if (column.empty() || column.front() == '#' || column.front() == ';') return true;
    const auto parsed = Prefix::parse(column);
    if (!parsed) return bad("not an address or prefix: " + shown(column));
    Prefix prefix = wire_prefix(*parsed);
    const bool is_v4 = prefix.ip.is_v4();
    if (is_local(prefix.ip)) {
      ++file.local;
      return true;
    }
    if (prefix.length < (is_v4 ? kWidest4 : kWidest6)) {
      ++file.too_wide;
      return bad(prefix.cidr() + " is wider than /" + std::to_string(is_v4 ? kWidest4 : kWidest6));
    }
    if (!is_v4 && prefix.length > limits_.ipv6_prefix) prefix = Prefix::of(prefix.ip, limits_.ipv6_prefix);
    if (is_v4) covered += uint64_t(1) << (32 - prefix.length);
    file.prefixes.push_back(prefix);
    return file.prefixes.size() <= limits_.entries;
  }

  ListFile file;
  uint64_t covered = 0;

 private:
  static std::string shown(std::string_view text) { return escape_for_terminal(text.substr(0, 60)); }
  bool bad(const std::string& why) {
    if (++file.bad <= limits_.told)
      file.told.push_back(name_ + ":" + std::to_string(file.lines) + ": " + why);
    return true;
  }

  const std::string& name_;
  const ListFileLimits& limits_;
};

}  // namespace

Result<ListFile> parse_list(std::string_view text, const std::string& name, const ListFileLimits& limits) {
  Reader reader(name, limits);
  // Lists of millions: one growth less is hundreds of megabytes less copied.
  reader.file.prefixes.reserve(std::min<uint64_t>(limits.entries, text.size() / 14 + 16));
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (!reader.take(text.substr(0, end)))
      return Error{Code::too_large,
                   "more than " + std::to_string(limits.entries) + " entries",
                   {name, int(reader.file.lines), 0},
                   "raise enforce.max_entries, or shorten the list"};
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  if (reader.file.prefixes.empty())
    return Error{Code::bad_input,
                 "no line of " + std::to_string(reader.file.lines) + " holds a public address or prefix" +
                     (reader.file.told.empty() ? "" : "; " + reader.file.told.front()),
                 {name, 0, 0},
                 "is it a list with one address a line? What was in force before stays"};
  if (reader.covered > limits.covered4)
    return Error{Code::refused,
                 "its prefixes cover " + std::to_string(reader.covered) +
                     " IPv4 addresses, more than a sixteenth of all",
                 {name, 0, 0},
                 "take the widest prefixes out; what was in force before stays"};
  return std::move(reader.file);
}

Result<ListFile> read_list_file(const std::string& path, const ListFileLimits& limits) {
  TESTUDO_TRY(const std::string text, read_file(path, limits.bytes));
  return parse_list(text, path, limits);
}

}  // namespace testudo
