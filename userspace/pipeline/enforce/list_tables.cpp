#include "enforce/list_tables.h"

#include <algorithm>
#include <cstring>

#include "enforce/entry.h"

namespace testudo {
namespace {

/// Lines that are asked for ahead: as many as a core waits for at once.
constexpr size_t kAhead = 16;
constexpr uint64_t kTrieNode = 64;

ListTable4 table4_in(const xdp::Mapped& memory, uint64_t seed) {
  return ListTable4({&memory.as<list4_line>(), memory.words().size() * 8 / sizeof(list4_line)}, seed);
}
ListTable6 table6_in(const xdp::Mapped& memory, uint64_t seed) {
  return ListTable6({&memory.as<list6_line>(), memory.words().size() * 8 / sizeof(list6_line)}, seed);
}

bool contains(const ListTables::Rows& rows, uint32_t row) {
  return std::find(rows.begin(), rows.end(), row) != rows.end();
}

template <typename Table>
void stamp(const Table& table, const ListTables::Change& change, uint64_t epoch_s, uint64_t generation) {
  table.header().epoch_s = epoch_s;
  table.header().generation = generation;
  table.header().made_unix_ns = uint64_t(change.unix_ns);
}

Error crowded(uint64_t entries) {
  return Error{Code::too_large,
               "a table for " + std::to_string(entries) + " list entries has no room for one of them",
               {},
               "the same address in more than a hundred lists? Take some of them out of enforce.lists"};
}

EntryKey host_key(const ban6_key& key, uint8_t length) {
  EntryKey out;
  std::memset(&out, 0, sizeof out);
  out.table = length == 128 ? Table::ban6 : Table::ban6_64;
  out.address6 = key;
  return out;
}

EntryKey host_key(uint32_t address) {
  EntryKey out;
  std::memset(&out, 0, sizeof out);
  out.table = Table::ban4;
  out.address4 = address;
  return out;
}

void show_in(const ListTable4& table4, const ListTable6& table6, Filter& filter4, Filter& filter6) {
  table4.for_each([&](uint32_t address, testudo_term) { filter4.add(host_key(address)); });
  table6.for_each(
      [&](const ban6_key& key, uint8_t length, testudo_term) { filter6.add(host_key(key, length)); });
}

}  // namespace

uint64_t list_bytes(uint64_t hosts4, uint64_t hosts6, uint64_t ranges) {
  return (hosts4 ? uint64_t(list4_lines(hosts4)) * sizeof(list4_line) : 0) +
         (hosts6 ? uint64_t(list6_lines(hosts6)) * sizeof(list6_line) : 0) + ranges * kTrieNode;
}

ListParts ListParts::of(std::span<const Prefix> prefixes) {
  ListParts parts;
  parts.hosts4.reserve(prefixes.size());
  for (const Prefix& given : prefixes) {
    const EntryKey key = entry_key(given);
    if (key.table == Table::ban4)
      parts.hosts4.push_back(key.address4);
    else if (key.table == Table::ban6)
      parts.hosts6.push_back({key.address6, 128});
    else if (key.table == Table::ban6_64)
      parts.hosts6.push_back({{key.high6, 0}, 64});
    else
      parts.ranges.push_back(wire_prefix(given));
  }
  return parts;
}

Result<ListTables> ListTables::over(const xdp::Tables& tables, uint64_t seed) {
  ListTables out;
  out.tables_ = &tables;
  out.seed_ = seed;
  TESTUDO_CHECK(out.catch_up());
  return out;
}

Result<void> ListTables::map_memory() {
  TESTUDO_TRY(memory4_, xdp::Mapped::of(tables_->list4));
  TESTUDO_TRY(memory6_, xdp::Mapped::of(tables_->list6));
  table4_ = table4_in(memory4_, seed_);
  table6_ = table6_in(memory6_, seed_);
  return {};
}

void ListTables::count() {
  rows_.clear();
  sum_ = {};
  std::vector<Counts> counts(TESTUDO_POLICIES);
  table4_.for_each([&](uint32_t, testudo_term term) { ++counts[testudo_term_policy(term)].hosts4; });
  table6_.for_each(
      [&](const ban6_key&, uint8_t, testudo_term term) { ++counts[testudo_term_policy(term)].hosts6; });
  for (const auto& [prefix, value] : ranges_) ++counts[value.policy % TESTUDO_POLICIES].ranges;
  for (uint32_t row = 0; row < TESTUDO_POLICIES; ++row) {
    if (counts[row].all() == 0) continue;
    rows_[uint16_t(row)] = counts[row];
    sum_.hosts4 += counts[row].hosts4;
    sum_.hosts6 += counts[row].hosts6;
    sum_.ranges += counts[row].ranges;
  }
}

void ListTables::add(uint16_t row, uint64_t Counts::*kind, int64_t by) {
  rows_[row].*kind += uint64_t(by);
  sum_.*kind += uint64_t(by);
}

Result<void> ListTables::catch_up() {
  TESTUDO_CHECK(map_memory());
  ranges_.clear();
  for (const bool is_v4 : {true, false}) {
    const xdp::Map& trie = is_v4 ? tables_->list_net4 : tables_->list_net6;
    TESTUDO_CHECK(trie.for_each([&](const void* key, const void* raw) {
      std::memcpy(&ranges_[prefix_of(is_v4 ? Table::net4 : Table::net6, key)], raw, sizeof(ban_value));
    }));
  }
  count();
  return {};
}

void ListTables::take(Next&& next) {
  memory4_ = std::move(next.memory4);
  memory6_ = std::move(next.memory6);
  table4_ = next.table4;
  table6_ = next.table6;
  ranges_ = std::move(next.ranges);
  count();
}

uint64_t ListTables::entries_of(uint16_t row) const {
  const auto found = rows_.find(row);
  return found == rows_.end() ? 0 : found->second.all();
}

void ListTables::show(Filter& filter4, Filter& filter6) const { show_in(table4_, table6_, filter4, filter6); }

void ListTables::Next::show(Filter& filter4, Filter& filter6) const {
  show_in(table4, table6, filter4, filter6);
}

uint64_t ListTables::count_in(const Prefix& given) const {
  const Prefix prefix = wire_prefix(given);
  uint64_t inside = 0;
  if (prefix.ip.is_v4())
    table4_.for_each(
        [&](uint32_t address, testudo_term) { inside += prefix.contains(Ip::v4_bytes(&address)); });
  else
    table6_.for_each(
        [&](const ban6_key& key, uint8_t, testudo_term) { inside += prefix.contains(Ip::v6_bytes(&key)); });
  return inside;
}

bool ListTables::holds(const Prefix& prefix) const {
  const EntryKey key = entry_key(prefix);
  bool found = false;
  const auto visit = [&](testudo_term) { found = true; };
  if (key.table == Table::ban4)
    table4_.find(key.address4, visit);
  else if (key.table == Table::ban6)
    table6_.find(key.address6, 128, visit);
  else if (key.table == Table::ban6_64)
    table6_.find({key.high6, 0}, 64, visit);
  else
    found = ranges_.count(wire_prefix(prefix)) != 0;
  return found;
}

Result<ListTables::Next> ListTables::build(const Change& change,
                                           const std::vector<uint32_t>& severity_of_row) const {
  const ListParts& parts = *change.parts;
  uint64_t total4 = sum_.hosts4 + parts.hosts4.size(), total6 = sum_.hosts6 + parts.hosts6.size();
  for (const auto& [row, counts] : rows_) {
    if (!contains(change.gone, row)) continue;
    total4 -= counts.hosts4;
    total6 -= counts.hosts6;
  }
  Next next;
  TESTUDO_TRY(next.list4, xdp::Map::like(tables_->list4, list4_lines(total4)));
  TESTUDO_TRY(next.list6, xdp::Map::like(tables_->list6, list6_lines(total6)));
  TESTUDO_TRY(next.net4, xdp::Map::like(tables_->list_net4, tables_->list_net4.max_entries()));
  TESTUDO_TRY(next.net6, xdp::Map::like(tables_->list_net6, tables_->list_net6.max_entries()));
  TESTUDO_TRY(next.memory4, xdp::Mapped::of(next.list4));
  TESTUDO_TRY(next.memory6, xdp::Mapped::of(next.list6));
  ListTable4& fresh4 = next.table4 = table4_in(next.memory4, seed_);
  ListTable6& fresh6 = next.table6 = table6_in(next.memory6, seed_);
  const uint64_t epoch = change.boot_s / TESTUDO_LIST_TICK_S * TESTUDO_LIST_TICK_S;
  const uint64_t old4 = table4_.header().epoch_s, old6 = table6_.header().epoch_s;
  stamp(fresh4, change, epoch, generation() + 1);
  stamp(fresh6, change, epoch, generation() + 1);

  bool lost = false;
  const auto moved = [&](testudo_term term, uint64_t old) {
    return list_term(testudo_term_policy(term), list_expiry_s(term, old), epoch);
  };
  const auto stays = [&](testudo_term term, uint64_t old) {
    return !contains(change.gone, testudo_term_policy(term)) && !testudo_term_over(term, old, change.boot_s);
  };
  table4_.for_each([&](uint32_t address, testudo_term term) {
    if (stays(term, old4)) lost |= fresh4.put(address, moved(term, old4)) == ListPut::no_room;
  });
  table6_.for_each([&](const ban6_key& key, uint8_t length, testudo_term term) {
    if (stays(term, old6)) lost |= fresh6.put(key, length, moved(term, old6)) == ListPut::no_room;
  });
  const testudo_term term = list_term(change.row, change.expiry_s, epoch);
  for (size_t i = 0; i < parts.hosts4.size(); ++i) {
    if (i + kAhead < parts.hosts4.size()) fresh4.prefetch(parts.hosts4[i + kAhead]);
    lost |= fresh4.put(parts.hosts4[i], term) == ListPut::no_room;
  }
  for (const ListParts::Host6& host : parts.hosts6)
    lost |= fresh6.put(host.key, host.length, term) == ListPut::no_room;
  if (lost) return crowded(total4 + total6);

  for (const auto& [prefix, value] : ranges_)
    if (!contains(change.gone, value.policy) && (value.expiry_s == 0 || value.expiry_s > change.boot_s))
      next.ranges.emplace(prefix, value);
  for (const Prefix& prefix : parts.ranges) {
    ban_value value{};
    value.policy = change.row;
    value.length = prefix.length;
    value.expiry_s = uint32_t(change.expiry_s);
    const auto [at, added] = next.ranges.emplace(prefix, value);
    if (!added && severity_of_row[at->second.policy] <= change.severity) at->second = value;
  }
  for (const auto& [prefix, value] : next.ranges) {
    const EntryKey key = entry_key(prefix);
    const xdp::Map& trie = key.table == Table::net4 ? next.net4 : next.net6;
    if (const int err = trie.put(key.bytes(), &value)) return xdp::map_error(trie, "adding", err);
  }
  return next;
}

ListPut ListTables::put(const Prefix& host, uint16_t row, uint64_t expiry_s) {
  const EntryKey key = entry_key(host);
  const bool is_v4 = key.table == Table::ban4;
  const testudo_term term =
      list_term(row, expiry_s, is_v4 ? table4_.header().epoch_s : table6_.header().epoch_s);
  const ListPut done = is_v4                      ? table4_.put(key.address4, term)
                       : key.table == Table::ban6 ? table6_.put(key.address6, 128, term)
                                                  : table6_.put({key.high6, 0}, 64, term);
  if (done == ListPut::added) add(row, is_v4 ? &Counts::hosts4 : &Counts::hosts6, 1);
  return done;
}

bool ListTables::erase(const Prefix& host, uint16_t row) {
  const EntryKey key = entry_key(host);
  const bool is_v4 = key.table == Table::ban4;
  const bool gone = is_v4                      ? table4_.erase(key.address4, row)
                    : key.table == Table::ban6 ? table6_.erase(key.address6, 128, row)
                                               : table6_.erase({key.high6, 0}, 64, row);
  if (gone) add(row, is_v4 ? &Counts::hosts4 : &Counts::hosts6, -1);
  return gone;
}

bool ListTables::worn() const {
  const uint64_t dead = table4_.dead() + table6_.dead();
  return dead > 1000 && dead * 8 > entries();
}

uint64_t ListTables::expire(uint64_t boot_s) {
  const uint64_t epoch4 = table4_.header().epoch_s, epoch6 = table6_.header().epoch_s;
  const auto over = [&](testudo_term term, uint64_t epoch, uint64_t Counts::*kind) {
    if (!testudo_term_over(term, epoch, boot_s)) return false;
    add(uint16_t(testudo_term_policy(term)), kind, -1);
    return true;
  };
  const uint64_t gone4 =
      table4_.erase_if([&](uint32_t, testudo_term term) { return over(term, epoch4, &Counts::hosts4); });
  const uint64_t gone6 = table6_.erase_if(
      [&](const ban6_key&, uint8_t, testudo_term term) { return over(term, epoch6, &Counts::hosts6); });
  return gone4 + gone6;
}

Result<uint64_t> ListTables::clear() {
  const uint64_t removed = entries();
  table4_.erase_if([](uint32_t, testudo_term) { return true; });
  table6_.erase_if([](const ban6_key&, uint8_t, testudo_term) { return true; });
  TESTUDO_CHECK(tables_->list_net4.clear());
  TESTUDO_CHECK(tables_->list_net6.clear());
  rows_.clear();
  ranges_.clear();
  sum_ = {};
  return removed;
}

}  // namespace testudo
