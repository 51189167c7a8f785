// enforce/nft_backend.h: the backend over nftables, for machines where no XDP program can be attached.
//
// The same meaning as XDP, with what nftables has: see nft_layout.h for the table, nft_book.h for what is
// known of it. `next` of a change lies in its own group beside the first, so the kernel goes on with it by
// itself where the groups differ; where they do not, its end is the later one anyway.
//
// Ends: each element times out at its decision's own end, so that a daemon that died extends no ban. Kernel
// timeouts stand still while the machine is suspended; whoever runs removes what has ended meanwhile.
//
// Calls come from any thread and wait for one another; loading millions takes seconds.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "enforce/backend.h"
#include "enforce/nft_book.h"
#include "enforce/nft_pinned.h"
#include "enforce/nft_socket.h"
#include "enforce/nft_watch.h"
#include "enforce/nft_writer.h"

namespace testudo {

class NftBackend : public Backend {
 public:
  static Result<std::unique_ptr<NftBackend>> open(const EnforceOptions& options);

  Result<void> apply(std::span<const DecisionChange> changes) override;
  Result<void> allow(std::span<const AllowChange> changes) override;
  Result<void> reconcile(std::span<const DecisionChange> all, std::span<const AllowChange> allowed) override;
  Result<void> flush() override;
  Result<void> put_list(const BlockList& list) override;
  std::vector<ListStatus> lists() override;
  EnforceStatus status() override;
  std::vector<DropCounter> counters() override;
  /// Decisions; with `only` also what lists hold of it. From what is known, not read back from the kernel:
  /// the two are compared when somebody else touches the table, and by reconcile().
  Result<std::vector<KernelEntry>> list(const Prefix* only) override;
  /// Interfaces are matched by name, so there is nothing to attach: looks after the table itself.
  void refresh_interfaces() override;
  int interfaces_fd() const override { return watch_->fd(); }

 private:
  NftBackend() = default;
  struct Listed {
    nft::GroupId group;
    ListStatus status;
  };

  // nft_open.cpp
  Result<void> choose_table(const std::string& wanted);
  Result<void> make_table();
  Result<void> adopt();
  Result<void> adopt_set(nft::Group& group, nft::Kind kind);

  // nft_apply.cpp
  /// Where a change puts its prefix: its own remedy, and `next` where that lies in another group.
  struct Targets {
    struct One {
      nft::Group* group = nullptr;
      nft::Intervals::Held held;
    };
    One at[2];
    size_t count = 0;
    std::optional<Error> error;
    const One* of(const nft::Group* group) const;
  };
  Targets targets_of(const DecisionChange& change, int64_t now_ns);
  Result<void> add_target(Remediation remediation, const Terms& terms, const std::string& origin,
                          const std::string& scenario, TimePoint until, int64_t now_ns, Targets& out);
  Result<std::pair<nft::Group*, uint16_t>> place_of(Remediation remediation, const Terms& terms,
                                                    const std::string& origin, const std::string& scenario);
  /// The sets that these need, and rules that ask them.
  Result<void> prepare(std::span<const DecisionChange> changes);
  Result<void> apply_one(const DecisionChange& change, int64_t now_ns, std::vector<nft::Step>& steps);
  Result<void> apply_all(std::span<const DecisionChange> changes);
  Result<void> make_sets(const std::vector<nft::SetRef>& wanted);
  /// Sends, and sees to what the kernel refused.
  Result<void> send(nft::Writer& writer);
  Result<void> memory_for(uint64_t entries, const std::string& what) const;

  // nft_lists.cpp
  Result<void> fill_list(nft::Group& group);
  /// Its sets and what is known of it; no rule asks them then.
  Result<void> drop_list(nft::Group& group);

  // nft_sync.cpp
  Result<void> reconcile_allowed(std::span<const AllowChange> allowed);
  Result<void> reconcile_bans(std::span<const DecisionChange> all);
  Result<void> remove_unseen(std::span<const DecisionChange> all);
  /// `reasons` as bits; 0 = allowed no more.
  Result<void> write_allowed(const std::vector<std::pair<Prefix, uint32_t>>& changes);
  Result<void> resync(nft::SetRef set);
  Result<void> refill_ranges(nft::SetRef set);
  Result<void> compare_addresses(nft::SetRef set);
  Result<void> rebuild_aside(nft::SetRef set);
  Result<void> fill(nft::SetRef set);
  Result<void> write_rules();
  Result<void> remove_leftovers();

  // nft_repair.cpp
  /// Everything that must be true before the table is written to: others' changes are noticed here.
  Result<void> begin();
  Result<void> repair(const nft::News& news);
  Result<bool> notice_flush();
  Result<void> restore_structure(const std::vector<std::string>& present_sets);

  nft::Writer writer() { return nft::Writer(*socket_, book_, layout_.table); }

  mutable std::mutex mutex_;
  EnforceOptions options_;
  std::string program_;
  nft::Layout layout_;
  std::unique_ptr<nft::Socket> socket_;
  std::unique_ptr<nft::Watch> watch_;
  nft::Book book_;
  std::unordered_map<Prefix, uint32_t, PrefixHash> reasons_;  ///< of the allowlist, as bits
  std::map<std::string, Listed> lists_;
  uint32_t generation_ = 0;
  struct Place {  ///< the last one that was looked up: changes come in runs
    Remediation remediation = Remediation::none;
    Terms terms;
    std::string origin, scenario;
    nft::Group* group = nullptr;
    uint16_t policy = 0;
  } place_;
  nft::News pending_;                      ///< heard while something else was under way
  bool reconciling_ = false;               ///< an end that is off by less than a second is what it was
  bool allow_known_ = true;                ///< false: an earlier run's allowlist, until the first reconcile
  uint64_t entries_ = 0;                   ///< of decisions and lists, while a span of changes is worked off
  std::vector<nft::RuleState> rules_;      ///< as they were written
  std::vector<nft::SetId> leftover_sets_;  ///< in force until the first reconcile
  std::string leftover_table_;             ///< likewise: of another layout
  int64_t flush_mark_ns_ = 0;              ///< the newest that was honoured
  uint64_t restored_ = 0;
  bool adopted_ = false;

  std::mutex reader_mutex_;
  std::unique_ptr<nft::Socket> reader_;
  uint64_t last_dropped_ = 0;
  int64_t last_drop_unix_ns_ = 0;
};

}  // namespace testudo
