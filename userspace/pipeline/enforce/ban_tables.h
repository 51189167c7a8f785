// enforce/ban_tables.h: the kernel's tables of bans and allows, kept consistent with their filters, bitmap
// and counts.
//
// An add writes the table first and the filter behind it; a removal leaves the filter's bit
// (rebuild_filters() takes them out, every ten minutes where it pays). One thread; counts from any.
#pragma once

#include <functional>
#include <unordered_set>

#include "base/result.h"
#include "enforce/filter.h"
#include "enforce/prefix_gate.h"
#include "enforce/prefix_map.h"
#include "xdp/tables.h"

namespace testudo {

class BanTables {
 public:
  /// `tables` must outlive it. Reads what they hold: prefixes one by one, exact bans only where counts are
  /// lost.
  static Result<BanTables> over(const xdp::Tables& tables);

  /// For flush() alone: reads nothing, so that the way out is quick.
  static Result<BanTables> for_flush(const xdp::Tables& tables);

  /// Adds or overwrites; `value.length` is filled in here. `too_large` when the table is full.
  Result<void> set(const EntryKey& key, ban_value value);
  /// No error when it is not there.
  Result<void> clear(const EntryKey& key);
  /// Many new or overwritten entries of one exact table; `fresh` of them were not there.
  Result<void> set_batch(Table table, const void* keys, const ban_value* values, uint32_t count,
                         uint64_t fresh);

  /// `reasons`: bits; 0 removes the entry.
  Result<void> set_allowed(const Prefix& prefix, uint32_t reasons);
  uint32_t allowed_reasons(const Prefix& prefix) const;

  /// Nothing is in force at the next packet; then the tables are emptied. The number of entries removed.
  Result<uint64_t> flush();
  /// Filters without the bits of entries that are gone. Reads every exact ban.
  /// `more` adds what shares the filters (lists).
  Result<void> rebuild_filters(const std::function<void(Filter& filter4, Filter& filter6)>& more);

  /// After larger filters took the place of the present ones.
  Result<void> remap_filters();

  /// While larger or other filters are being filled: what is added goes into these, too; null = none.
  void shadow(Filter* filter4, Filter* filter6);
  /// An entry of a list becomes visible to packets: it lies in a table already.
  void show(const EntryKey& key);
  /// Prefixes of lists share the bitmaps. Each once.
  void add_listed_range(const Prefix& prefix);
  void keep_listed_ranges(const std::function<bool(const Prefix& prefix)>& keep);

  using Visit = std::function<void(const EntryKey& key, const ban_value& value)>;
  Result<void> for_each(Table table, const Visit& visit) const;
  Result<void> for_each_allowed(
      const std::function<void(const Prefix& prefix, uint32_t reasons)>& visit) const;

  /// Somebody else (a flush by hand) emptied the tables since the last call of over() or catch_up().
  bool changed_by_others() const;
  Result<void> catch_up();
  /// Tells the owner, if one runs, that the tables were changed under it.
  void tell_owner();

  uint64_t bans() const { return load(meta().bans); }
  uint64_t ranges() const { return uint64_t(load(meta().prefixes4)) + load(meta().prefixes6); }
  uint64_t allowed() const { return load(meta().allowed); }
  uint64_t in_table(Table table) const { return counts_[size_t(table)]; }
  uint64_t removed_since_rebuild() const { return removed_; }
  testudo_meta& meta() const { return meta_.as<testudo_meta>(); }
  drop_clock& clock() const { return clock_.as<drop_clock>(); }
  const xdp::Map& map(Table table) const;
  Filter& filter(Table table) { return table == Table::ban4 ? filter4_ : filter6_; }

 private:
  template <typename T>
  static T load(const T& value) {
    return __atomic_load_n(&value, __ATOMIC_RELAXED);
  }
  const xdp::Map& allow_map(const Prefix& prefix) const;
  void publish_counts();
  void set_listed_bits(const Prefix& prefix);
  Result<void> map_memory(const xdp::Tables& tables);
  Result<void> count_all();

  const xdp::Tables* tables_ = nullptr;
  xdp::Mapped meta_, clock_, words4_, words6_, bitmap_, gate_;
  Filter filter4_, filter6_;
  Filter *shadow4_ = nullptr, *shadow6_ = nullptr;
  std::unordered_set<Prefix, PrefixHash> listed_;
  PrefixMap prefixes4_;
  PrefixGate prefixes6_;
  uint64_t counts_[kTables] = {};
  uint64_t listed4_ = 0, allowed_ = 0, removed_ = 0, generation_ = 0;
};

}  // namespace testudo
