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
constexpr uint32_t kMaxFilterWords = 1u << 22;  // 32 MiB, enough for 19 million

Result<void> copy(const xdp::Map& from, const xdp::Map& to) {
  std::vector<__u32> keys;
  std::vector<ban_value> values;
  int err = 0;
  const auto write = [&] {
    if (err == 0) err = to.put_batch(keys.data(), values.data(), uint32_t(keys.size()));
    keys.clear();
    values.clear();
  };
  TESTUDO_CHECK(from.for_each([&](const void* key, const void* value) {
    keys.push_back(*static_cast<const __u32*>(key));
    values.push_back(*static_cast<const ban_value*>(value));
    if (keys.size() == kBatch) write();
  }));
  write();
  if (err != 0) return xdp::map_error(to, "copying", err);
  return {};
}

uint32_t next_size(uint64_t present, uint64_t needed, uint64_t limit) {
  uint64_t size = present;
  while (size < needed) size *= 4;
  return uint32_t(std::min(size, limit));
}

}  // namespace

Result<void> XdpBackend::grow(Table table, uint64_t entries) {
  if (table != Table::ban4) return {};
  const xdp::Tables& now = kernel_->tables();
  const uint32_t size = next_size(now.ban4.max_entries(), entries, options_.max_entries);
  if (size <= now.ban4.max_entries()) return {};  // at the limit: the add itself says so
  const int64_t started = monotonic_ns();
  TESTUDO_TRY(xdp::Map bans, xdp::Map::like(now.ban4, size));
  TESTUDO_CHECK(copy(now.ban4, bans));
  // 14 bits an entry: below 1% of innocent packets look into the table.
  const uint32_t words = std::min(std::bit_ceil(uint32_t(uint64_t(size) * 14 / 64)), kMaxFilterWords);
  std::vector<xdp::Kernel::Exchange> maps;
  if (words > now.filter4.max_entries()) {
    TESTUDO_TRY(xdp::Map filter_map, xdp::Map::like(now.filter4, words));
    TESTUDO_TRY(const xdp::Mapped memory, xdp::Mapped::of(filter_map));
    Filter filter(memory.words(), tables_->meta().seed);
    TESTUDO_CHECK(
        tables_->for_each(Table::ban4, [&](const EntryKey& key, const ban_value&) { filter.add(key); }));
    maps.push_back({&xdp::Tables::filter4, std::move(filter_map)});
  }
  maps.push_back({&xdp::Tables::ban4, std::move(bans)});
  TESTUDO_CHECK(kernel_->exchange(std::move(maps)));
  TESTUDO_CHECK(tables_->remap_filters());
  log::info(
      "enforce.tables_grown",
      {{"entries", size}, {"filter_words", words}, {"milliseconds", (monotonic_ns() - started) / 1'000'000}});
  return {};
}

}  // namespace testudo
