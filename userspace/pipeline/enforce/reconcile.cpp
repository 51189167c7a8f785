// enforce/reconcile.cpp: the kernel's tables become exactly what the store says.
//
// Both sides may hold millions: the wanted side is sorted by index (4 bytes each), the kernel's side streams
// by in batches and is looked up there; nothing is copied.
#include <algorithm>
#include <cerrno>
#include <numeric>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "enforce/xdp_backend.h"

namespace testudo {
namespace {

constexpr uint32_t kBatch = 256 * 1024;  // 7 MiB, and enough that two threads pay (ban_tables.cpp)
enum State : uint8_t { absent, differs, same, superseded };

/// Clocks are read anew at each run and a wall clock is slewed: an end that moves by a second is no change.
bool same_end(uint32_t a, uint32_t b) {
  const int64_t moved = int64_t(a) - int64_t(b);
  return moved >= -1 && moved <= 1 && (a == 0) == (b == 0);
}

bool equal(const ban_value& a, const ban_value& b) {
  return a.policy == b.policy && a.policy2 == b.policy2 && same_end(a.expiry_s, b.expiry_s) &&
         same_end(a.expiry2_s, b.expiry2_s);
}

/// The wanted entries, found by their prefix. Where one comes twice, the later holds. IPv4 addresses, nearly
/// all of a large set, are sorted as one number each (address, row): ten times quicker than by comparing
/// prefixes.
class Wanted {
 public:
  explicit Wanted(std::span<const DecisionChange> all) : state(all.size(), absent), all_(all) {
    for (uint32_t row = 0; row < all.size(); ++row) {
      const Prefix prefix = wire_prefix(all[row].prefix);
      if (prefix.ip.is_v4() && prefix.is_host())
        addresses_.push_back(uint64_t(prefix.ip.v4_host_order()) << 32 | row);
      else
        others_.push_back(row);
      if (all[row].op == DecisionChange::Op::clear) state[row] = superseded;
    }
    std::sort(addresses_.begin(), addresses_.end());
    for (size_t i = 0; i + 1 < addresses_.size(); ++i)
      if (addresses_[i] >> 32 == addresses_[i + 1] >> 32) state[uint32_t(addresses_[i])] = superseded;
    std::sort(others_.begin(), others_.end(), [&](uint32_t a, uint32_t b) {
      const Prefix pa = at(a), pb = at(b);
      return pa != pb ? pa < pb : a < b;
    });
    for (size_t i = 0; i + 1 < others_.size(); ++i)
      if (at(others_[i]) == at(others_[i + 1])) state[others_[i]] = superseded;
  }

  /// Row in `all`, or nothing.
  std::optional<uint32_t> find(const Prefix& prefix) const {
    std::optional<uint32_t> row;
    if (prefix.ip.is_v4() && prefix.is_host()) {
      const uint64_t address = prefix.ip.v4_host_order();
      const auto after = std::upper_bound(addresses_.begin(), addresses_.end(), address << 32 | 0xffffffff);
      if (after != addresses_.begin() && *(after - 1) >> 32 == address) row = uint32_t(*(after - 1));
    } else {
      const auto after = std::upper_bound(others_.begin(), others_.end(), prefix,
                                          [&](const Prefix& p, uint32_t other) { return p < at(other); });
      if (after != others_.begin() && at(*(after - 1)) == prefix) row = *(after - 1);
    }
    return row && state[*row] != superseded ? row : std::nullopt;
  }

  std::vector<State> state;  ///< by row

 private:
  Prefix at(uint32_t row) const { return wire_prefix(all_[row].prefix); }

