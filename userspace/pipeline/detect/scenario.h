// detect/scenario.h: a scenario as it is run; scenario_compile.cpp makes it from YAML, scenario_set.cpp puts
// all of them together.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "detect/alert_reads.h"
#include "detect/map_key.h"
#include "detect/window.h"
#include "expr/expr.h"
#include "yaml/yaml.h"

namespace testudo::detect {

enum class BucketType : uint8_t { leaky, trigger, counter, conditional, bayesian };
const char* type_name(BucketType type);

/// One piece of evidence of a bayesian bucket (engine-spec §5.4).
struct Evidence {
  expr::Expression condition;
  float given_evil = 0, given_benign = 0;
  bool guillotine = false;  ///< once true in a bucket, true for its life
};

struct Scenario {
  uint32_t id = 0;         ///< row in ScenarioSet
  uint32_t partition = 0;  ///< scenarios with the same name and filter text share buckets
  uint32_t place = 0;      ///< row in Partition::scenarios
  std::string name, description, version, hash;
  Where where;
  BucketType type = BucketType::leaky;
  expr::Expression filter;
  std::vector<uint32_t> guard_subjects;  ///< texts in which the filter's guard must find something
  expr::Expression groupby;              ///< absent: one bucket for all
  expr::Expression distinct;             ///< absent: every event counts
  expr::Expression cancel_on;            ///< true: the bucket goes without an alert
  expr::Expression condition;            ///< true: overflow, whatever the level
  expr::Expression overflow_filter;      ///< false: no alert
  /// Read nothing but evt: the matcher evaluates them on the whole event. Otherwise the shard does, on what
  /// the bucket keeps.
  bool early_cancel = false, early_condition = false;
  MapKey map_key;                 ///< of its buckets
  bool asks_names = false;        ///< some question reads leaky.Mapkey or leaky.Uuid
  bool asks_event = false;        ///< some question that the shard asks reads evt
  std::optional<Window> window;   ///< of the queue that the condition can see
  expr::Expression window_match;  ///< does the one event in the queue pass the window's predicate?
  /// What the questions read of the events in the queue; all of it when that is not known by name.
  std::vector<SlotRef> reads;
  bool reads_all = false;
  std::vector<Evidence> evidence;
  float prior = 0, threshold = 0;
  int32_t capacity = 0;  ///< -1: never overflows by its level
  Duration leakspeed{};
  Duration duration{};  ///< of a counter
  std::string leakspeed_text = "0s";
  Duration blackhole{};
  int32_t cache_size = 0;
  std::string scope = "Ip";
  expr::Expression scope_expression;
  bool remediation = false;
  bool reprocess = false;
  std::string label;                ///< for people: labels.label
  std::vector<std::string> labels;  ///< "key:value", scalar labels only

  /// Events that are kept for alert and conditions.
  uint32_t queue_limit() const;
  /// Without an event for longer than this the bucket is empty and gone.
  Duration lifetime() const;
  bool has_keys() const { return distinct || cancel_on || early_condition || scope_expression; }
};

/// What pouring reads of a scenario, close together: a row for each scenario.
struct Rule {
  Duration leakspeed{}, lifetime{}, blackhole{};
  int32_t capacity = 0;
  uint32_t queue_limit = 1;
  uint32_t partition = 0;
  uint16_t place = 0;
  BucketType type = BucketType::leaky;
  bool distinct = false, cancel = false, asks_after = false;  ///< asks_after: condition or evidence
  bool counts = false;                                        ///< takes tokens
  bool scoped = false;                                        ///< the queue holds scope values as well
  bool unbounded = false;  ///< the format sets no bound to the queue: it shrinks when memory is short
  bool window = false;     ///< the condition has a window: events count for it or not
  /// All events of a bucket have the same source, which the last one tells, and no question is put to kept
  /// ones: when the alert shows no events, none need be kept.
  bool lean = false;
  uint16_t pulse = 0;  ///< the condition is answered from the times of so many of them; 0 = it is evaluated
};

/// The documents that share buckets: same name, same filter text.
struct Partition {
  std::vector<uint32_t> scenarios;
  bool ordered = false;   ///< may accept overflows: one shard for all, fed in the order of lines
  bool keyed = false;     ///< records carry a PourKey for each document
  bool momentary = true;  ///< only triggers: no bucket outlives its event
};

/// One expression of an alert context (engine-spec §5.10).
struct ContextExpression {
  std::string key;
  expr::Expression expression;
  /// Reads what buckets do not keep: the matcher evaluates it when the event is poured, the values travel
  /// with the event under this name.
  std::string early;
};

struct ScenarioSet {
  std::vector<std::unique_ptr<Scenario>> scenarios;
  std::vector<Partition> partitions;
  std::vector<Rule> rules;                  ///< by scenario
  std::vector<ContextExpression> contexts;  ///< in order of key
  bool early_contexts = false;
  /// What postoverflows read of alerts (set before finish(), which adds what scenarios that take overflows
  /// read).
  AlertReads later;
  std::vector<SlotRef> later_slots;  ///< its fields
  bool asks_lines = false;           ///< some question reads the line, or what is computed from it
  // Slots that alerts are built from.
  SlotRef source_ip, source_range, as_number, asn_number, as_name, country, latitude, longitude;

  std::vector<uint16_t> meta_ranks;  ///< by slot of Meta: place of its name among all, sorted

  /// Slots of Parsed and Enriched that an EventImage holds; Meta is held whole.
  bool keeps(Bag bag, SlotId id) const {
    const std::vector<uint64_t>& bits = kept_[size_t(bag)];
    return id / 64 < bits.size() && (bits[id / 64] >> (id % 64) & 1);
  }
  void keep(SlotRef slot) { set(kept_, slot); }
  /// The same for who needs alerts without their events; of Meta as well.
  bool needs(Bag bag, SlotId id) const {
    const std::vector<uint64_t>& bits = needed_[size_t(bag)];
    return id / 64 < bits.size() && (bits[id / 64] >> (id % 64) & 1);
  }
  bool needs_all() const { return needs_all_; }
  void need(SlotRef slot) { set(needed_, slot); }
  void need_all() { needs_all_ = true; }

 private:
  static void set(std::vector<uint64_t>* bags, SlotRef slot);
  std::vector<uint64_t> kept_[kBags], needed_[kBags];
  bool needs_all_ = false;
};

struct ScenarioEnv {
  SlotNames& slots;
  std::vector<const expr::HelperTable*> helpers;
  std::vector<Error>& notes;
  expr::TextTests* texts = nullptr;  ///< what the filters look for is registered here
};

/// Null when the format says to skip the document.
Result<std::unique_ptr<Scenario>> compile_scenario(const YamlNode& document, ScenarioEnv& env);
void add_scenario(ScenarioSet& set, std::unique_ptr<Scenario> scenario);
/// A document of contexts/: `context: {key: [expression, …]}`. Expressions that are there already are left
/// out.
Result<void> add_context(ScenarioSet& set, const YamlNode& document, ScenarioEnv& env);
/// After all scenarios and contexts.
void finish(ScenarioSet& set, SlotNames& slots);

}  // namespace testudo::detect
