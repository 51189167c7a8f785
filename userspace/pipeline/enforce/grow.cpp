// enforce/grow.cpp: larger tables when bans outgrow the present ones.
//
// A table of 2.5 million costs 64 MiB of buckets before its first entry, and a filter of 4 MiB costs each
// packet a cache line that a small one keeps warm. So both start small and grow by four: new maps, filled
// with what is in force, and one swap of the program. Between copy and swap this thread writes nothing, so
// nothing is lost.
#include <algorithm>
#include <bit>
#include <vector>

#include "base/log.h"
#include "enforce/xdp_backend.h"

namespace testudo {
namespace {

constexpr uint32_t kBatch = 8192;

Result<void> copy(const xdp::Map& from, const xdp::Map& to) {
  std::vector<char> keys;
  std::vector<ban_value> values;
  int err = 0;
  const auto write = [&] {
    if (err == 0) err = to.put_batch(keys.data(), values.data(), uint32_t(values.size()));
    keys.clear();
    values.clear();
  };
  TESTUDO_CHECK(from.for_each([&](const void* key, const void* value) {
    const auto* bytes = static_cast<const char*>(key);
    keys.insert(keys.end(), bytes, bytes + from.key_size());
    values.push_back(*static_cast<const ban_value*>(value));
    if (values.size() == kBatch) write();
  }));
  write();
  if (err != 0) return xdp::map_error(to, "copying", err);
  return {};
}

xdp::Map xdp::Tables::*member(Table table) {
  if (table == Table::ban4) return &xdp::Tables::ban4;
  return table == Table::ban6 ? &xdp::Tables::ban6 : &xdp::Tables::ban6_64;
}

uint32_t next_size(uint64_t present, uint64_t needed, uint64_t limit) {
  uint64_t size = present;
  while (size < needed) size *= 4;
  return uint32_t(std::min(size, limit));
}

}  // namespace

/// The caller holds tables_mutex_; it is free while this waits.
void XdpBackend::wait_for_swap() {
  std::unique_lock lock(tables_mutex_, std::adopt_lock);
  swap_done_.wait(lock, [&] { return !swapping_; });
  lock.release();
}

Result<void> XdpBackend::grow(Table table, uint64_t entries) {
  if (table == Table::net4 || table == Table::net6) return {};
  const xdp::Tables& now = kernel_->tables();
  const xdp::Map& present = tables_->map(table);
  const uint32_t size = next_size(present.max_entries(), entries, options_.max_entries);
  if (size <= present.max_entries()) return {};  // at the limit: the add itself says so
  wait_for_swap();
  const int64_t started = monotonic_ns();
  // Memory ahead where most of it is needed at once: a big list, or the limit. One that grows by a ban at a
  // time would hold three rows of four for nobody.
  TESTUDO_TRY(xdp::Map bans, xdp::Map::hash_like(present, size, entries * 2 > size));
  TESTUDO_CHECK(copy(present, bans));

  // The two tables of IPv6 share a filter.
  const bool is_v4 = table == Table::ban4;
  const xdp::Map& present_filter = is_v4 ? now.filter4 : now.filter6;
  const uint64_t other =
      is_v4 ? 0 : tables_->map(table == Table::ban6 ? Table::ban6_64 : Table::ban6).max_entries();
  const uint64_t listed = is_v4 ? lists_->hosts4() : lists_->hosts6();
  const uint32_t words = filter_words_for(size + other + listed);
  std::vector<xdp::Kernel::Exchange> maps;
  if (words > present_filter.max_entries()) {
    TESTUDO_TRY(xdp::Map filter_map, xdp::Map::like(present_filter, words));
    TESTUDO_TRY(const xdp::Mapped memory, xdp::Mapped::of(filter_map));
    Filter filter(memory.words(), tables_->meta().seed);
    const auto add = [&](const EntryKey& key, const ban_value&) { filter.add(key); };
    for (const Table each : {Table::ban4, Table::ban6, Table::ban6_64})
      if ((each == Table::ban4) == is_v4) TESTUDO_CHECK(tables_->for_each(each, add));
    Filter other_family;
    lists_->show(is_v4 ? filter : other_family, is_v4 ? other_family : filter);
    maps.push_back({is_v4 ? &xdp::Tables::filter4 : &xdp::Tables::filter6, std::move(filter_map)});
  }
  maps.push_back({member(table), std::move(bans)});
  TESTUDO_CHECK(kernel_->exchange(std::move(maps)));
  TESTUDO_CHECK(tables_->remap_filters());
  log::info("enforce.tables_grown", {{"table", tables_->map(table).name()},
                                     {"entries", size},
                                     {"filter_words", words},
                                     {"milliseconds", (monotonic_ns() - started) / 1'000'000}});
  return {};
}

}  // namespace testudo