  std::span<const DecisionChange> all_;
  std::vector<uint64_t> addresses_;
  std::vector<uint32_t> others_;
};

bool same_policy(const DecisionChange& a, const DecisionChange& b) {
  return !a.next && !b.next && a.remediation == b.remediation && a.terms == b.terms &&
         a.scenario == b.scenario && a.origin == b.origin;
}

Error full_error(const xdp::Map& map, const Prefix& left_out) {
  Error error = xdp::map_error(map, "adding", E2BIG);
  error.message += "; left out: " + left_out.text();
  return error;
}

/// Entries for one exact table, written in batches.
struct Batch {
  std::vector<char> keys;
  std::vector<ban_value> values;
  uint64_t fresh = 0;
};

}  // namespace

Result<void> XdpBackend::reconcile(std::span<const DecisionChange> all,
                                   std::span<const AllowChange> allowed) {
  const std::lock_guard no_list_comes(putting_);
  TESTUDO_CHECK(keep_lists());
  const std::lock_guard lock(tables_mutex_);
  TESTUDO_CHECK(begin());
  TESTUDO_CHECK(reconcile_allowed(allowed));
  TESTUDO_CHECK(reconcile_bans(all));
  // A tenth of the bits belongs to nobody: innocent packets look into the table for nothing.
  if (tables_->removed_since_rebuild() > 1000 && tables_->removed_since_rebuild() * 10 > tables_->bans())
    TESTUDO_CHECK(
        tables_->rebuild_filters([&](Filter& filter4, Filter& filter6) { lists_->show(filter4, filter6); }));
  if (kernel_->must_fill_first()) return kernel_->attach();
  return {};
}

Result<void> XdpBackend::reconcile_allowed(std::span<const AllowChange> allowed) {
  std::unordered_map<Prefix, uint32_t, PrefixHash> wanted;
  for (const AllowChange& change : allowed)
    if (change.op == AllowChange::Op::set)
      wanted[wire_prefix(change.prefix)] |= 1u << unsigned(change.reason);
  std::unordered_map<Prefix, uint32_t, PrefixHash> present;
  TESTUDO_CHECK(
      tables_->for_each_allowed([&](const Prefix& prefix, uint32_t reasons) { present[prefix] = reasons; }));
  for (const auto& [prefix, reasons] : wanted) {
    const auto known = present.find(prefix);
    if (known == present.end() || known->second != reasons)
      TESTUDO_CHECK(tables_->set_allowed(prefix, reasons));
  }
  for (const auto& [prefix, reasons] : present)
    if (!wanted.count(prefix)) TESTUDO_CHECK(tables_->set_allowed(prefix, 0));
  return {};
}

Result<void> XdpBackend::reconcile_bans(std::span<const DecisionChange> all) {
  const Clocks clocks = Clocks::read();
  Wanted wanted(all);
  std::vector<ban_value> values(all.size());
  std::optional<Error> first;
  size_t failed = 0;
  std::vector<uint32_t> rows[kTables];
  std::optional<size_t> before;
  for (size_t i = 0; i < all.size(); ++i) {
    if (wanted.state[i] == superseded) continue;
    // Neighbours of a large set come from the same list and differ in address and end alone.
    if (before && same_policy(all[*before], all[i])) {
      if (const auto expiry = expiry_of(all[i].until, clocks)) {
        values[i].policy = values[*before].policy;
        values[i].expiry_s = *expiry;
        values[i].length = wire_prefix(all[i].prefix).length;
        rows[size_t(entry_key(all[i].prefix).table)].push_back(uint32_t(i));
      } else {
        wanted.state[i] = superseded;
      }
      continue;
    }
    auto value = value_of(all[i], clocks);
    if (!value && ++failed == 1) first = value.error();
    if (!value || !*value) {
      wanted.state[i] = superseded;
      continue;
    }
    values[i] = **value;
    before = i;
    rows[size_t(entry_key(all[i].prefix).table)].push_back(uint32_t(i));
  }

  for (const Table table : {Table::ban4, Table::ban6, Table::ban6_64}) {
    if (rows[size_t(table)].size() <= tables_->map(table).max_entries()) continue;
    TESTUDO_CHECK(grow(table, rows[size_t(table)].size()));
    for (const uint32_t row : beyond_limit(table, std::move(rows[size_t(table)]), values)) {
      wanted.state[row] = superseded;
      if (++failed == 1) first = full_error(tables_->map(table), all[row].prefix);
    }
  }
  std::vector<EntryKey> gone;
  for (const Table table : {Table::ban4, Table::ban6, Table::ban6_64, Table::net4, Table::net6})
    TESTUDO_CHECK(tables_->for_each(table, [&](const EntryKey& key, const ban_value& present) {
      const auto row = wanted.find(prefix_of(table, key.bytes()));
      if (!row)
        gone.push_back(key);
      else
        wanted.state[*row] = equal(present, values[*row]) ? same : differs;
    }));
  for (const EntryKey& key : gone) TESTUDO_CHECK(tables_->clear(key));

  Batch batches[3];
  const auto write = [&](Table table) -> Result<void> {
    Batch& batch = batches[size_t(table)];
    auto done = tables_->set_batch(table, batch.keys.data(), batch.values.data(),
                                   uint32_t(batch.values.size()), batch.fresh);
    batch = {};
    return done;
  };
  for (size_t i = 0; i < all.size(); ++i) {
    if (wanted.state[i] != absent && wanted.state[i] != differs) continue;
    const EntryKey key = entry_key(all[i].prefix);
    Result<void> done;
    if (key.table == Table::net4 || key.table == Table::net6) {
      done = set(key, values[i]);
    } else {
      Batch& batch = batches[size_t(key.table)];
      const auto* bytes = static_cast<const char*>(key.bytes());
      batch.keys.insert(batch.keys.end(), bytes, bytes + tables_->map(key.table).key_size());
      batch.values.push_back(values[i]);
      batch.fresh += wanted.state[i] == absent;
      if (batch.values.size() >= kBatch) done = write(key.table);
    }
    if (!done && ++failed == 1) first = done.error();
  }
  for (const Table table : {Table::ban4, Table::ban6, Table::ban6_64}) {
    auto done = write(table);
    if (!done && ++failed == 1) first = done.error();
  }
  if (!first) return {};
  if (failed > 1) first->message += " (and " + std::to_string(failed - 1) + " more)";
  return *first;
}

}  // namespace testudo
