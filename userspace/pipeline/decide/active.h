// decide/active.h: every decision in force, and what follows from all of them for each prefix.
//
//   projection(prefix) = the strongest of its decisions (effect.h; of equals the one that ends last),
//                        and `next`: the strongest of the others that outlives it or holds where it does not
//
// A change is emitted only when a projection changes: the end of a short decision never lifts a longer one,
// and when the strongest is over, what remains is projected. A kernel holds two of a prefix at a time: of
// three that are narrowed to different ports the weakest waits until one of the others is over. A captcha is
// projected only where there is nothing that the kernel can do.
//
// A simulated ban projects as log-only, weaker than anything that is meant. Other simulated decisions and
// types that no kernel knows are kept and listed, and never project. Nor do scopes without a prefix, except
// for Country and AS once somebody says which prefixes they are (set_area): a hundred thousand, maybe, so
// that is queued, and done in slices by work().
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
#include <tuple>
#include <unordered_map>
#include <vector>

#include "decide/effect.h"
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

  using PrefixList =
      std::shared_ptr<const std::vector<Prefix>>;  ///< in order (prefix_before), no two overlap
  /// Decision `id`, of scope Country or AS, holds for these prefixes from now on, in place of those that were
  /// set before. Queued: work() does it. What is queued for a decision that ends meanwhile does no harm.
  void set_area(int64_t id, PrefixList prefixes);
  /// Does what is queued for at most `most` prefixes; true while there is more.
  bool work(size_t most, Changes& changes);
  bool idle() const { return steps_.empty(); }
  /// Of one decision; null when it has none.
  PrefixList area(int64_t id) const;
  /// Prefixes of all areas together.
  size_t area_prefixes() const { return area_prefixes_; }
  /// Decisions of scope Country and AS, whether their prefixes are known or not. In order of id.
  std::vector<int64_t> area_ids() const;
  /// Of those, the ones with a prefix that covers `prefix`, as far as work() has come.
  std::vector<int64_t> areas_covering(const Prefix& prefix) const;

  /// What ranges (no single addresses) and areas in force and in earnest drop together.
  struct Wide {
    std::string what;  ///< "Country CN", "Range 10.0.0.0/8"
    uint64_t addresses = 0;
  };
  /// Exact number of IPv4 addresses, with `more` added, each counted once. O(n log n).
  uint64_t covered4(const std::vector<Prefix>& more) const;
  /// The sum over them, overlaps counted more than once: never less than what they cover, and cheap.
  uint64_t wide_sum() const { return wide_sum_; }
  /// Largest first.
  std::vector<Wide> wide() const;

  size_t size() const { return rows_.size(); }
  std::optional<TimePoint> next_end() const;
  std::shared_ptr<const ActiveCounts> counts() const { return counts_; }

 private:
  using TextId = uint32_t;
  using EffectId = uint32_t;
  using AreaSet = uint32_t;
  struct Row {
    int64_t id = 0, alert_id = 0, duration = 0, until = 0, created_at = 0;
    int64_t next = 0;  ///< next row of the same prefix, 0 = last
    TextId origin = 0, scenario = 0, scope = 0, type = 0, params = 0;
    EffectId effect = 0;
    Prefix prefix;
    bool has_prefix = false, simulated = false;
    std::string value, uuid;
  };
  /// Packed: there is one for each of millions of addresses. What was told is kept by value, because the row
  /// may be gone when the next change is computed.
  struct PrefixState {
    int64_t first = 0;
    int64_t until = 0, next_until = 0;
    EffectId effect = 0, next_effect = 0;  ///< 0 = none
    AreaSet areas = 0;                     ///< decisions of Country and AS that hold here
    bool empty() const { return first == 0 && areas == 0; }
  };
  struct Choice {
    const Row *now = nullptr, *next = nullptr;
  };
  struct Step {
    int64_t id = 0;
    PrefixList prefixes;
    bool join = false;
    size_t done = 0;
  };

  TextId intern(std::string_view text);
  EffectId intern_effect(const Row& row);
  const Effect& effect(const Row& row) const { return effects_[row.effect]; }
  Decision decision_of(const Row& row) const;
  template <typename F>
  void each(const PrefixState& state, F visit) const;
  Choice choose(const PrefixState& state) const;
  bool better(const Row& a, const Row* b) const;
  void project(const Prefix& prefix, PrefixState& state, Changes& changes);
  bool drops_in_earnest(int64_t id) const;
  void unlink(const Row& row, Changes& changes);
  void queue(int64_t id, std::vector<Prefix> prefixes, bool join);
  void take_step(Step& step, size_t most, Changes& changes);
  AreaSet moved(AreaSet set, int64_t id, bool join);
  void count(const Row& row, int64_t n);
  DecisionChange change_of(const Prefix& prefix, const Choice& choice) const;

  std::unordered_map<int64_t, Row> rows_;
  PrefixMap<PrefixState> prefixes_;
  std::set<std::pair<int64_t, int64_t>> ends_;                 ///< (until, id)
  std::unordered_map<std::string, std::set<int64_t>> values_;  ///< only rows without prefix
  std::deque<std::string> texts_;
  std::unordered_map<std::string_view, TextId> text_ids_;
  std::deque<Effect> effects_;  ///< the first does nothing
  std::map<std::tuple<TextId, TextId, bool>, EffectId> effect_ids_;
  std::set<int64_t> ranges_;  ///< rows with an IPv4 prefix that is no single address
  struct Area {
    PrefixList prefixes;
    uint64_t addresses = 0;  ///< of IPv4
    bool drops = false;
  };
  std::map<int64_t, Area> areas_;  ///< of decisions that are in rows_
  size_t area_prefixes_ = 0;
  uint64_t wide_sum_ = 0;
  std::deque<Step> steps_;
  /// Lists of ids that stand for an area set; nearly all prefixes of a country share one. The first is empty.
  std::deque<std::vector<int64_t>> sets_;
  std::map<std::vector<int64_t>, AreaSet> set_ids_;
  std::shared_ptr<ActiveCounts> counts_;
};

}  // namespace testudo
