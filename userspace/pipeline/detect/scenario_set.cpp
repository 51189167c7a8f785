// All scenarios together: who shares buckets, who may accept overflows, which slots outlive an event.
#include <algorithm>

#include "detect/scenario.h"
#include "detect/shape.h"
#include "model/alert.h"

namespace testudo::detect {
namespace {

/// Queues that the format does not bound (capacity -1), and those it bounds too far away. (Buckets::push)
constexpr uint32_t kUnboundedQueue = 1000, kMaxQueue = 10'000;

/// An overflow without fields, as it is poured again after the postoverflows.
bool true_of_overflow(const Scenario& scenario, const SlotNames& slots) {
  Event event(slots);
  Overflow overflow;
  overflow.alerts.resize(1);
  event.type = EventType::overflow;
  event.overflow = &overflow;
  RegexScratch regex;
  expr::Context context;
  context.event = &event;
  context.arena = &event.arena;
  context.regex = &regex;
  return scenario.filter.test(context) == expr::Expression::Truth::yes;
}

bool accepts_overflows(const Scenario& scenario, const SlotNames& slots) {
  const std::string& text = scenario.filter.text();
  if (asks_for_overflows(text)) return true;
  if (asks_for_time(text) && scenario.filter.required().empty()) return true;
  // An equality with something is false of an overflow, whose fields are empty.
  for (const expr::Expression::Required& r : scenario.filter.required())
    if (std::find(r.values.begin(), r.values.end(), "") == r.values.end()) return false;
  if (writes(text)) return false;  // JSON of an empty line is an error: false
  return true_of_overflow(scenario, slots);
}

void note_names(Scenario& scenario, const expr::Expression& question) {
  if (!question) return;
  for (const char* name : {"Mapkey", "Uuid"})
    scenario.asks_names = scenario.asks_names || question.text().find(name) != std::string::npos;
}

/// What a scenario that takes overflows reads of them.
void note_reads(const Scenario& s, AlertReads& reads) {
  for (const auto* expression : {&s.filter, &s.groupby, &s.distinct, &s.cancel_on, &s.condition,
                                 &s.overflow_filter, &s.scope_expression})
    if (*expression) reads.add(expression->text());
  for (const Evidence& one : s.evidence) reads.add(one.condition.text());
}

bool lean(const Scenario& s) {
  if (s.type != BucketType::leaky && s.type != BucketType::conditional) return false;
  if (s.scope != "Ip" || !begins_with_source(s.groupby ? s.groupby.text() : std::string())) return false;
  if (s.overflow_filter || !s.evidence.empty() || (s.cancel_on && !s.early_cancel)) return false;
  return !s.condition || s.early_condition || (s.window && s.window->complete);
}

Rule rule_of(const Scenario& s) {
  Rule rule;
  rule.leakspeed = s.leakspeed;
  rule.lifetime = s.lifetime();
  rule.blackhole = s.blackhole;
  rule.capacity = s.capacity;
  rule.queue_limit = s.queue_limit();
  rule.partition = s.partition;
  rule.place = uint16_t(s.place);
  rule.type = s.type;
  rule.distinct = bool(s.distinct);
  rule.cancel = bool(s.cancel_on);
  rule.asks_after = s.condition || !s.evidence.empty();
  rule.counts = s.type == BucketType::leaky;
  rule.scoped = bool(s.scope_expression);
  rule.unbounded = s.capacity < 0 && s.cache_size <= 0;
  rule.window = s.window.has_value();
  if (s.window && s.window->complete) rule.pulse = uint16_t(std::max(s.window->least, s.window->median_of));
  return rule;
}

}  // namespace

const char* type_name(BucketType type) {
  static constexpr const char* names[] = {"leaky", "trigger", "counter", "conditional", "bayesian"};
  return names[size_t(type)];
}

uint32_t Scenario::queue_limit() const {
  const bool cached = cache_size > 0 && (cache_size <= capacity || capacity == -1);
  const int32_t limit = cached ? cache_size : capacity;
  if (limit < 0) return kUnboundedQueue;
  return std::min(uint32_t(limit) + 1, kMaxQueue);
}

Duration Scenario::lifetime() const {
  switch (type) {
    case BucketType::leaky:
      return leakspeed * (int64_t(capacity) + 1);
    case BucketType::counter:
      return duration;
    default:
      return leakspeed;
  }
}

void ScenarioSet::set(std::vector<uint64_t>* bags, SlotRef slot) {
  std::vector<uint64_t>& bits = bags[size_t(slot.bag)];
  if (bits.size() <= slot.index / 64u) bits.resize(slot.index / 64u + 1);
  bits[slot.index / 64u] |= 1ull << (slot.index % 64u);
}

void add_scenario(ScenarioSet& set, std::unique_ptr<Scenario> scenario) {
  scenario->id = uint32_t(set.scenarios.size());
  scenario->partition = uint32_t(set.partitions.size());
  for (const auto& other : set.scenarios)
    if (other->name == scenario->name && other->filter.text() == scenario->filter.text())
      scenario->partition = other->partition;
  if (scenario->partition == set.partitions.size()) set.partitions.emplace_back();
  Partition& partition = set.partitions[scenario->partition];
  scenario->place = uint32_t(partition.scenarios.size());
  partition.scenarios.push_back(scenario->id);
  partition.keyed = partition.keyed || scenario->has_keys();
  partition.momentary = partition.momentary && scenario->type == BucketType::trigger;
  set.scenarios.push_back(std::move(scenario));
}

void finish(ScenarioSet& set, SlotNames& slots) {
  set.source_ip = slots.intern(Bag::meta, "source_ip");
  set.source_range = slots.intern(Bag::meta, "SourceRange");
  set.as_number = slots.intern(Bag::enriched, "ASNumber");
  set.asn_number = slots.intern(Bag::enriched, "ASNNumber");
  set.as_name = slots.intern(Bag::enriched, "ASNOrg");
  set.country = slots.intern(Bag::enriched, "IsoCode");
  set.latitude = slots.intern(Bag::enriched, "Latitude");
  set.longitude = slots.intern(Bag::enriched, "Longitude");
  for (const SlotRef slot :
       {set.as_number, set.asn_number, set.as_name, set.country, set.latitude, set.longitude}) {
    set.keep(slot);
    set.need(slot);
  }
  set.need(set.source_ip);
  set.need(set.source_range);
  const auto keep_reads = [&](Scenario& s, const expr::Expression& expression) {
    if (!expression) return;
    for (const SlotRef slot : expression.reads()) {
      set.keep(slot);
      set.need(slot);
      if (std::find(s.reads.begin(), s.reads.end(), slot) == s.reads.end()) s.reads.push_back(slot);
    }
    s.reads_all = s.reads_all || reads_all_fields(expression.text());
    if (s.reads_all) set.need_all();
    s.asks_event = s.asks_event || mentions(expression.text(), "evt");
    set.asks_lines = set.asks_lines || s.asks_event;
  };
  set.rules.clear();
  for (const auto& s : set.scenarios) {
    if (!s->early_cancel) keep_reads(*s, s->cancel_on);
    if (!s->early_condition) keep_reads(*s, s->condition);
    keep_reads(*s, s->overflow_filter);
    for (const Evidence& one : s->evidence) {
      keep_reads(*s, one.condition);
      note_names(*s, one.condition);
    }
    for (const auto* question : {&s->cancel_on, &s->condition, &s->overflow_filter})
      note_names(*s, *question);
    set.asks_lines = set.asks_lines || s->asks_names;
    set.rules.push_back(rule_of(*s));
    Partition& partition = set.partitions[s->partition];
    if (s->place == 0) partition.ordered = accepts_overflows(*s, slots);
    set.rules.back().lean = !partition.ordered && lean(*s);
    if (partition.ordered) note_reads(*s, set.later);
    // It sees the alert as it will be.
    if (s->overflow_filter && mentions(s->overflow_filter.text(), "signal")) set.later.whole = true;
  }
  for (const std::string& name : set.later.meta) {
    set.later_slots.push_back(slots.intern(Bag::meta, name));
    set.need(set.later_slots.back());
  }
  std::vector<SlotId> by_name(slots.size(Bag::meta));
  for (size_t i = 0; i < by_name.size(); ++i) by_name[i] = SlotId(i);
  std::sort(by_name.begin(), by_name.end(), [&](SlotId a, SlotId b) {
    return slots.name({Bag::meta, a}) < slots.name({Bag::meta, b});
  });
  set.meta_ranks.resize(by_name.size());
  for (size_t i = 0; i < by_name.size(); ++i) set.meta_ranks[by_name[i]] = uint16_t(i);
  for (const ContextExpression& one : set.contexts) {
    set.early_contexts = set.early_contexts || !one.early.empty();
    if (one.early.empty())
      for (const SlotRef slot : one.expression.reads()) set.keep(slot);
  }
  std::stable_sort(set.contexts.begin(), set.contexts.end(),
                   [](const ContextExpression& a, const ContextExpression& b) { return a.key < b.key; });
}

}  // namespace testudo::detect
