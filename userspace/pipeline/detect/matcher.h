// detect/matcher.h: which scenarios want an event, and under which key.
//
// One per parse worker; reads the ScenarioSet, writes a PourBatch. Filters, group keys, distinct keys and
// scopes are evaluated here, in the order of scenarios, because a filter may write into the event (SetMeta).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "detect/dispatch.h"
#include "detect/pour.h"
#include "detect/trace.h"

namespace testudo::detect {

struct MatchCounters {
  uint64_t errors = 0;  ///< filters and keys that failed: the scenario is left out for that event
};

class Matcher {
 public:
  /// `seed` of the group hashes: the same as that of the shards; 0 = the process's secret. `brief`: as
  /// ShardOptions::brief.
  Matcher(std::shared_ptr<const ScenarioSet> set, std::shared_ptr<const SlotNames> names, uint64_t seed = 0,
          bool brief = false);

  struct What {
    TimePoint t;
    std::string_view t_text;
    bool marked = false;
    int64_t read_mono = 0;
    /// The event has no time of its own, which it should have (a replay without dateparse): only triggers
    /// take it.
    bool triggers_only = false;
    std::string_view rivals;  ///< of a marked event: other addresses that its line could mean
  };
  /// Evaluates the candidates, appends the event and its records. Nothing is appended when no scenario takes
  /// it. True when one did. Errors are isolated: a scenario whose filter fails is left out, the others run.
  bool match(Event& event, const What& what, expr::Context& context, PourBatch& out) {
    return match(event, what, context, out, false);
  }
  /// Would any scenario take it? (Asked before the dearer questions about an ambiguous line.)
  bool wanted(Event& event, expr::Context& context);
  /// The same for an overflow that is poured again: only ordered scenarios.
  bool match_overflow(Event& event, const What& what, expr::Context& context, PourBatch& out) {
    return match(event, what, context, out, true);
  }

  std::vector<MatchCounters>& counters() { return counters_; }  ///< by scenario
  void set_trace(MatchTrace* trace) { trace_ = trace; }
  const ScenarioSet& scenarios() const { return *set_; }

 private:
  /// A text that an expression gives: a plain slot is read, anything else evaluated.
  struct TextOf {
    const expr::Expression* expression = nullptr;
    std::optional<SlotRef> slot;
    /// False when it failed; `text` may be nil-like: then `is_string` is false.
    bool get(const Event& event, expr::Context& context, std::string_view& text, bool& is_string) const;
  };
  struct Group {
    TextOf of;
    uint64_t epoch = 0;  ///< of the event for which the rest holds
    bool ok = false;
    std::string_view text;
    uint64_t hash = 0;
  };
  struct Check {
    SlotRef slot;
    const std::vector<std::string>* values;
  };
  struct Plan {
    const expr::Expression* filter = nullptr;  ///< null: dispatch and checks say all
    bool rest_only = false;                    ///< of the filter: the dispatch has decided its equalities
    std::vector<Check> checks;
    int group = -1;  ///< row in groups_, -1 = one bucket for all
    uint32_t partition = 0;
    bool ordered = false, keyed = false, writes = false, trigger = false;
    bool bare = false;               ///< its buckets read nothing of an event but its source_ip
    const Window* window = nullptr;  ///< its predicate is one equality, and no filter changes fields
  };
  /// The keys of one document; only of partitions that have any.
  struct Keys {
    TextOf distinct, scope;
    const expr::Expression *cancel = nullptr, *condition = nullptr;  ///< the early ones
  };

  TextOf text_of(const expr::Expression& expression) const;
  bool match(Event& event, const What& what, expr::Context& context, PourBatch& out, bool overflow);
  bool accepts(uint32_t id, const Plan& plan, const Event& event, expr::Context& context);
  bool add(uint32_t id, const Plan& plan, const What& what, Event& event, expr::Context& context,
           PourBatch& out);
  const Group* group_of(const Plan& plan, const Event& event, expr::Context& context, Arena& arena);
  uint32_t keys_of(const Plan& plan, const Event& event, expr::Context& context, PourBatch& out);
  void add_event(Event& event, const What& what, expr::Context& context, PourBatch& out);
  void add_brief(const Event& event, PourEvent& e, Arena& arena) const;

  std::shared_ptr<const ScenarioSet> set_;
  std::shared_ptr<const SlotNames> names_;
  uint64_t seed_;
  bool brief_;
  Dispatch dispatch_;
  std::vector<Plan> plans_;  ///< by scenario
  std::vector<Keys> keys_;   ///< by scenario
  std::vector<Group> groups_;
  std::vector<MatchCounters> counters_;
  std::vector<uint64_t> bits_;
  uint64_t epoch_ = 0;
  bool bare_ = false;  ///< so far all that takes the event is
  MatchTrace* trace_ = nullptr;
};

}  // namespace testudo::detect
