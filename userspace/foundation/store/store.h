// store/store.h: what survives: alerts, decisions, the change log, allowlists, read positions.
//
// One writer (decide, through its store thread), any number of readers. A commit is one transaction, fully
// synchronous: after it returns, a power cut loses nothing of it. Ids are given by the caller, who is alone.
//
// Any thread may call anything at any time. Readers use connections of their own: a long list does not hold
// up a commit, and sees one snapshot. Writers wait for one another.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/alert.h"
#include "model/line_batch.h"

namespace testudo {

struct AllowlistItem {
  std::string value;  ///< as given
  Prefix prefix;
  std::string comment;
  std::optional<TimePoint> expires_at;
  TimePoint created_at{};
};
struct Allowlist {
  std::string name, description;
  TimePoint created_at{}, updated_at{};
  std::vector<AllowlistItem> items;  ///< expired ones left out
};

/// One row of the change log: a projection that stopped at sequence N reads on behind it.
struct ChangeRow {
  uint64_t sequence = 0;
  DecisionChange change;
  TimePoint at{};
};

/// What is written together: all of it or nothing.
struct CommitBatch {
  std::vector<Alert> alerts;  ///< with their decisions, ids set; an alert whose uuid is known already is
                              ///< skipped with its decisions
  std::vector<std::pair<int64_t, TimePoint>>
      decisions_until;  ///< decision id → new end (expired by hand, allowlisted, flushed)
  std::vector<ChangeRow> changes;
  std::vector<Position> positions;
  bool empty() const {
    return alerts.empty() && decisions_until.empty() && changes.empty() && positions.empty();
  }
};

/// Filters of GET /v1/alerts and of the CLI; api-spec §4.3. Unset = no condition.
struct AlertFilter {
  std::optional<int64_t> id;
  std::string scope, value, scenario, origin, decision_type, kind;
  std::optional<Prefix> range;              ///< matched against the alert's decisions
  bool contains = true;                     ///< decisions that contain `range`; false: that lie inside it
  std::optional<TimePoint> since, until;    ///< started_at ≥ since, ≤ until
  std::optional<bool> simulated;            ///< false leaves simulated alerts out; true is no condition
  std::optional<bool> has_active_decision;  ///< false: has no decision at all
  bool include_capi = true;
  int limit = 100;  ///< 0 = all
  bool ascending = false;
  bool with_decisions = true;
  bool with_events = true;
};

/// Filters of GET and DELETE /v1/decisions; api-spec §3.2, §3.4.
struct DecisionFilter {
  std::optional<int64_t> id;
  std::vector<std::string> scopes, origins, uuids;
  std::string value, type, scenario;
  std::vector<std::string> scenarios_containing, scenarios_not_containing;
  std::optional<Prefix> range;
  bool contains = true;
  bool include_simulated = false;
  bool include_expired = false;
  int limit = 0;  ///< 0 = all
};

class Store {
 public:
  struct Options {
    std::string path;  ///< database file; ":memory:" for tests
    bool read_only = false;
  };
  /// Opens or creates (folder 0750, file 0640), locks PATH.lock, checks integrity, brings an older schema up
  /// to date. `read_only` does none of these: it reads beside a running daemon. Errors: corrupt (says how to
  /// move the file away), conflict (another daemon holds it, its pid is named), unsupported (newer schema, or
  /// another program's database), not_found (read_only alone), permission, io.
  static Result<std::unique_ptr<Store>> open(const Options& options);
  virtual ~Store() = default;

  /// Errors: io (disk full or failing; nothing of the batch is stored, and the next commit may succeed),
  /// conflict (an id or sequence is taken), unavailable (another process writes), permission (read_only).
  virtual Result<void> commit(const CommitBatch& batch) = 0;

  /// The highest numbers ever given, deleted rows included; 0 when there is none.
  virtual int64_t last_alert_id() = 0;
  virtual int64_t last_decision_id() = 0;
  virtual uint64_t last_sequence() = 0;

  /// By created_at, then id; newest first unless `ascending`.
  virtual Result<std::vector<Alert>> alerts(const AlertFilter& filter, TimePoint now) = 0;
  /// By id. Active means until ≥ now. too_large: a list in the filter has more than 500 entries.
  virtual Result<std::vector<Decision>> decisions(const DecisionFilter& filter, TimePoint now) = 0;
  /// Rows behind `sequence`, in order, at most `limit`. When `purge` took some, the first row is not
  /// `sequence` + 1: rebuild from decisions() then.
  virtual Result<std::vector<ChangeRow>> changes_after(uint64_t sequence, size_t limit) = 0;
  /// Uuids of alerts stored since then: lines that are read again must not alert again.
  virtual Result<std::vector<std::string>> alert_uuids_since(TimePoint since) = 0;

  virtual Result<std::vector<Allowlist>> allowlists(TimePoint now) = 0;
  virtual Result<void> create_allowlist(const std::string& name, const std::string& description,
                                        TimePoint now) = 0;
  virtual Result<void> delete_allowlist(const std::string& name) = 0;
  /// Same prefix again replaces comment and expiry.
  virtual Result<void> put_allowlist_items(const std::string& name, const std::vector<AllowlistItem>& items,
                                           TimePoint now) = 0;
  virtual Result<int> remove_allowlist_items(const std::string& name, const std::vector<Prefix>& prefixes,
                                             TimePoint now) = 0;

  virtual Result<std::vector<Position>> positions() = 0;
  /// Hard-deletes alerts with their decisions and events; returns how many there were.
  virtual Result<int> delete_alerts(const std::vector<int64_t>& ids) = 0;
  /// Hard-deletes what ended before `before`: alerts created before it whose decisions all ended before it,
  /// change rows, allowlist items. Then alerts beyond the newest `max_alerts` (0 = no limit), but none with a
  /// decision that is in force by the wall clock. Returns the number of alerts.
  virtual Result<int> purge(TimePoint before, size_t max_alerts) = 0;

  /// Small named values: flush mark, schema notes.
  virtual Result<std::string> get_value(const std::string& key) = 0;  ///< "" when absent
  virtual Result<void> set_value(const std::string& key, const std::string& value) = 0;
};

}  // namespace testudo
