// enforce/xdp_backend.h: the backend over bpf/. Also the one that tests/kernel sends frames through.
//
// apply(), allow(), reconcile(), flush(): the thread that decides. The rest: any thread.
//
// Locks, in this order: putting_ (lists change, flush, reconcile), tables_mutex_ (short; held by whoever
// writes tables), the two for what other threads ask. While a list is being swapped in only growing tables
// wait.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>

#include "enforce/backend.h"
#include "enforce/ban_tables.h"
#include "enforce/list_tables.h"
#include "enforce/policies.h"
#include "xdp/kernel.h"

namespace testudo {

class XdpBackend : public Backend {
 public:
  static Result<std::unique_ptr<XdpBackend>> open(const EnforceOptions& options,
                                                  const xdp::TableSizes& sizes);

  Result<void> apply(std::span<const DecisionChange> changes) override;
  Result<void> allow(std::span<const AllowChange> changes) override;
  Result<void> reconcile(std::span<const DecisionChange> all, std::span<const AllowChange> allowed) override;
  Result<void> flush() override;
  Result<void> put_list(const BlockList& list) override;
  Result<void> change_list(const ListChange& change) override;
  std::vector<ListStatus> lists() override;
  EnforceStatus status() override;
  std::vector<DropCounter> counters() override;
  Result<std::vector<KernelEntry>> list(const Prefix* only) override;
  void refresh_interfaces() override { kernel_->refresh(); }
  int interfaces_fd() const override { return kernel_->links_fd(); }

  const xdp::Program& program() const { return kernel_->program(); }
  BanTables& tables() { return *tables_; }

 private:
  XdpBackend() = default;
  Result<void> adopt_policies();
  /// Everything that must be true before tables are written: a flush by hand is noticed here.
  Result<void> begin();
  Result<void> apply_one(const DecisionChange& change, const Clocks& clocks);
  /// The entry of a `set`; nothing for remediations that the kernel has no part in, and for what is over
  /// already.
  Result<std::optional<ban_value>> value_of(const DecisionChange& change, const Clocks& clocks);
  /// Fills the first free of the entry's two candidates; what is over or not the kernel's fills none.
  Result<void> add_candidate(const Remedy& remedy, const Clocks& clocks, ban_value& value);
  Result<uint16_t> policy_row(const Remedy& remedy);
  Result<void> write_policy(uint32_t row, const Policy& policy);
  /// Packets are read up to their ports from the first policy on that asks for them; those on their way out
  /// are seen from the first on that is in use.
  void heed_terms(const policy_value& value, bool in_use);
  Result<void> set(const EntryKey& key, ban_value value);
  /// Larger tables in place of those that `table` needs for `entries`, and one swap of the program.
  Result<void> grow(Table table, uint64_t entries);
  void wait_for_swap();

  /// What stays when there is no room for all (full.cpp): the higher.
  uint64_t rank_of_entry(const ban_value& value);
  struct Weak {
    uint64_t rank;
    EntryKey key;
  };
  Result<void> remember_weakest(Table table);
  /// Removes an entry of lower rank from a full table; false when there is none.
  Result<bool> make_place(Table table, uint64_t rank);
  /// Of `rows`, all for one table, those that find no room in it.
  std::vector<uint32_t> beyond_limit(Table table, std::vector<uint32_t> rows,
                                     const std::vector<ban_value>& values);

  Result<void> reconcile_allowed(std::span<const AllowChange> allowed);
  Result<void> reconcile_bans(std::span<const DecisionChange> all);

  class Swap;
  Result<void> check_list(const BlockList& list, const ListParts& parts, const std::vector<uint16_t>& gone);
  /// Policy rows of a list: one, or more while it changes its remediation.
  std::vector<uint16_t> rows_of_list(const std::string& name);
  Result<uint16_t> row_for_list(const BlockList& list);
  std::vector<uint32_t> list_severities();  ///< by policy row
  Result<void> show_lists(ListTables::Next next, Swap& swap);
  uint64_t allowlisted_in(const ListParts& parts);
  void adopt_lists();
  Result<void> keep_lists();

  EnforceOptions options_;
  std::unique_ptr<xdp::Kernel> kernel_;
  std::unique_ptr<BanTables> tables_;
  std::mutex putting_, tables_mutex_;
  std::condition_variable swap_done_;
  bool swapping_ = false;  ///< under tables_mutex_
  std::unique_ptr<ListTables> lists_;
  std::mutex list_infos_mutex_;
  std::map<std::string, ListStatus> list_infos_;
  std::mutex policies_mutex_;
  Policies policies_;
  std::vector<Weak> weakest_[kTables];  ///< of a table that was full, the weakest last
};

}  // namespace testudo
