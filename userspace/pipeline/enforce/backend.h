// enforce/backend.h: makes decisions true.
//
// To add a backend: write enforce/NAME.cpp with `const BackendKind NAME_backend`, add NAME to
// TESTUDO_BACKENDS. Calls come from the thread that decides, one at a time; counters() and status() from any
// thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/decision.h"

namespace testudo {

/// A blocklist in a file, as `enforce.lists` names it.
struct ListOptions {
  std::string name, file;
  int ipv6_prefix = 128;  ///< IPv6 addresses are widened to this: 64 or 128
  Remediation remediation = Remediation::ban;
  Duration every = 1h;  ///< how often the file is looked at
};

struct EnforceOptions {
  std::vector<std::string> interfaces;  ///< empty = those of the default routes
  std::string mode = "auto";            ///< auto | xdp | xdp-generic | nftables | off
  std::string pin = "/sys/fs/bpf/testudo";
  uint32_t max_entries = 2500000;
  /// What `mode: auto` tries, best first.
  std::vector<std::string> order{"xdp", "xdp-generic", "nftables"};
  std::string why_not_better;  ///< set by open_backend: what the better ones of `order` said
  bool strict = false;         ///< malformed frames are dropped, not only counted
  bool observe = true;         ///< packets that pass are counted by source, for `source: xdp`
  bool outgoing = false;  ///< packets to banned addresses are dropped as well, by a program on the way out
  std::vector<ListOptions> lists;
};

/// Packets, counted in the kernel since its tables were made.
struct PacketTotals {
  uint64_t passed = 0, dropped = 0, dropped_bytes = 0;
  uint64_t logged = 0, allowed = 0;  ///< of those passed: log-only and sampled; allowlisted in spite of a ban
  uint64_t throttled = 0;            ///< of those passed: within the rate of a throttle
  uint64_t malformed = 0;            ///< passed, or dropped where strict
  uint64_t deep_tags = 0;            ///< of those passed: behind more VLAN tags than are looked behind
  uint64_t resets = 0;               ///< of those dropped: answered with RST
  uint64_t outgoing_dropped = 0, outgoing_dropped_bytes = 0;
  uint64_t events_lost = 0;  ///< samples for which the ring had no place or the second no budget
};

struct InterfaceStatus {
  std::string name;
  std::string mode;            ///< "xdp" | "xdp-generic" | "nftables" | "off"
  std::string why_not_better;  ///< "" when there is nothing better
  PacketTotals totals;
};

struct EnforceStatus {
  std::string backend;  ///< "xdp", "off" …
  std::vector<InterfaceStatus> interfaces;
  uint64_t bans = 0, ranges = 0, allowed = 0;
  uint64_t dropped_packets = 0, dropped_bytes = 0, passed_packets = 0;
  int64_t last_drop_unix_ns = 0;  ///< 0 = never
  bool adopted = false;           ///< pins of an earlier run were found and taken over
  PacketTotals totals;            ///< over all interfaces, those that are gone included
  uint64_t restored = 0;  ///< how often another program removed what was in force, and it was put back
};

struct DropCounter {
  std::string origin, scenario, remediation;
  Family family = Family::v4;
  uint64_t packets = 0, bytes = 0;
  bool outgoing = false;  ///< packets to the address
};

/// One entry in force, as the kernel has it.
struct KernelEntry {
  Prefix prefix;
  Remediation remediation = Remediation::ban;
  std::string origin, scenario;
  Terms terms;
  Duration left{};
  uint64_t packets = 0, bytes = 0;  ///< where hits per address are counted
  int64_t last_hit_unix_ns = 0;
};

/// One blocklist beside the decisions: built aside and swapped in as a whole.
struct BlockList {
  std::string name;  ///< becomes the scenario of its counters; their origin is "lists"
  TimePoint until = TimePoint::max();
  std::vector<Prefix> prefixes;
  Remediation remediation = Remediation::ban;  ///< ban, reset or log_only
};

/// Single entries of a list that is loaded: addresses and IPv6 /64s.
struct ListChange {
  std::string name;
  std::vector<Prefix> added, removed;
  TimePoint until = TimePoint::max();  ///< of those added
};

struct ListStatus {
  std::string name;
  uint64_t entries = 0, generation = 0;
  uint64_t memory_bytes = 0;
  int64_t loaded_unix_ns = 0;
  uint64_t dropped_packets = 0;  ///< by its entries, since the tables were made
  uint64_t allowlisted = 0;      ///< entries that an allowlist or protection takes the effect of
};

class Backend {
 public:
  virtual ~Backend() = default;

