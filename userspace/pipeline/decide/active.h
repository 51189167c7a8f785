// decide/active.h: every decision in force, and what follows from all of them for each prefix.
//
//   projection(prefix) = the strongest remediation among its decisions, until the latest end of that
//   remediation
//
// A change is emitted only when a projection changes: the end of a short decision never lifts a longer one,
// and when the strongest is over, what remains is projected. Simulated decisions, types that no kernel knows
// and scopes without a prefix are kept and listed, and never project.
//
// Rows are packed (texts that repeat are shared): a list of 2.4 million addresses has to fit. Not
// thread-safe, no clock inside. Ids are given by the caller; negative ids are entries adopted from the kernel
// that no store knows.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "decide/prefix_map.h"
#include "model/decision.h"
#include "store/store.h"

namespace testudo {

/// Active decisions by (origin, scenario, type): kept up to date, read by the scrape without the index's
/// lock.
class ActiveCounts {
 public:
  using Key = std::array<std::string, 3>;
  void add(const Key& key, int64_t n);
  std::map<Key, int64_t> snapshot() const;

 private:
  mutable std::mutex mutex_;
  std::map<Key, int64_t> counts_;
};

/// Ban and reset before captcha before throttle before sample before log-only; 0 for what does not project.
int severity(Remediation remediation);

/// Whether one decision passes the filter; `until` and limits are the caller's business.
bool matches(const DecisionFilter& filter, const Decision& decision);

class ActiveIndex {
 public:
  /// Changes are appended without sequence numbers: who commits them numbers them.
  using Changes = std::vector<DecisionChange>;

  ActiveIndex();
  ~ActiveIndex();

  void add(const Decision& decision, Changes& changes);
  /// False when there is no such decision (any more).
  bool remove(int64_t id, Changes& changes);
  /// Removes everything whose end is at or before `now`; ids are appended when wanted.
  void expire(TimePoint now, Changes& changes);
  /// Removes everything, emits nothing: the caller empties the kernel at once.
  void clear();

  std::optional<Decision> get(int64_t id) const;
  /// In order of id. `filter.limit` is obeyed; expired ones are not here.
  std::vector<Decision> find(const DecisionFilter& filter) const;
  /// Ids of decisions whose prefix covers `prefix`.
  std::vector<int64_t> covering(const Prefix& prefix) const;
  /// Ids of decisions whose prefix covers `prefix` or lies inside it.
  std::vector<int64_t> touching(const Prefix& prefix) const;
  /// The same by exact text, for scopes that are no addresses.
  std::vector<int64_t> by_value(std::string_view value) const;

  std::optional<DecisionChange> projection(const Prefix& prefix) const;
  /// All of them, as `set` changes.
  Changes projections() const;

  size_t size() const { return rows_.size(); }
  std::optional<TimePoint> next_end() const;
  std::shared_ptr<const ActiveCounts> counts() const { return counts_; }

 private:
  using TextId = uint32_t;
  struct Row {
    int64_t id = 0, alert_id = 0, duration = 0, until = 0, created_at = 0;
    int64_t next = 0;  ///< next row of the same prefix, 0 = last
    TextId origin = 0, scenario = 0, scope = 0, type = 0;
    Prefix prefix;
    bool has_prefix = false, simulated = false;
    std::string value, uuid;
  };
  struct PrefixState {
    int64_t first = 0;
    int64_t projected = 0;  ///< row whose remediation and end are in force, 0 = none
    int64_t until = 0;      ///< its end, kept because the row may be gone when the change is computed
    Remediation remediation = Remediation::none;
  };

  TextId intern(std::string_view text);
  Decision decision_of(const Row& row) const;
  void project(const Prefix& prefix, PrefixState& state, Changes& changes);
  void count(const Row& row, int64_t n);
  DecisionChange change_of(const Row& row) const;

  std::unordered_map<int64_t, Row> rows_;
  PrefixMap<PrefixState> prefixes_;
  std::set<std::pair<int64_t, int64_t>> ends_;                 ///< (until, id)
  std::unordered_map<std::string, std::set<int64_t>> values_;  ///< only rows without prefix
  std::deque<std::string> texts_;
  std::unordered_map<std::string_view, TextId> text_ids_;
  std::shared_ptr<ActiveCounts> counts_;
};

}  // namespace testudo
