// decide/decider_impl.h: the decider's state, shared by the files that hold its parts:
//
//   decider.cpp         open, reload, what the public calls do around the lock
//   decider_start.cpp   what is known and in force at start; flush marks; adoption; reconcile
//   decider_alert.cpp   one alert → decisions or the reason why not
//   decider_end.cpp     delete, flush, expiry, the clock's tick
//   decider_lists.cpp   allowlists
//   decider_ask.cpp     why, alerts, decisions; what profiles ask
//   decider_areas.cpp   countries and ASes: what they are in the kernel
//   decider_guard.cpp   which decisions are refused
//   decider_silent.cpp  bans that drop nothing
//
// One mutex; `lists_mutex` is taken before it by those who change allowlists, and held over their writes. The
// committer has its own lock, below both. Nothing here waits for the disk while it holds `mutex`, except the
// profile helpers that count past decisions (a read).
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "decide/active.h"
#include "decide/allow.h"
#include "decide/commit.h"
#include "decide/decider.h"
#include "decide/geo_scope.h"
#include "decide/history.h"
#include "decide/known_uuids.h"
#include "decide/profiles.h"
#include "decide/protect.h"
#include "decide/sessions.h"
#include "decide/silent_bans.h"
#include "decide/simulation.h"

namespace testudo {

/// What is matched for a value of scope Ip or Range: host bits cleared, IPv4-mapped addresses as IPv4.
std::optional<Prefix> matching_prefix(const std::string& scope, const std::string& value);

struct Decider::Impl final : DecisionHistory {
  Impl(DeciderOptions given, Store& its_store, Backend* its_backend, Metrics& its_metrics);

  using Changes = ActiveIndex::Changes;

  TimePoint time() override { return options.clock ? options.clock() : now(); }

  // decider.cpp
  Result<void> load_rules();
  /// Numbers the changes and makes them true in the kernel; what the caller commits afterwards.
  std::vector<ChangeRow> emit(Changes& changes, TimePoint at);
  void allow_kernel(const std::vector<AllowChange>& changes);
  void backend_failed(const Error& error);

  // decider_start.cpp
  Result<void> start();
  void start_areas();
  using AreaEnds = std::map<std::pair<std::string, std::string>, std::set<TimePoint>>;
  AreaEnds area_ends() const;
  static bool part_of_area(const KernelEntry& entry, const AreaEnds& ends, TimePoint at);
  void adopt_kernel_entries(TimePoint at);
  /// An adopted entry has done its duty once a decision of the store stands for the same prefix.
  void drop_adopted(const Prefix& prefix, Changes& changes);
  void reconcile(bool compare);
  void compare_with_kernel(const Changes& projected);
  void look_for_marks(TimePoint at);
  /// Ends everything decided at or before the mark.
  int honour_mark(TimePoint mark, TimePoint at);

  // decider_alert.cpp
  /// `wire`: what the witness found, of an alert of detection; null = it is not asked.
  AlertOutcome take(Alert alert, bool force, const WitnessFinding* wire);
  /// Does the alert's decision remain on paper, and why?
  void simulate_where_due(Alert& alert, const WitnessFinding* wire);
  AlertOutcome keep(Alert alert, Verdict verdict, std::string why, const std::vector<ChangeRow>& changes);
  AlertOutcome unheard(const Alert& alert, Verdict verdict, std::string why);
  void count(Verdict verdict) { verdicts[size_t(verdict)]->add(); }

  // decider_guard.cpp
  /// Sets what is matched and until when; an outcome means: this decision must not be.
  std::optional<AlertOutcome> check_decision(Decision& decision, const Alert& alert, bool by_hand, bool force,
                                             TimePoint at);
  std::optional<AlertOutcome> check_address(Decision& decision, bool by_hand, bool force, bool drops,
                                            TimePoint at);
  std::optional<AlertOutcome> check_area(Decision& decision, bool force, bool drops, TimePoint at);
  /// Why `more` may not be dropped beside what is: too much of IPv4.
  std::string too_much(const std::vector<Prefix>& more, uint64_t limit) const;

  // decider_areas.cpp
  /// Reads the databases for what the alert may decide, before anybody holds the lock.
  void learn_areas(const Alert& alert);
  /// The prefixes of a decision that is in the index; what cannot be is told in `area_problems`.
  void place_area(const Decision& decision);
  void place_areas(const std::vector<int64_t>& ids);
  std::vector<GeoScopes::Key> keys_of(const std::vector<int64_t>& ids) const;
  void refresh_areas();
  /// Does what the index has queued, in slices: others may decide in between. Not under the lock.
  void settle();
  std::vector<AreaStatus> areas() const;

  // decider_silent.cpp
  void suspect(const Alert& alert, TimePoint at);
  void check_suspects();
  bool scenario_drops(const std::vector<KernelEntry>& entries) const;

  // decider_end.cpp
  int end(const std::vector<int64_t>& ids, TimePoint at);
  int end_touching(const std::vector<Prefix>& prefixes, TimePoint at);
  Duration tick(TimePoint at);
  Duration tick_once(TimePoint at);

  // decider_lists.cpp
  Result<void> reload_lists(TimePoint at);
  void refresh_allow_table(TimePoint at);

  // decider_ask.cpp
  int64_t decisions_since(std::string_view value, TimePoint since) override;
  int64_t active_decisions(std::string_view value) override;
  Duration time_left(std::string_view value) override;
  std::vector<int64_t> active_ids(std::string_view value) const;
  Result<WhyReport> why(const Ip& address);

  DeciderOptions options;
  Store& store;
  Backend* backend;
  Metrics& metrics;

  std::mutex lists_mutex;
  mutable std::mutex mutex;
  std::unique_ptr<Committer> committer;

  ActiveIndex index;
  Allowlists allow;
  AllowTable allow_table;
  Protection protection;
  SessionMemory sessions;
  std::shared_ptr<SessionSource> session_source;
  MachineAddresses machine;
  expr::HelperTable helpers;
  Profiles profiles;
  Simulation simulation;
  Witnesses witnesses;
  KnownUuids uuids;
  GeoScopes geo;
  std::map<int64_t, std::string> area_problems;  ///< by decision
  SilentBans silent;
  std::deque<Unheard> unheard_ring;

  int64_t last_alert_id = 0, last_decision_id = 0, last_adopted_id = 0;
  uint64_t last_sequence = 0;
  TimePoint flush_mark{};

  // Monotonic, so that a clock that is set neither hastens nor delays them.
  int64_t sessions_due = 0, machine_due = 0, reconcile_due = 0, areas_due = 0;

  std::vector<Counter*> verdicts, refused_decisions;  ///< by Verdict
  Counter *backend_errors = nullptr, *reconcile_differences = nullptr, *expired = nullptr, *ended = nullptr;
  Counter *reconciled_same = nullptr, *reconciled_repaired = nullptr, *without_drops = nullptr;
  Histogram* reaction = nullptr;
};

}  // namespace testudo
