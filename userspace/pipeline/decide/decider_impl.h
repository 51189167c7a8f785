// decide/decider_impl.h: the decider's state, shared by the files that hold its parts:
//
//   decider.cpp         open, reload, what the public calls do around the lock
//   decider_start.cpp   what is known and in force at start; flush marks; adoption; reconcile
//   decider_alert.cpp   one alert → decisions or the reason why not
//   decider_end.cpp     delete, flush, expiry, the clock's tick
//   decider_lists.cpp   allowlists
//   decider_ask.cpp     why, alerts, decisions; what profiles ask
//
// One mutex; `lists_mutex` is taken before it by those who change allowlists, and held over their writes. The
// committer has its own lock, below both. Nothing here waits for the disk while it holds `mutex`, except the
// profile helpers that count past decisions (a read).
#pragma once

#include <deque>
#include <mutex>

#include "decide/active.h"
#include "decide/allow.h"
#include "decide/commit.h"
#include "decide/decider.h"
#include "decide/history.h"
#include "decide/known_uuids.h"
#include "decide/profiles.h"
#include "decide/protect.h"
#include "decide/sessions.h"
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
  void adopt_kernel_entries(TimePoint at);
  /// An adopted entry has done its duty once a decision of the store stands for the same prefix.
  void drop_adopted(const Prefix& prefix, Changes& changes);
  void reconcile(bool compare);
  void compare_with_kernel();
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
  std::optional<AlertOutcome> check_decision(Decision& decision, const Alert& alert, bool by_hand, bool force,
                                             TimePoint at);
  void count(Verdict verdict) { verdicts[size_t(verdict)]->add(); }

  // decider_end.cpp
  int end(const std::vector<int64_t>& ids, TimePoint at);
  int end_touching(const std::vector<Prefix>& prefixes, TimePoint at);
  Duration tick(TimePoint at);

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
  std::deque<Unheard> unheard_ring;

  int64_t last_alert_id = 0, last_decision_id = 0, last_adopted_id = 0;
  uint64_t last_sequence = 0;
  TimePoint flush_mark{};

  // Monotonic, so that a clock that is set neither hastens nor delays them.
  int64_t sessions_due = 0, machine_due = 0, reconcile_due = 0;

  std::vector<Counter*> verdicts, refused_decisions;  ///< by Verdict
  Counter *backend_errors = nullptr, *reconcile_differences = nullptr, *expired = nullptr, *ended = nullptr;
  Histogram* reaction = nullptr;
};

}  // namespace testudo
