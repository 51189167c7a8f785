// enforce/pinned.cpp: the kernel's tables with no daemon: look, empty, remove.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <unordered_map>

#include "base/log.h"
#include "enforce/backends.h"
#include "enforce/ban_tables.h"
#include "enforce/kernel_view.h"
#include "enforce/list_tables.h"
#include "enforce/nft_pinned.h"
#include "xdp/attach.h"
#include "xdp/outgoing.h"
#include "xdp/witness.h"

namespace testudo {
namespace {

constexpr Table kTablesInOrder[] = {Table::ban4, Table::net4, Table::ban6, Table::ban6_64, Table::net6};

Prefix prefix_of_hit(const hit_key& key) {
  return Prefix::of(key.family == 4 ? Ip::v4_bytes(key.address) : Ip::v6_bytes(key.address), key.length);
}

/// Makes list entries out of what the tables hold; policy texts and hits are read once.
class Lister {
 public:
  explicit Lister(const xdp::Tables& tables) : tables_(tables), clocks_(Clocks::read()) {}

  void add(Table table, const void* key, const ban_value& value) {
    if (!add(table, key, value.policy, value.expiry_s) && value.policy2)
      add(table, key, value.policy2, value.expiry2_s);
  }

  /// An entry of a list; `expiry_s` 0 = never.
  void add_listed(const Prefix& prefix, uint32_t row, uint32_t expiry_s) {
    const EntryKey key = entry_key(prefix);
    add(key.table, key.bytes(), uint16_t(row), expiry_s);
  }

  std::vector<KernelEntry> entries;

 private:
  /// False when it is over: the entry's second candidate holds then.
  bool add(Table table, const void* key, uint16_t row, uint32_t expiry_s) {
    const Duration left = left_of(expiry_s, clocks_);
    if (left <= Duration::zero()) return false;
    KernelEntry entry;
    entry.prefix = prefix_of(table, key);
    entry.left = left;
    const Policy& policy = policy_at(row);
    entry.terms = terms_of(policy.value);
    entry.remediation = policy.remediation;
    entry.origin = policy.origin;
    entry.scenario = policy.scenario;
    if (const hit_value* hit = hits_of(entry.prefix)) {
      entry.packets = hit->packets;
      entry.bytes = hit->bytes;
      entry.last_hit_unix_ns = unix_ns_of(hit->last_ns, clocks_);
    }
    entries.push_back(std::move(entry));
    return true;
  }

  const Policy& policy_at(uint32_t row) {
    const auto known = policies_.find(row);
    if (known != policies_.end()) return known->second;
    policy_text text{};
    policy_value value{};
    if (tables_.policy_text.get(&row, &text) != 0) text = {};
    if (tables_.policy.get(&row, &value) != 0) value = {};
    return policies_.emplace(row, Policies::policy_of(text, value)).first->second;
  }

  const hit_value* hits_of(const Prefix& prefix) {
    if (!hits_read_) {
      // A list without its counts is better than none.
      (void)tables_.hits
          .for_each([&](const void* key, const void* value) {
            hit_key at;
            std::memcpy(&at, key, sizeof at);
            std::memcpy(&hits_[prefix_of_hit(at)], value, sizeof(hit_value));
          })
          .ok();
      hits_read_ = true;
    }
    const auto found = hits_.find(prefix);
    return found == hits_.end() ? nullptr : &found->second;
  }

