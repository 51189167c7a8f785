// enforce/full.cpp: what holds when more bans are wanted than enforce.max_entries allows.
//
// Bans made on this machine stay before those of lists, and longer ones before shorter ones. Which of
// millions goes first is known by reading them all; so each reading remembers the next few hundred.
#include <algorithm>
#include <limits>

#include "base/log.h"
#include "enforce/xdp_backend.h"

namespace testudo {
namespace {

constexpr size_t kRemembered = 512;

/// Higher stays: one bit for "made here", then the end.
uint64_t rank_of(const Policy* policy, uint32_t expiry_s) {
  const bool from_list = policy && (policy->origin == "lists" || policy->origin == "CAPI");
  const uint64_t end = expiry_s == 0 ? std::numeric_limits<uint32_t>::max() : expiry_s;
  return (from_list ? 0 : uint64_t(1) << 32) + end;
}

}  // namespace

uint64_t XdpBackend::rank_of_entry(const ban_value& value) {
  uint64_t rank = rank_of(policies_.at(value.policy), value.expiry_s);
  if (value.policy2 != 0) rank = std::max(rank, rank_of(policies_.at(value.policy2), value.expiry2_s));
  return rank;
}

Result<void> XdpBackend::remember_weakest(Table table) {
  std::vector<Weak>& weakest = weakest_[size_t(table)];
  weakest.clear();
  const auto stronger = [](const Weak& a, const Weak& b) { return a.rank < b.rank; };
  TESTUDO_CHECK(tables_->for_each(table, [&](const EntryKey& key, const ban_value& value) {
    const uint64_t rank = rank_of_entry(value);
    if (weakest.size() == kRemembered && rank >= weakest.front().rank) return;
    weakest.push_back({rank, key});
    std::push_heap(weakest.begin(), weakest.end(), stronger);
    if (weakest.size() <= kRemembered) return;
    std::pop_heap(weakest.begin(), weakest.end(), stronger);
    weakest.pop_back();
  }));
  // The weakest last, where it is taken from.
  std::sort(weakest.begin(), weakest.end(), [](const Weak& a, const Weak& b) { return a.rank > b.rank; });
  return {};
}

Result<bool> XdpBackend::make_place(Table table, uint64_t rank) {
  std::vector<Weak>& weakest = weakest_[size_t(table)];
  for (int reading = 0; reading < 2; ++reading) {
    while (!weakest.empty()) {
      const Weak weak = weakest.back();
      weakest.pop_back();
      ban_value present{};
      // Lifted or renewed since it was read: another one then.
      if (tables_->map(table).get(weak.key.bytes(), &present) != 0 || rank_of_entry(present) != weak.rank)
        continue;
      if (weak.rank >= rank) {
        weakest.push_back(weak);
        return false;
      }
      log::error("enforce.table_full",
                 {{"table", tables_->map(table).name()},
                  {"entries", tables_->map(table).max_entries()},
                  {"gave_way", prefix_of(table, weak.key.bytes()).text()},
                  {"remedy", "raise enforce.max_entries and restart, or follow fewer lists"}});
      TESTUDO_CHECK(tables_->clear(weak.key));
      return true;
    }
    if (reading == 0) TESTUDO_CHECK(remember_weakest(table));
  }
  return false;
}

std::vector<uint32_t> XdpBackend::beyond_limit(Table table, std::vector<uint32_t> rows,
                                               const std::vector<ban_value>& values) {
  const size_t limit = tables_->map(table).max_entries();
  if (rows.size() <= limit) return {};
  std::stable_sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) {
    return rank_of_entry(values[a]) > rank_of_entry(values[b]);
  });
  log::error("enforce.table_full",
             {{"table", tables_->map(table).name()},
              {"entries", limit},
              {"left_out", rows.size() - limit},
              {"remedy", "raise enforce.max_entries and restart, or follow fewer lists"}});
  rows.erase(rows.begin(), rows.begin() + long(limit));
  return rows;
}

}  // namespace testudo
