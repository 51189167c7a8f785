#include "detect/matcher.h"

#include <algorithm>
#include <bit>

#include "base/text.h"
#include "detect/alert_build.h"
#include "detect/context.h"
#include "detect/keys.h"
#include "detect/shape.h"

namespace testudo::detect {
namespace {
constexpr size_t kMaxRaw = 2048;
using Truth = expr::Expression::Truth;
}  // namespace

Matcher::Matcher(std::shared_ptr<const ScenarioSet> set, std::shared_ptr<const SlotNames> names,
                 uint64_t seed, bool brief)
    : set_(std::move(set)),
      names_(std::move(names)),
      seed_(seed ? seed : process_secret()),
      brief_(brief && !set_->later.whole),
      dispatch_(*set_, *names_),
      plans_(set_->scenarios.size()),
      keys_(set_->scenarios.size()),
      counters_(set_->scenarios.size()),
      bits_(dispatch_.words()) {
  const bool any_writes = std::any_of(set_->scenarios.begin(), set_->scenarios.end(),
                                      [](const auto& s) { return writes(s->filter.text()); });
  std::vector<std::string> group_texts;
  for (const auto& s : set_->scenarios) {
    Plan& plan = plans_[s->id];
    const Partition& partition = set_->partitions[s->partition];
    plan.partition = s->partition;
    plan.ordered = partition.ordered;
    plan.keyed = partition.keyed;
    plan.trigger = s->type == BucketType::trigger;
    plan.writes = writes(s->filter.text());
    if (s->window && s->window->equal_slot && !any_writes) plan.window = &*s->window;
    plan.bare = partition.scenarios.size() == 1 && set_->rules[s->id].lean && (!s->window || plan.window);
    // A filter that is equalities alone need not be evaluated: most are the dispatch's, the rest are looked
    // up.
    const auto& required = s->filter.required();
    size_t decided = 0;
    for (size_t i = 0; i < required.size(); ++i) decided += dispatch_.decides(s->id, i);
    if (decided > 0 && equalities_alone(s->filter.text()) == required.size()) {
      for (size_t i = 0; i < required.size(); ++i)
        if (!dispatch_.decides(s->id, i)) plan.checks.push_back({required[i].slot, &required[i].values});
    } else {
      plan.filter = &s->filter;
      plan.rest_only = decided > 0 && decided == required.size();
    }
    if (s->groupby) {
      const auto known = std::find(group_texts.begin(), group_texts.end(), s->groupby.text());
      plan.group = int(known - group_texts.begin());
      if (known == group_texts.end()) {
        group_texts.push_back(s->groupby.text());
        groups_.push_back({text_of(s->groupby)});
      }
    }
    Keys& keys = keys_[s->id];
    if (s->distinct) keys.distinct = text_of(s->distinct);
    if (s->scope_expression) keys.scope = text_of(s->scope_expression);
    if (s->early_cancel) keys.cancel = &s->cancel_on;
    if (s->early_condition) keys.condition = &s->condition;
  }
}

Matcher::TextOf Matcher::text_of(const expr::Expression& expression) const {
  return {&expression, plain_slot(expression.text(), *names_)};
}

bool Matcher::TextOf::get(const Event& event, expr::Context& context, std::string_view& text,
                          bool& is_string) const {
  is_string = true;
  if (slot) {
    text = event.get(*slot);
    return true;
  }
  Value value;
  if (!expression->eval(context, value)) return false;
  is_string = value.is_string();
  text = is_string ? value.text() : std::string_view();
  return true;
}

bool Matcher::accepts(uint32_t id, const Plan& plan, const Event& event, expr::Context& context) {
  Truth truth = Truth::yes;
  if (plan.filter) {
    truth = plan.rest_only ? plan.filter->test_rest(context) : plan.filter->test(context);
    if (plan.writes) ++epoch_;  // what was read before may have changed
  } else {
    for (const Check& check : plan.checks) {
      const std::string_view value = event.get(check.slot);
      if (std::find(check.values->begin(), check.values->end(), value) == check.values->end())
        truth = Truth::no;
    }
  }
  if (truth == Truth::failed) ++counters_[id].errors;
  if (trace_)
    trace_->filter(*set_->scenarios[id], truth,
                   truth == Truth::failed ? std::string_view(context.error) : std::string_view());
  return truth == Truth::yes;
}

bool Matcher::wanted(Event& event, expr::Context& context) {
  context.event = &event;
  context.arena = &event.arena;
  dispatch_.candidates(event, context, bits_.data());
  MatchTrace* const trace = std::exchange(trace_, nullptr);  // the pour tells it
  bool found = false;
  for (size_t w = 0; w < bits_.size() && !found; ++w)
    for (uint64_t word = bits_[w]; word && !found; word &= word - 1) {
      const auto id = uint32_t(w * 64 + size_t(std::countr_zero(word)));
      found = accepts(id, plans_[id], event, context);
    }
  trace_ = trace;
  return found;
}

bool Matcher::match(Event& event, const What& what, expr::Context& context, PourBatch& out, bool overflow) {
  context.event = &event;
  context.arena = &event.arena;
  dispatch_.candidates(event, context, bits_.data());
  ++epoch_;
  bare_ = true;
  bool any = false;
  for (size_t w = 0; w < bits_.size(); ++w)
    for (uint64_t word = bits_[w]; word; word &= word - 1) {
      const auto id = uint32_t(w * 64 + size_t(std::countr_zero(word)));
      const Plan& plan = plans_[id];
      if ((overflow && !plan.ordered) || (what.triggers_only && !plan.trigger)) continue;
      if (accepts(id, plan, event, context)) any = add(id, plan, what, event, context, out) || any;
    }
  // After all filters: one may have set a Meta field that the image then shows.
  if (any) add_event(event, what, context, out);
  return any;
}

const Matcher::Group* Matcher::group_of(const Plan& plan, const Event& event, expr::Context& context,
                                        Arena& arena) {
  Group& group = groups_[size_t(plan.group)];
  if (group.epoch == epoch_) return group.ok ? &group : nullptr;
  group.epoch = epoch_;
  bool is_string = false;
  std::string_view text;
  group.ok = group.of.get(event, context, text, is_string) && is_string;
  if (!group.ok) return nullptr;
  if (text.size() <= kMaxGroup) {
    group.text = arena.copy(text);
  } else {
    const std::string hash = std::to_string(stable_hash(text)) + std::to_string(stable_hash(text, 1));
    group.text = arena.copy(std::string(text.substr(0, kMaxGroup - 48)) + "#" + hash);
  }
  group.hash = group.text.empty() ? 0 : group_hash(group.text, 0, seed_);
  return &group;
}

bool Matcher::add(uint32_t id, const Plan& plan, const What& what, Event& event, expr::Context& context,
                  PourBatch& out) {
  PourRecord record;
  uint64_t hash = 0;
  if (plan.group >= 0) {
    const Group* group = group_of(plan, event, context, out.arena);
    if (!group) {
      ++counters_[id].errors;
      return false;
    }
    record.group = group->text;
    hash = group->hash;
  }
  if (record.group.empty()) hash = group_hash({}, plan.partition, seed_);
  record.key_hash = key_hash(hash, what.marked);
  record.order = out.next_order++;
  record.event = uint32_t(out.events.size());
  record.scenario = id;
  record.marked = what.marked;
  bare_ = bare_ && plan.bare;
  if (plan.keyed) record.keys = keys_of(plan, event, context, out);
  if (plan.window)
    record.passes = event.get(*plan.window->equal_slot) == plan.window->equal_text ? PourRecord::Passes::yes
                                                                                   : PourRecord::Passes::no;
  const uint32_t list = shard_of(hash, plan.ordered);
  out.records[list].push_back(record);
  out.lists |= 1u << list;
  return true;
}

uint32_t Matcher::keys_of(const Plan& plan, const Event& event, expr::Context& context, PourBatch& out) {
  const auto first = uint32_t(out.keys.size());
  for (const uint32_t id : set_->partitions[plan.partition].scenarios) {
    const Keys& of = keys_[id];
    PourKey key;
    bool is_string = false;
    std::string_view text;
    // A distinct that fails lets the event through; one that is no string counts as "".
    if (of.distinct.expression) {
      key.has_distinct = of.distinct.get(event, context, text, is_string);
      if (key.has_distinct)
        key.distinct = out.arena.copy(text);
      else
        ++counters_[id].errors;
    }
    if (of.scope.expression) {
      if (of.scope.get(event, context, text, is_string))
        key.scope_value = out.arena.copy(text.substr(0, EventImage::kMaxValue));
      else
        ++counters_[id].errors;
    }
    const auto ask = [&](const expr::Expression* expression) {
      if (!expression) return false;
      const Truth truth = expression->test(context);
      if (truth == Truth::failed) ++counters_[id].errors;
      return truth == Truth::yes;
    };
    key.cancel = ask(of.cancel);
    key.condition = ask(of.condition);
    out.keys.push_back(key);
  }
  return first;
}

namespace {

/// An overflow that is poured again brings what its own events' sources ask for.
uint8_t witness_of(const Event& event) {
  if (!event.overflow) return event.source ? event.source->witness : witness::kOff;
  uint8_t asked = witness::kOff;
  for (const Alert& alert : event.overflow->alerts) asked |= alert.witness;
  return asked;
}

}  // namespace

/// What is needed where only the heads of alerts are.
void Matcher::add_brief(const Event& event, PourEvent& e, Arena& arena) const {
  const auto absent = [&](SlotRef slot) { return event.get(slot).empty(); };
  e.blank = std::all_of(set_->later_slots.begin(), set_->later_slots.end(), absent);
  e.spoils = !has_source(event.get(set_->source_ip), event.get(set_->source_range));
  // What else an alert's source tells is printed by nobody: only content that runs later may ask.
  const SlotRef more[] = {set_->source_range, set_->as_number, set_->asn_number, set_->as_name,
                          set_->country,      set_->latitude,  set_->longitude};
  if (bare_ && e.blank && (!set_->later.any || std::all_of(std::begin(more), std::end(more), absent)))
    e.source_ip = arena.copy(event.get(set_->source_ip).substr(0, EventImage::kMaxValue));
  else
    e.image = EventImage::make_brief(event, *set_, arena);
}

void Matcher::add_event(Event& event, const What& what, expr::Context& context, PourBatch& out) {
  PourEvent e;
  if (brief_) {
    add_brief(event, e, out.arena);
  } else {
    std::vector<std::pair<std::string_view, std::string_view>> early;
    if (set_->early_contexts) early_context_values(*set_, context, early);
    e.image = EventImage::make(event, *set_, early, out.arena);
  }
  e.t = what.t;
  e.time = event.time;
  e.offset = offset_of(what.t_text);
  e.t_text = out.arena.copy(what.t_text);
  e.arrived = event.arrived;
  e.line_number = event.line_number;
  if (!brief_ || set_->asks_lines) e.raw = out.arena.copy(event.raw.substr(0, kMaxRaw));
  if (!what.rivals.empty() && !brief_) {
    // At most a handful of addresses, and of few lines.
    const std::string both = std::string(e.raw) + std::string(what.rivals.substr(0, 1024));
    e.rivals_size = uint16_t(both.size() - e.raw.size());
    e.raw = out.arena.copy(both).substr(0, e.raw.size());
  }
  e.read_mono = what.read_mono;
  e.source = event.source;
  e.src =
      event.source && event.src.data() == event.source->name.data() ? event.src : out.arena.copy(event.src);
  e.witness = witness_of(event);
  e.log_time = event.log_time;
  out.events.push_back(e);
}

}  // namespace testudo::detect
