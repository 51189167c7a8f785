#include "enforce/nft_pinned.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>

#include "base/log.h"
#include "enforce/nft_intervals.h"

namespace testudo {
namespace nft {
namespace {

bool drops(Remediation remediation) {
  return remediation == Remediation::ban || remediation == Remediation::reset ||
         remediation == Remediation::throttle;
}

/// Starts and ends, in any order, become intervals. An end that stands at the start of the next one comes
/// first.
std::vector<ReadEntry> intervals_of(std::vector<ElementState> elements, Family family) {
  std::sort(elements.begin(), elements.end(), [](const ElementState& a, const ElementState& b) {
    return a.key != b.key ? a.key < b.key : a.interval_end && !b.interval_end;
  });
  std::vector<ReadEntry> out;
  const ElementState* start = nullptr;
  const auto close = [&](Address last) {
    Address first = 0;
    if (start == nullptr || !address_from(start->key, first)) return;
    out.push_back({prefixes_of(first, last, family), start->counter, start->times_out, start->left_ms});
    start = nullptr;
  };
  for (const ElementState& element : elements) {
    Address at = 0;
    if (!address_from(element.key, at)) continue;
    if (element.interval_end) {
      if (at != 0) close(at - 1);
    } else {
      start = &element;
    }
  }
  close(family == Family::v4 ? Address(0xffffffff) : ~Address(0));
  return out;
}

Prefix prefix_of(Kind kind, std::string_view key) {
  if (kind == Kind::a4) return Prefix::host(Ip::v4_bytes(key.data()));
  return Prefix::of(Ip::v6_bytes(key.data()), kind == Kind::s6 ? 64 : 128);
}

std::string key_in(Kind kind, const Ip& ip) {
  const Prefix prefix = kind == Kind::s6 ? Prefix::of(ip, 64) : Prefix::host(ip);
  return key_of(address_of(prefix.ip), prefix.ip.family);
}

}  // namespace

Result<ReadSet> read_set(Socket& socket, const std::string& table, const SetId& set, size_t limit) {
  ReadSet out;
  std::vector<ElementState> elements;
  const size_t key_size = is_v6(set.kind) ? 16 : 4;
  TESTUDO_TRY(out.more, socket.elements(table, set_name(set), limit, [&](const ElementState& element) {
    if (element.key.size() == key_size) elements.push_back(element);
  }));
  if (is_ranges(set.kind)) {
    out.entries = intervals_of(std::move(elements), is_v6(set.kind) ? Family::v6 : Family::v4);
    return out;
  }
  out.entries.reserve(elements.size());
  for (const ElementState& e : elements)
    out.entries.push_back({{prefix_of(set.kind, e.key)}, e.counter, e.times_out, e.left_ms});
  return out;
}

std::vector<DropCounter> drop_counters(const std::vector<CounterState>& counters) {
  std::vector<DropCounter> out;
  for (const CounterState& counter : counters) {
    const auto id = counter_from(counter.name);
    if (!id || counter.packets == 0) continue;
    DropCounter row;
    policy_from(counter.comment, row.origin, row.scenario);
    row.remediation = remediation_name(id->remediation);
    row.family = id->v6 ? Family::v6 : Family::v4;
    row.packets = counter.packets;
    row.bytes = counter.bytes;
    out.push_back(std::move(row));
  }
  return out;
}

void add_totals(const std::vector<CounterState>& counters, EnforceStatus& status) {
  uint64_t seen = 0;
  for (const CounterState& counter : counters) {
    if (counter.name == kSeenCounter) seen = counter.packets;
    const auto id = counter_from(counter.name);
    if (!id || !drops(id->remediation)) continue;
    status.dropped_packets += counter.packets;
    status.dropped_bytes += counter.bytes;
  }
  // Counters are read one after the other while packets run.
  status.passed_packets = seen - std::min(seen, status.dropped_packets);
}

int64_t newest_flush_mark(const std::vector<CounterState>& counters) {
  int64_t newest = 0;
  for (const CounterState& counter : counters) {
    if (!counter.name.starts_with(kFlushMark)) continue;
    const std::string_view digits =
        std::string_view(counter.name).substr(std::string_view(kFlushMark).size());
    int64_t mark = 0;
    const auto [end, err] = std::from_chars(digits.data(), digits.data() + digits.size(), mark);
    if (err == std::errc() && end == digits.data() + digits.size()) newest = std::max(newest, mark);
  }
  return newest;
}

namespace {

/// Both names that a table of ours can have.
Result<std::vector<std::string>> tables_there(Socket& socket, const std::string& table) {
  std::vector<std::string> out;
  for (const std::string& name : {table, table + "-2"}) {
    auto there = socket.has_table(name);
    // A kernel without nf_tables has no table of ours.
    if (!there && there.error().code == Code::unsupported) continue;
    if (!there) return there.error();
    if (*there) out.push_back(name);
  }
  return out;
}

/// The sets of a table that are ours, without the allowlist.
Result<std::vector<SetId>> ban_sets(Socket& socket, const std::string& table) {
  std::vector<SetId> out;
  TESTUDO_TRY(const auto names, socket.sets(table));
  for (const std::string& name : names)
    if (const auto set = set_from(name); set && set->group.remediation != Remediation::none)
      out.push_back(*set);
  return out;
}

class Lister {
 public:
  explicit Lister(const std::vector<CounterState>& counters) {
    for (const CounterState& counter : counters) comments_[counter.name] = counter.comment;
  }
  void add(const SetId& set, const ReadEntry& read, const Prefix* only) {
    const std::string counter =
        set.group.policy < 0
            ? read.counter
            : counter_name(set.group.remediation, uint32_t(set.group.policy), is_v6(set.kind));
    for (const Prefix& prefix : read.prefixes) {
      if (only && !only->overlaps(prefix)) continue;
      KernelEntry entry;
      entry.prefix = prefix;
      entry.remediation = set.group.remediation;
      entry.left = read.times_out ? Duration(std::chrono::milliseconds(read.left_ms)) : Duration::max();
      policy_from(comments_[counter], entry.origin, entry.scenario);
      entries.push_back(std::move(entry));
    }
  }
  std::vector<KernelEntry> entries;