  const xdp::Tables& tables_;
  Clocks clocks_;
  std::unordered_map<uint32_t, Policy> policies_;
  std::unordered_map<Prefix, hit_value, PrefixHash> hits_;
  bool hits_read_ = false;
};

const xdp::Map& map_of(const xdp::Tables& tables, Table table) {
  switch (table) {
    case Table::ban4:
      return tables.ban4;
    case Table::ban6:
      return tables.ban6;
    case Table::ban6_64:
      return tables.ban6_64;
    case Table::net4:
      return tables.net4;
    default:
      return tables.net6;
  }
}

void look_up_exact(const xdp::Tables& tables, const Prefix& prefix, Lister& lister) {
  const EntryKey key = entry_key(prefix);
  ban_value value{};
  if (map_of(tables, key.table).get(key.bytes(), &value) == 0) lister.add(key.table, key.bytes(), value);
}

/// Down the trie, from the longest prefix to the shortest.
void walk(const Prefix& host, Table table, const xdp::Map& map, Lister& lister) {
  for (int length = host.ip.bits(); length >= 0;) {
    net6_key key6{};
    net4_key key4{};
    key6.length = key4.length = uint32_t(length);
    std::memcpy(key6.address, host.ip.bytes.data(), 16);
    std::memcpy(&key4.address, host.ip.bytes.data(), 4);
    ban_value value{};
    const void* key = host.ip.is_v4() ? static_cast<const void*>(&key4) : &key6;
    if (map.get(key, &value) != 0) return;
    key6.length = key4.length = value.length;
    const Prefix found = Prefix::of(host.ip, value.length);
    std::memcpy(key6.address, found.ip.bytes.data(), 16);
    std::memcpy(&key4.address, found.ip.bytes.data(), 4);
    lister.add(table, key, value);
    length = int(value.length) - 1;
  }
}

/// The lists' tables are memory, mapped for this one look.
void look_up_listed(const xdp::Tables& tables, const Prefix& host, Lister& lister) {
  const uint32_t zero = 0;
  testudo_meta meta{};
  if (tables.meta.get(&zero, &meta) != 0) return;
  const EntryKey key = entry_key(host);
  const auto memory = xdp::Mapped::of(host.ip.is_v4() ? tables.list4 : tables.list6);
  if (!memory) return;
  const size_t lines = memory->words().size() / 8;
  const auto add = [&](const Prefix& prefix, uint64_t epoch_s) {
    return [&lister, prefix, epoch_s](testudo_term term) {
      lister.add_listed(prefix, testudo_term_policy(term), uint32_t(list_expiry_s(term, epoch_s)));
    };
  };
  if (host.ip.is_v4()) {
    const ListTable4 table({&memory->as<list4_line>(), lines}, meta.seed);
    table.find(key.address4, add(host, table.header().epoch_s));
    return;
  }
  const ListTable6 table({&memory->as<list6_line>(), lines}, meta.seed);
  table.find(key.address6, 128, add(host, table.header().epoch_s));
  table.find({key.address6.high, 0}, 64, add(Prefix::of(host.ip, 64), table.header().epoch_s));
}

/// The entries that speak about one address, without reading millions: exact look-ups, then down the trie.
void look_up(const xdp::Tables& tables, const Prefix& host, Lister& lister) {
  look_up_exact(tables, host, lister);
  if (!host.ip.is_v4()) look_up_exact(tables, Prefix::of(host.ip, 64), lister);
  const Table table = host.ip.is_v4() ? Table::net4 : Table::net6;
  look_up_listed(tables, host, lister);
  walk(host, table, map_of(tables, table), lister);
  walk(host, table, host.ip.is_v4() ? tables.list_net4 : tables.list_net6, lister);
}

}  // namespace

namespace {

Result<FlushReport> flush_xdp(const std::string& pin) {
  auto tables = xdp::open_tables(pin);
  FlushReport report;
  if (!tables && tables.error().code == Code::not_found) return report;
  report.found = true;
  if (!tables && tables.error().code == Code::corrupt) {
    // Tables that cannot be opened cannot be emptied, and the way out must not end here.
    log::warn("enforce.detached", {{"pin", pin}, {"why", tables.error().text()}});
    for (const std::string& interface : xdp::pinned_interfaces(pin)) xdp::detach(pin, interface);
    return report;
  }
  if (!tables) return tables.error();
  TESTUDO_TRY(BanTables bans, BanTables::for_flush(*tables));
  TESTUDO_TRY(report.removed, bans.flush());
  TESTUDO_TRY(ListTables lists, ListTables::over(*tables, bans.meta().seed));
  TESTUDO_TRY(const uint64_t listed, lists.clear());
  report.removed += listed;
  __atomic_store_n(&bans.meta().flush_mark_unix_ns, unix_nanos(now()), __ATOMIC_RELEASE);
  bans.tell_owner();
  return report;
}

}  // namespace

Result<FlushReport> flush_pinned(const std::string& pin) {
  // Both, whatever one of them says: the way out must not end here.
  auto xdp = flush_xdp(pin);
  auto nft = nft_flush(nft_table(pin));
  if (!xdp) return xdp.error();
  if (!nft) return xdp->found ? xdp : nft;
  return FlushReport{xdp->found || nft->found, xdp->removed + nft->removed};
}

int64_t flush_mark_unix_ns(const std::string& pin) {
  const int64_t nft = nft_flush_mark_unix_ns(nft_table(pin));
  const auto tables = xdp::open_tables(pin);
  const uint32_t zero = 0;
  testudo_meta meta{};
  if (!tables || tables->meta.get(&zero, &meta) != 0) return nft;
  return std::max<int64_t>(nft, meta.flush_mark_unix_ns);
}

Result<EnforceStatus> status_pinned(const std::string& pin) {
  auto opened = xdp::open_tables(pin);
  if (!opened && opened.error().code == Code::not_found)
    if (auto nft = nft_status(nft_table(pin))) return nft;
  if (!opened) return opened.error();
  const xdp::Tables& tables = *opened;
  const uint32_t zero = 0;
  testudo_meta meta{};
  drop_clock clock{};
  if (const int err = tables.meta.get(&zero, &meta)) return xdp::map_error(tables.meta, "reading", err);
  if (const int err = tables.drop_clock.get(&zero, &clock))
    return xdp::map_error(tables.drop_clock, "reading", err);
  EnforceStatus status = read_status(tables, meta, clock);
  for (const std::string& interface : xdp::pinned_interfaces(pin)) {
    const xdp::Attachment at = xdp::inspect(pin, interface);
    status.interfaces.push_back(interface_status(tables, at));
  }
  return status;
}

Result<std::vector<KernelEntry>> list_pinned(const std::string& pin, const Prefix* only) {
  auto opened = xdp::open_tables(pin);
  if (!opened && opened.error().code == Code::not_found)
    if (auto nft = nft_list(only, nft_table(pin)); nft || nft.error().code != Code::not_found) return nft;
  if (!opened) return opened.error();
  const xdp::Tables& tables = *opened;
  Lister lister(tables);
  if (only && wire_prefix(*only).is_host()) {
    look_up(tables, wire_prefix(*only), lister);
    return std::move(lister.entries);
  }
  for (const Table table : kTablesInOrder) {
    TESTUDO_CHECK(map_of(tables, table).for_each([&](const void* key, const void* raw) {
      if (only && !wire_prefix(*only).overlaps(prefix_of(table, key))) return;
      ban_value value;
      std::memcpy(&value, raw, sizeof value);
      lister.add(table, key, value);
    }));
  }
  return std::move(lister.entries);
}

Result<std::vector<ListStatus>> lists_pinned(const std::string& pin) {
  TESTUDO_TRY(const xdp::Tables tables, xdp::open_tables(pin));
  const uint32_t zero = 0;
  testudo_meta meta{};
  if (const int err = tables.meta.get(&zero, &meta)) return xdp::map_error(tables.meta, "reading", err);
  TESTUDO_TRY(const ListTables lists, ListTables::over(tables, meta.seed));
  std::vector<counter_value> cpus(static_cast<size_t>(xdp::possible_cpus()));
  std::map<std::string, ListStatus> by_name;
  for (uint32_t row = TESTUDO_POLICIES_SHARED; row < TESTUDO_POLICIES; ++row) {
    const uint64_t entries = lists.entries_of(uint16_t(row));
    policy_text text{};
    if (entries == 0 || tables.policy_text.get(&row, &text) != 0) continue;
    ListStatus& list = by_name[Policies::policy_of(text, {}).scenario];
    list.name = Policies::policy_of(text, {}).scenario;
    list.entries += entries;
    list.generation = lists.generation();
    list.loaded_unix_ns = lists.made_unix_ns();
    list.memory_bytes = lists.bytes() * list.entries / lists.entries();
    for (const bool is_v6 : {false, true}) {
      const uint32_t index = testudo_counter_index(row, is_v6);
      if (tables.counters.get(&index, cpus.data()) != 0) continue;
      for (const counter_value& cpu : cpus) list.dropped_packets += cpu.packets;
    }
  }
  std::vector<ListStatus> out;
  for (auto& [name, list] : by_name) out.push_back(std::move(list));
  return out;
}

Result<void> remove_pinned(const std::string& pin) {
  xdp::remove_witness(pin);
  TESTUDO_CHECK(remove_xdp(pin));
  return nft_remove(nft_table(pin));
}

Result<void> remove_xdp(const std::string& pin) {
  for (const std::string& interface : xdp::pinned_interfaces(pin)) xdp::detach(pin, interface);
  for (const std::string& interface : xdp::outgoing_interfaces(pin)) xdp::detach_outgoing(pin, interface);
  xdp::remove_tables(pin, false);
  // (The witness has pins of its own there, and outlives a change of the mode.)
  if (rmdir(pin.c_str()) != 0 && errno != ENOENT && errno != ENOTEMPTY)
    return errno_error("cannot remove " + pin, errno, {}, "look what else lies there: `ls " + pin + "`");
  return {};
}

}  // namespace testudo