  /// In order; a change that fails is reported and does not stop the rest. About a microsecond each.
  virtual Result<void> apply(std::span<const DecisionChange> changes) = 0;
  virtual Result<void> allow(std::span<const AllowChange> changes) = 0;
  /// Makes the kernel hold exactly these (and what is not known here is removed): start, and every ten
  /// minutes. Allowlist first, so that an entry never bites an allowlisted address meanwhile.
  virtual Result<void> reconcile(std::span<const DecisionChange> all,
                                 std::span<const AllowChange> allowed) = 0;
  /// Empties every table of bans at once.
  virtual Result<void> flush() = 0;

  /// Takes the place of what `list.name` held before, at once for every packet; a list without prefixes goes
  /// away. `too_large` says what would be needed and what may be had. Any thread, and best not the one that
  /// decides: a list of millions takes some tenths of a second.
  virtual Result<void> put_list(const BlockList& list) {
    return Error{Code::unsupported, "this backend holds no blocklists: " + list.name, {}, "see enforce.mode"};
  }
  /// Adds and removes while packets run, each in one store; ends are exact to 16 seconds.
  virtual Result<void> change_list(const ListChange& change) {
    return Error{
        Code::unsupported, "this backend holds no blocklists: " + change.name, {}, "see enforce.mode"};
  }
  virtual std::vector<ListStatus> lists() { return {}; }

  virtual EnforceStatus status() = 0;
  virtual std::vector<DropCounter> counters() = 0;
  /// Entries in force; `only` restricts to those that touch it.
  virtual Result<std::vector<KernelEntry>> list(const Prefix* only = nullptr) = 0;
  /// Interfaces come and go: attaches to those that appeared. Called every few seconds, from any thread.
  virtual void refresh_interfaces() {}
  /// Readable when an interface changed, until the next refresh_interfaces(); -1: only time tells.
  virtual int interfaces_fd() const { return -1; }
};

struct BackendKind {
  std::string_view name;
  std::string_view summary;
  Result<std::unique_ptr<Backend>> (*open)(const EnforceOptions& options);
};

/// By `options.mode`; auto takes the first of `options.order` that works and says why the better ones did
/// not.
Result<std::unique_ptr<Backend>> open_backend(const EnforceOptions& options);
/// What backends of an earlier run or mode still have in force goes away. Call once `in_force` is filled.
Result<void> retire_others(const EnforceOptions& options, Backend& in_force);
/// Another mode, order or interfaces while packets run: the new backend is filled before the old one is
/// emptied. On an error `current` is in force as before. Blocklists are the caller's to put again.
Result<void> switch_backend(std::unique_ptr<Backend>& current, const EnforceOptions& from,
                            const EnforceOptions& to, std::span<const DecisionChange> all,
                            std::span<const AllowChange> allowed);

/// The way out: works without daemon, configuration or store, on pinned maps alone. Empties every ban table
/// under `pin` and leaves the flush mark in the pinned meta map. Not found = nothing is in force, also fine.
struct FlushReport {
  bool found = false;
  uint64_t removed = 0;
};
Result<FlushReport> flush_pinned(const std::string& pin);
/// Wall-clock time of the last flush_pinned, from the pinned meta map (0 = none or unknown).
int64_t flush_mark_unix_ns(const std::string& pin);
/// Read-only views on pinned maps, for `testudo kernel …` with no daemon.
Result<EnforceStatus> status_pinned(const std::string& pin);
/// Entries of lists are part of it only where `only` is given: they are millions.
Result<std::vector<KernelEntry>> list_pinned(const std::string& pin, const Prefix* only = nullptr);
Result<std::vector<ListStatus>> lists_pinned(const std::string& pin);
/// Detaches the program and removes the pins: uninstall only.
Result<void> remove_pinned(const std::string& pin);

}  // namespace testudo
