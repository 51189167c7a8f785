// enforce/lists.cpp: a blocklist takes the place of its last generation, for all packets at once.
//
// New tables and new filters are filled beside those in force; one swap of the program (one link update an
// interface) shows them. Decisions go on meanwhile, on their own thread: a ban that is added while the new
// filters are being filled goes into both (BanTables::shadow). Only growing tables wait for the swap.
#include <algorithm>
#include <bit>

#include "base/log.h"
#include "enforce/xdp_backend.h"

namespace testudo {
namespace {

constexpr std::string_view kOrigin = "lists";
constexpr size_t kMaxLists = 64;

uint32_t severity_of(Remediation remediation) {
  switch (remediation) {
    case Remediation::ban:
      return 3;
    case Remediation::reset:
      return 2;
    default:
      return 1;
  }
}

uint32_t filter_words(uint64_t ban_room, uint64_t listed) {
  // A table of bans that never grew is far from full: its smallest filter is enough for it.
  const uint64_t bans = ban_room > TESTUDO_BANS ? ban_room : TESTUDO_BANS / 2;
  return filter_words_for(bans + listed + listed / 8);
}

std::string mb(uint64_t bytes) { return std::to_string((bytes + 999'999) / 1'000'000) + " MB"; }

}  // namespace

std::vector<uint16_t> XdpBackend::rows_of_list(const std::string& name) {
  const std::lock_guard lock(policies_mutex_);
  std::vector<uint16_t> rows;
  for (uint32_t row = TESTUDO_POLICIES_SHARED; row < policies_.size(); ++row)
    if (policies_.at(row)->origin == kOrigin && policies_.at(row)->scenario == name)
      rows.push_back(uint16_t(row));
  return rows;
}

Result<void> XdpBackend::check_list(const BlockList& list, const ListParts& parts,
                                    const std::vector<uint16_t>& gone) {
  if (list.name.empty() || list.name.size() > 100)
    return Error{Code::bad_input,
                 "a list's name has 1 to 100 bytes, not " + std::to_string(list.name.size())};
  if (list.remediation != Remediation::ban && list.remediation != Remediation::log_only &&
      list.remediation != Remediation::reset)
    return Error{Code::unsupported,
                 "list " + list.name + ": a list bans, resets or only logs",
                 {},
                 "what has a rate belongs into decisions"};
  uint64_t others = lists_->entries();
  for (const uint16_t row : gone) others -= lists_->entries_of(row);
  const uint64_t total = others + parts.size();
  if (total > options_.max_entries)
    return Error{Code::too_large,
                 "list " + list.name + " has " + std::to_string(parts.size()) + " entries; with " +
                     std::to_string(others) + " of other lists that is " + std::to_string(total) + " of " +
                     std::to_string(options_.max_entries) + " (enforce.max_entries), and would take " +
                     mb(list_bytes(total, 0, 0)) + " of kernel memory, twice that while it is swapped in",
                 {},
                 "raise enforce.max_entries, or take a list out of enforce.lists"};
  if (parts.ranges.size() > TESTUDO_PREFIXES)
    return Error{Code::too_large, "list " + list.name + " has " + std::to_string(parts.ranges.size()) +
                                      " prefixes; " + std::to_string(TESTUDO_PREFIXES) + " may be"};
  const std::lock_guard lock(list_infos_mutex_);
  if (!list.prefixes.empty() && !list_infos_.count(list.name) && list_infos_.size() >= kMaxLists)
    return Error{Code::too_large,
                 "list " + list.name + ": there are " + std::to_string(kMaxLists) + " lists already",
                 {},
                 "join some of them in one file"};
  return {};
}

/// From reading the lists' tables to the swap: what would replace tables under it waits (growing ones, and
/// whoever finds them flushed by hand).
class XdpBackend::Swap {
 public:
  explicit Swap(XdpBackend& backend) : backend_(backend) {
    const std::lock_guard lock(backend_.tables_mutex_);
    backend_.swapping_ = true;
  }
  ~Swap() {
    {
      const std::lock_guard lock(backend_.tables_mutex_);
      backend_.swapping_ = false;
      backend_.tables_->shadow(nullptr, nullptr);
    }
    backend_.swap_done_.notify_all();
  }
  /// Until the end, what is added goes into these filters, too.
  void feed(Filter& filter4, Filter& filter6) {
    const std::lock_guard lock(backend_.tables_mutex_);
    backend_.tables_->shadow(&filter4, &filter6);
  }
  /// Before the filters go.
  void feed_no_more() {
    const std::lock_guard lock(backend_.tables_mutex_);
    backend_.tables_->shadow(nullptr, nullptr);
  }

 private:
  XdpBackend& backend_;
};

Result<void> XdpBackend::show_lists(ListTables::Next next, Swap& swap) {
  const xdp::Tables& now = kernel_->tables();
  const uint64_t room6 = uint64_t(now.ban6.max_entries()) + now.ban6_64.max_entries();
  const uint64_t listed4 = uint64_t(next.list4.max_entries()) * TESTUDO_LIST4_SLOTS / 2;
  const uint64_t listed6 = uint64_t(next.list6.max_entries()) * TESTUDO_LIST6_SLOTS / 2;
  TESTUDO_TRY(xdp::Map words4, xdp::Map::like(now.filter4, filter_words(now.ban4.max_entries(), listed4)));
  TESTUDO_TRY(xdp::Map words6, xdp::Map::like(now.filter6, filter_words(room6 / 2, listed6)));
  TESTUDO_TRY(const xdp::Mapped memory4, xdp::Mapped::of(words4));
  TESTUDO_TRY(const xdp::Mapped memory6, xdp::Mapped::of(words6));
  Filter filter4(memory4.words(), tables_->meta().seed), filter6(memory6.words(), tables_->meta().seed);

  swap.feed(filter4, filter6);
  struct Fed {
    Swap& swap;
    ~Fed() { swap.feed_no_more(); }
  } const fed{swap};
  for (const Table table : {Table::ban4, Table::ban6, Table::ban6_64})
    TESTUDO_CHECK(tables_->for_each(table, [&](const EntryKey& key, const ban_value&) {
      (table == Table::ban4 ? filter4 : filter6).add(key);
    }));
  next.show(filter4, filter6);
  {
    // The bitmaps before the tries: a bit too many costs a look, one that is missing lets a packet pass.
    const std::lock_guard lock(tables_mutex_);
    for (const auto& [prefix, value] : next.ranges) tables_->add_listed_range(prefix);
  }
  std::vector<xdp::Kernel::Exchange> maps;
  maps.push_back({&xdp::Tables::filter4, std::move(words4)});
  maps.push_back({&xdp::Tables::filter6, std::move(words6)});
  maps.push_back({&xdp::Tables::list4, std::move(next.list4)});
  maps.push_back({&xdp::Tables::list6, std::move(next.list6)});
  maps.push_back({&xdp::Tables::list_net4, std::move(next.net4)});
  maps.push_back({&xdp::Tables::list_net6, std::move(next.net6)});
  const auto exchanged = kernel_->exchange(std::move(maps));
  const std::lock_guard lock(tables_mutex_);
  // Also after a failure: the maps in force are what the kernel holds now.
  TESTUDO_CHECK(tables_->remap_filters());
  if (exchanged)
    lists_->take(std::move(next));
  else
    TESTUDO_CHECK(lists_->catch_up());
  tables_->keep_listed_ranges([&](const Prefix& prefix) { return lists_->ranges().count(prefix) != 0; });
  return exchanged;
}

uint64_t XdpBackend::allowlisted_in(const ListParts& parts) {
  // Asked the short way round: allowlists hold few, lists millions.
  std::vector<Prefix> ranges;
  uint64_t found = 0;
  const std::lock_guard lock(tables_mutex_);
  const auto visit = [&](const Prefix& prefix, uint32_t) {
    if (prefix.is_host())
      found += lists_->holds(prefix) || (!prefix.ip.is_v4() && lists_->holds(Prefix::of(prefix.ip, 64)));
    else
      ranges.push_back(prefix);
    for (const Prefix& range : parts.ranges) found += range.overlaps(prefix);
  };
  // A count for people: what cannot be read is not counted.
  (void)tables_->for_each_allowed(visit).ok();
  for (const Prefix& range : ranges) found += lists_->count_in(range);
  return found;
}

Result<void> XdpBackend::put_list(const BlockList& list) {
  const std::lock_guard one_at_a_time(putting_);
  const int64_t started = monotonic_ns();
  const ListParts parts = ListParts::of(list.prefixes);
  ListTables::Change change;
  change.gone = rows_of_list(list.name);
  TESTUDO_CHECK(check_list(list, parts, change.gone));
  const Clocks clocks = Clocks::read();
  const auto expiry = expiry_of(list.until, clocks);
  if (!expiry)
    return Error{Code::bad_input, "list " + list.name + " ended at " + format_rfc3339_seconds(list.until)};
  change.expiry_s = *expiry;
  change.parts = &parts;
  change.boot_s = uint64_t(clocks.boot_ns / 1'000'000'000);
  change.unix_ns = unix_nanos(clocks.wall);
  TESTUDO_TRY(change.row, row_for_list(list));
  change.severity = severity_of(list.remediation);
  {
    Swap swap(*this);
    TESTUDO_TRY(ListTables::Next next, lists_->build(change, list_severities()));
    TESTUDO_CHECK(show_lists(std::move(next), swap));
  }
  ListStatus info;
  info.name = list.name;
  info.entries = lists_->entries_of(change.row);
  info.generation = lists_->generation();
  info.memory_bytes = list_bytes(parts.hosts4.size(), parts.hosts6.size(), parts.ranges.size());
  info.loaded_unix_ns = change.unix_ns;
  info.allowlisted = allowlisted_in(parts);
  log::info("enforce.list_loaded", {{"list", list.name},
                                    {"entries", info.entries},
                                    {"allowlisted", info.allowlisted},
                                    {"generation", info.generation},
                                    {"memory_bytes", lists_->bytes()},
                                    {"milliseconds", (monotonic_ns() - started) / 1'000'000}});
  const std::lock_guard lock(list_infos_mutex_);
  if (info.entries == 0)
    list_infos_.erase(list.name);
  else
    list_infos_[list.name] = info;
  return {};
}

Result<uint16_t> XdpBackend::row_for_list(const BlockList& list) {
  const std::lock_guard lock(tables_mutex_);
  TESTUDO_CHECK(begin());
  return policy_row({list.remediation, TimePoint::max(), std::string(kOrigin), list.name, {}});
}

std::vector<uint32_t> XdpBackend::list_severities() {
  const std::lock_guard lock(policies_mutex_);
  std::vector<uint32_t> out;
  for (uint32_t row = 0; row < policies_.size(); ++row)
    out.push_back(severity_of(policies_.at(row)->remediation));
  return out;
}

Result<void> XdpBackend::change_list(const ListChange& change) {
  const std::lock_guard one_at_a_time(putting_);
  std::vector<uint16_t> rows = rows_of_list(change.name);
  std::erase_if(rows, [&](uint16_t row) { return lists_->entries_of(row) == 0; });
  if (rows.empty())
    return Error{Code::not_found, "there is no list " + change.name, {}, "`testudo kernel lists` names them"};
  const auto expiry = expiry_of(change.until, Clocks::read());
  if (!expiry) return Error{Code::bad_input, "an entry of list " + change.name + " is over already"};
  const std::lock_guard lock(tables_mutex_);
  TESTUDO_CHECK(begin());
  for (const std::vector<Prefix>* side : {&change.added, &change.removed})
    for (const Prefix& prefix : *side)
      if (const Table table = entry_key(prefix).table; table == Table::net4 || table == Table::net6)
        return Error{Code::unsupported,
                     prefix.text() + ": a prefix changes with its list as a whole",
                     {},
                     "single changes are for addresses and IPv6 /64s"};
  for (const Prefix& prefix : change.removed)
    for (const uint16_t row : rows) lists_->erase(prefix, row);
  for (const Prefix& prefix : change.added) {
    if (lists_->entries() >= options_.max_entries ||
        lists_->put(prefix, rows.front(), *expiry) == ListPut::no_room)
      return Error{Code::too_large,
                   "list " + change.name + " has no room for " + prefix.text(),
                   {},
                   "load the list as a whole: its tables are made larger then"};
    const EntryKey key = entry_key(prefix);
    tables_->show(key);
  }
  const std::lock_guard infos(list_infos_mutex_);
  list_infos_[change.name].entries = lists_->entries_of(rows.front());
  return {};
}

std::vector<ListStatus> XdpBackend::lists() {
  const std::lock_guard lock(list_infos_mutex_);
  std::vector<ListStatus> out;
  for (const auto& [name, info] : list_infos_) out.push_back(info);
  return out;
}

/// Every ten minutes: what is over goes; tables worn by single changes are built anew, filters too.
Result<void> XdpBackend::keep_lists() {
  const Clocks clocks = Clocks::read();
  uint64_t gone = 0;
  {
    const std::lock_guard lock(tables_mutex_);
    gone = lists_->expire(uint64_t(clocks.boot_ns / 1'000'000'000));
  }
  if (lists_->worn()) {
    const ListParts none;
    ListTables::Change change;
    change.parts = &none;
    change.boot_s = uint64_t(clocks.boot_ns / 1'000'000'000);
    change.unix_ns = unix_nanos(clocks.wall);
    Swap swap(*this);
    TESTUDO_TRY(ListTables::Next next, lists_->build(change, list_severities()));
    TESTUDO_CHECK(show_lists(std::move(next), swap));
    log::info("enforce.lists_built_anew",
              {{"entries", lists_->entries()}, {"generation", lists_->generation()}});
  }
  if (gone == 0) return {};
  log::info("enforce.list_entries_over", {{"entries", gone}});
  const std::lock_guard lock(list_infos_mutex_);
  for (auto& [name, info] : list_infos_) {
    info.entries = 0;
    for (const uint16_t row : rows_of_list(name)) info.entries += lists_->entries_of(row);
  }
  return {};
}

/// What an earlier run left in force goes on until its file is read again.
void XdpBackend::adopt_lists() {
  for (uint32_t row = TESTUDO_POLICIES_SHARED; row < policies_.size(); ++row) {
    const Policy& policy = *policies_.at(row);
    const uint64_t entries = lists_->entries_of(uint16_t(row));
    if (policy.origin != kOrigin || entries == 0) continue;
    ListStatus& info = list_infos_[policy.scenario];
    info.name = policy.scenario;
    info.entries += entries;
    info.generation = lists_->generation();
    info.loaded_unix_ns = lists_->made_unix_ns();
    info.memory_bytes = list_bytes(info.entries, 0, 0);
  }
  lists_->show(tables_->filter(Table::ban4), tables_->filter(Table::ban6));
  for (const auto& [prefix, value] : lists_->ranges()) tables_->add_listed_range(prefix);
}

}  // namespace testudo