 private:
  std::map<std::string, std::string> comments_;
};

Error too_large(const SetId& set) {
  return {Code::too_large,
          "set " + set_name(set) + " holds more than " + std::to_string(kReadable) +
              " entries: too many to read back",
          {},
          "ask for one address"};
}

}  // namespace
}  // namespace nft

using namespace nft;

std::string nft_table(const std::string& pin) {
  std::string name = pin.substr(pin.rfind('/') + 1);
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c) && c != '-' && c != '_'; },
      '_');
  // The nft program takes names that begin with a letter.
  if (name.empty() || !std::isalpha(static_cast<unsigned char>(name[0]))) name.insert(0, "testudo");
  return name.substr(0, 64);
}

Result<FlushReport> nft_flush(const std::string& table) {
  FlushReport report;
  TESTUDO_TRY(Socket socket, Socket::open());
  TESTUDO_TRY(const auto tables, tables_there(socket, table));
  for (const std::string& name : tables) {
    report.found = true;
    TESTUDO_TRY(const auto sets, ban_sets(socket, name));
    TESTUDO_TRY(const auto counters, socket.counters(name));
    Batch batch(name);
    for (const SetId& set : sets) {
      // Counted as far as that is quick: the way out must not take minutes.
      TESTUDO_TRY(const ReadSet read, read_set(socket, name, set, kReadable));
      report.removed += read.entries.size();
      batch.flush_set(set_name(set));
    }
    batch.add_counter(kFlushMark + std::to_string(unix_nanos(now())), "");
    TESTUDO_CHECK(socket.commit(batch, "emptying table inet " + name));
  }
  return report;
}

int64_t nft_flush_mark_unix_ns(const std::string& table) {
  auto socket = Socket::open();
  if (!socket) return 0;
  int64_t newest = 0;
  for (const std::string& name : {table, table + "-2"})
    if (const auto counters = socket->counters(name)) newest = std::max(newest, newest_flush_mark(*counters));
  return newest;
}

Result<EnforceStatus> nft_status(const std::string& table) {
  TESTUDO_TRY(Socket socket, Socket::open());
  TESTUDO_TRY(const auto tables, tables_there(socket, table));
  if (tables.empty())
    return Error{Code::not_found,
                 "there is no table inet " + table + " in nftables",
                 {},
                 "`testudo status` tells whether the daemon runs"};
  EnforceStatus status;
  status.backend = "nftables";
  for (const std::string& name : tables) {
    TESTUDO_TRY(const auto counters, socket.counters(name));
    add_totals(counters, status);
    TESTUDO_TRY(const auto sets, socket.sets(name));
    for (const std::string& set_text : sets) {
      const auto set = set_from(set_text);
      if (!set) continue;
      TESTUDO_TRY(const ReadSet read, read_set(socket, name, *set, kReadable));
      uint64_t& count = set->group.remediation == Remediation::none ? status.allowed
                        : is_ranges(set->kind)                      ? status.ranges
                                                                    : status.bans;
      for (const ReadEntry& entry : read.entries) count += entry.prefixes.size();
    }
  }
  status.interfaces.push_back({"*", "nftables", ""});
  return status;
}

Result<std::vector<KernelEntry>> nft_list(const Prefix* only, const std::string& table) {
  TESTUDO_TRY(Socket socket, Socket::open());
  TESTUDO_TRY(const auto tables, tables_there(socket, table));
  if (tables.empty()) return Error{Code::not_found, "there is no table inet " + table + " in nftables"};
  std::vector<KernelEntry> out;
  for (const std::string& name : tables) {
    TESTUDO_TRY(const auto counters, socket.counters(name));
    TESTUDO_TRY(const auto sets, ban_sets(socket, name));
    Lister lister(counters);
    for (const SetId& set : sets) {
      if (only && only->ip.is_v4() == is_v6(set.kind)) continue;
      if (only && only->is_host() && !is_ranges(set.kind)) {
        TESTUDO_TRY(const auto element, socket.element(name, set_name(set), key_in(set.kind, only->ip)));
        if (element)
          lister.add(
              set,
              {{prefix_of(set.kind, element->key)}, element->counter, element->times_out, element->left_ms},
              only);
        continue;
      }
      TESTUDO_TRY(const ReadSet read, read_set(socket, name, set, kReadable));
      if (read.more) return too_large(set);
      for (const ReadEntry& entry : read.entries) lister.add(set, entry, only);
    }
    out.insert(out.end(), lister.entries.begin(), lister.entries.end());
  }
  return out;
}

Result<void> nft_remove(const std::string& table) {
  TESTUDO_TRY(Socket socket, Socket::open());
  TESTUDO_TRY(const auto tables, tables_there(socket, table));
  for (const std::string& name : tables) {
    Batch batch(name);
    batch.delete_table();
    TESTUDO_CHECK(socket.commit(batch, "removing table inet " + name));
  }
  return {};
}

}  // namespace testudo
