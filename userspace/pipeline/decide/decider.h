// decide/decider.h: alerts become decisions, or do not; one place knows every decision in force.
//
//   alert → known uuid? → allowlisted? → profiles → simulation, wire witness → protected? → kernel → store
//
// Every public call may come from any thread (one mutex inside). A new decision is in the kernel when the
// call returns; it is on disk at the latest a group commit later (crash contract: design §5).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "decide/witness.h"
#include "enforce/backend.h"
#include "model/alert.h"
#include "store/store.h"

namespace testudo {

/// Who is an administrator now: logind, utmp, SSH_CONNECTION of a caller; tests bring their own.
struct SessionSource {
  virtual ~SessionSource() = default;
  virtual std::vector<Ip> addresses() = 0;  ///< of sessions past authentication, of root and the admin groups
};

struct DeciderOptions {
  std::vector<std::string> profile_files;
  std::string simulation_file;           ///< simulation.yaml; missing = nothing is simulated
  bool simulate_all = false;             ///< decide.simulation: true in testudo.yaml
  std::string cdn_ranges_file;           ///< config/cdn-ranges.txt; "" = none
  std::vector<Ip> configured_addresses;  ///< what the configuration connects to
  std::vector<std::string> admin_groups{"sudo", "wheel", "admin"};
  Duration session_grace = 4h;
  int ipv6_prefix = 64;      ///< bans by detection are widened to this
  std::string state_folder;  ///< flush mark file
  std::string pin;           ///< flush mark in the pinned meta map
  std::string machine_id = "localhost";
  bool own_addresses = true;         ///< protect addresses of interfaces, gateways, resolvers of this machine
  std::string data_folder;           ///< country and AS databases; "" = none
  size_t max_prefixes = 1'000'000;   ///< of all countries and ASes together; the kernel's table has that many
  Duration reconcile_every = 10min;  ///< kernel compared with what is decided, and repaired
  std::function<TimePoint()> clock;  ///< for tests; empty = the wall clock
  WitnessOptions witness;            ///< asked before a log bans somebody; off by default
};

enum class Verdict : uint8_t {
  decided,
  simulated,
  allowlisted,
  protected_address,
  duplicate,
  no_profile,
  no_remediation,
  late,
  refused
};
inline constexpr size_t kVerdicts = size_t(Verdict::refused) + 1;
const char* verdict_name(Verdict verdict);

struct AlertOutcome {
  Verdict verdict = Verdict::no_profile;
  int64_t alert_id = 0;  ///< 0 when it was not stored
  std::string why;       ///< one sentence, for `why` and the log
};

/// An alert that led to nothing: in memory only, the newest thousand.
struct Unheard {
  TimePoint at{};
  Verdict verdict = Verdict::allowlisted;
  std::string scope, value, scenario, why;
  std::string line, source_name;
};

/// A decision on a country or an AS, and what it is in the kernel.
struct AreaStatus {
  int64_t id = 0;
  std::string scope, value, type;
  bool simulated = false;
  size_t prefixes = 0;     ///< 0 = none in the kernel
  uint64_t addresses = 0;  ///< of IPv4
  std::string problem;     ///< "" or why it is not in the kernel, or not as it should be
};

/// Somebody who is banned and whose lines keep coming, while the kernel drops nothing of him.
struct SilentBan {
  std::string address, scenario, source_name;
  TimePoint banned_at{}, seen_at{};
};

/// What is known of one address: `testudo why`.
struct WhyReport {
  std::string address;
  bool banned = false;
  std::vector<Decision> active;             ///< that cover it
  std::vector<Decision> recent;             ///< expired or simulated, newest first
  std::vector<Alert> alerts;                ///< newest first, with the line that overflowed
  std::vector<Unheard> unheard;             ///< allowlisted, protected, refused: newest first
  std::vector<std::string> allowlisted_by;  ///< "10.0.0.0/8 from office (comment)"
  std::string protected_by;                 ///< "own address of eth0", "administrator's session", …
  std::string wire;                         ///< what the wire witness knows of it, "" = it is off
  std::vector<KernelEntry> kernel;          ///< what the kernel holds, hits included
  std::vector<std::string> notes;           ///< what is not as one would expect, a sentence each
};

class Decider {
 public:
  /// `backend` may be null (mode off). Loads active decisions, honours flush marks, reconciles the kernel.
  /// Profile errors are returned with file:line:column.
  static Result<std::unique_ptr<Decider>> open(DeciderOptions options, Store& store, Backend* backend,
                                               Metrics& metrics);
  ~Decider();  ///< commits what is pending

  /// From detection: one alert per source. Never waits for the disk. `positions` are committed with it.
  AlertOutcome on_alert(Alert alert);
  /// Read positions of lines that are done with; committed with the next group (at most a second later).
  void remember(std::vector<Position> positions);

  /// From the API or the CLI: alerts with or without decisions; returns when stored. `force` lifts the
  /// refusal of too wide prefixes and own addresses, never the allowlist.
  Result<std::vector<AlertOutcome>> post_alerts(std::vector<Alert> alerts, bool force = false);
  /// Ends active decisions that match; the number ended.
  Result<int> delete_decisions(const DecisionFilter& filter);
  /// Ends all, empties the kernel and leaves the flush mark.
  Result<int> flush();
  /// Empties the kernel alone: decisions stay, and the next reconcile (ten minutes at the latest) brings them
  /// back.
  Result<void> flush_kernel();

  Result<void> create_allowlist(const std::string& name, const std::string& description);
  Result<void> delete_allowlist(const std::string& name);
  /// Makes the list when it is missing. Ends the decisions that the items touch: their number.
  Result<int> add_to_allowlist(const std::string& name, std::vector<AllowlistItem> items);
  Result<int> remove_from_allowlist(const std::string& name, const std::vector<Prefix>& prefixes);
  Result<std::vector<Allowlist>> allowlists();
  /// Entries that win over a decision on `prefix`: "VALUE from LIST (comment)", sorted by list.
  std::vector<std::string> allowlisted_by(const Prefix& prefix);

  Result<WhyReport> why(const Ip& address);
  /// Is a ban in force that covers this address (not a simulated one)? Cheap: detection asks it line by line.
  bool banned(std::string_view address) const;
  /// Did it complete a handshake with this host lately? Nothing = nobody can say.
  std::optional<bool> on_the_wire(const Ip& address) const;
  Result<std::vector<Alert>> alerts(const AlertFilter& filter);  ///< pending commits included
  Result<std::vector<Decision>> decisions(const DecisionFilter& filter);
  /// Decisions on countries and ASes in force, in order of id.
  std::vector<AreaStatus> areas() const;
  /// The last few, newest first.
  std::vector<SilentBan> bans_without_drops() const;

  /// Expiry, sessions, allowlist expiry, reconcile. Call about once a second; returns when to call again.
  Duration tick(TimePoint now);
  void set_session_source(std::unique_ptr<SessionSource> source);
  /// Reads profiles and simulation anew; on error the old ones stay. Looks for new databases as well.
  Result<void> reload();

  /// "" or what keeps decisions from reaching the disk, and what to do: for `status` and `/health`. Any
  /// thread.
  std::string store_problem() const;

  /// How the wire witness stands. Any thread.
  WitnessStatus witness_status() const;

  /// Waits until everything decided so far is on disk.
  Result<void> barrier();

 private:
  Decider();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace testudo
