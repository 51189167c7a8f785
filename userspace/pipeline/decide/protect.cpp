#include "decide/protect.h"

#include <fmt/format.h>

#include "base/files.h"
#include "base/text.h"
#include "decide/coverage.h"

namespace testudo {

namespace {

struct Reserved {
  const char* prefix;
  const char* why;
};
// RFC 1122, RFC 4291. A ban on these never helps; most of them never arrive from outside anyway.
constexpr Reserved kReserved[] = {
    {"127.0.0.0/8", "loopback"},  {"0.0.0.0/8", "the unspecified network"},
    {"224.0.0.0/4", "multicast"}, {"255.255.255.255", "broadcast"},
    {"::1", "loopback"},          {"::", "the unspecified address"},
    {"ff00::/8", "multicast"},
};

const PrefixMap<std::string>& reserved() {
  static const PrefixMap<std::string> table = [] {
    PrefixMap<std::string> rows;
    for (const Reserved& row : kReserved) rows.at(*Prefix::parse(row.prefix)) = row.why;
    return rows;
  }();
  return table;
}

constexpr int kWidestV4 = 8, kWidestV6 = 19;

}  // namespace

Result<PrefixMap<std::string>> load_cdn_ranges(const std::string& path) {
  TESTUDO_TRY(const std::string text, read_file(path, 4u << 20));
  PrefixMap<std::string> ranges;
  std::string name;
  int line_number = 0;
  for (const std::string_view raw : split(text, '\n')) {
    ++line_number;
    const std::string_view line = trim(raw);
    if (line.empty() || line.starts_with("##")) continue;
    if (line.front() == '#') {
      name = std::string(trim(line.substr(1)));
      continue;
    }
    const auto prefix = Prefix::parse(line);
    if (!prefix)
      return Error{Code::bad_config, fmt::format("not a prefix: {}", escape_for_terminal(line.substr(0, 80))),
                   Where{path, line_number, 1},
                   "one prefix a line, sections begin with `# NAME`, comments with `##`"};
    ranges.at(*prefix) = name;
  }
  return ranges;
}

Protection::Table Protection::index(const MachineAddresses& addresses) {
  Table table;
  for (const auto& [ip, why] : addresses) table.at(Prefix::host(ip)) = why;
  return table;
}

void Protection::set_configured(const std::vector<Ip>& addresses) {
  configured_.clear();
  for (const Ip& ip : addresses)
    configured_.at(Prefix::host(ip.unmapped())) = "an address that the configuration connects to";
}

void Protection::set_sessions(const std::vector<Ip>& addresses) {
  sessions_.clear();
  for (const Ip& ip : addresses) sessions_.at(Prefix::host(ip.unmapped())) = "administrator's session";
}

std::optional<Refusal> Protection::touched(const Table& table, const Prefix& prefix) {
  std::optional<Refusal> found;
  table.touching(prefix, [&](const Prefix& at, const std::string& why) {
    if (!found) found = Refusal{false, fmt::format("{} ({})", why, at.text())};
  });
  return found;
}

std::optional<Refusal> Protection::refuse(const Prefix& prefix, bool force) const {
  if (auto hit = touched(sessions_, prefix)) return hit;
  if (force) return std::nullopt;
  const int widest = prefix.ip.is_v4() ? kWidestV4 : kWidestV6;
  if (prefix.length < widest)
    return Refusal{true, fmt::format("{} is wider than /{}", prefix.cidr(), widest)};
  for (const Table* table : {&machine_, &configured_})
    if (auto hit = touched(*table, prefix)) return hit;
  if (auto hit = touched(reserved(), prefix)) return hit;
  if (auto hit = touched(cdn_, prefix)) {
    hit->why = fmt::format(
        "address range of the content delivery network {}: all of its customers' visitors come "
        "from there; take the real address from the request (X-Forwarded-For) instead",
        hit->why);
    return hit;
  }
  return std::nullopt;
}

std::optional<Refusal> Protection::refuse(const std::vector<Prefix>& sorted, bool networks) const {
  for (const Table* table : {&sessions_, &machine_, &configured_, &cdn_}) {
    if (table == &cdn_ && !networks) continue;
    for (const auto& [at, why] : *table)
      if (touches(sorted, at))
        return Refusal{false, fmt::format("{}{} ({}) is in it",
                                          table == &cdn_ ? "content delivery network " : "", why, at.text())};
  }
  return std::nullopt;
}

std::string Protection::protects(const Ip& address) const {
  const auto hit = refuse(Prefix::host(address.unmapped()), false);
  return hit ? hit->why : std::string();
}

}  // namespace testudo
