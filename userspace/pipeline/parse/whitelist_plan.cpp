#include "parse/whitelist_plan.h"

#include <algorithm>

#include "parse/node.h"

namespace testudo::parse {
namespace {

constexpr size_t kMaxFields = 8;
/// Fewer are asked one by one.
constexpr size_t kWorthAPlan = 4;

/// What a node and those below it write, and the expressions of their whitelists.
struct Survey {
  std::vector<SlotRef> written;
  bool writes_anything = false;  ///< an expression may write what only a line shows
  std::vector<Whitelist*> lists;

  void expression(const expr::Expression& e) { writes_anything = writes_anything || (e && e.writes()); }
  void statics(const Statics& list) {
    for (const Static& s : list.rows) {
      if (s.target == Static::Target::slot) written.push_back(s.slot);
      expression(s.source.expression);
    }
  }
  void node(const Node& one) {
    expression(one.filter);
    statics(one.statics);
    if (one.grok) {
      expression(one.grok->subject.expression);
      for (const auto& [group, slot] : one.grok->binds) written.push_back(slot);
      statics(one.grok->statics);
    }
    for (const StashStep& step : one.stash) {
      expression(step.key);
      expression(step.value);
    }
    if (one.whitelist) {
      for (const expr::Expression& e : one.whitelist->expressions) expression(e);
      if (!one.whitelist->expressions.empty()) lists.push_back(one.whitelist.get());
    }
    for (const auto& child : one.children) node(*child);
  }
  // Enrichers write evt.Enriched, under names of their own.
  bool constant(SlotRef slot) const {
    return slot.bag != Bag::enriched && std::find(written.begin(), written.end(), slot) == written.end();
  }
};

void set(std::vector<uint64_t>& bits, size_t i) { bits[i / 64] |= uint64_t{1} << (i % 64); }

}  // namespace

WhitelistPlan WhitelistPlan::make(const std::vector<std::unique_ptr<Node>>& nodes) {
  WhitelistPlan plan;
  Survey survey;
  for (const auto& node : nodes) survey.node(*node);
  std::vector<const expr::Expression*> expressions;
  for (Whitelist* list : survey.lists) {
    list->first = Whitelist::kUnplanned;
    for (const expr::Expression& e : list->expressions) expressions.push_back(&e);
  }
  if (survey.writes_anything || expressions.size() < kWorthAPlan) return plan;
  uint32_t next = 0;
  for (Whitelist* list : survey.lists) {
    list->first = next;
    next += uint32_t(list->expressions.size());
  }
  plan.words_ = (next + 63) / 64;
  for (size_t i = 0; i < expressions.size(); ++i) {
    const auto& required = expressions[i]->required();
    for (size_t row = 0; row < expressions[i]->leading_required(); ++row) {
      const SlotRef slot = required[row].slot;
      if (!survey.constant(slot)) continue;
      auto field = std::find_if(plan.fields_.begin(), plan.fields_.end(),
                                [&](const Field& f) { return f.slot == slot; });
      if (field == plan.fields_.end()) {
        if (plan.fields_.size() == kMaxFields) continue;
        field = plan.fields_.insert(field, {slot, Bits(plan.words_), {}});
      }
      // A second demand of the same field is left to the expression.
      if (field->asking[i / 64] >> (i % 64) & 1) continue;
      set(field->asking, i);
      for (const std::string& value : required[row].values)
        set(field->allows.try_emplace(value, Bits(plan.words_)).first->second, i);
    }
  }
  return plan;
}

void WhitelistPlan::look(const Event& event, std::vector<uint64_t>& bits) const {
  bits.assign(words_, ~uint64_t{0});
  for (const Field& field : fields_) {
    const auto allowed = field.allows.find(event.get(field.slot));
    for (size_t w = 0; w < words_; ++w)
      bits[w] &= ~field.asking[w] | (allowed == field.allows.end() ? 0 : allowed->second[w]);
  }
}

}  // namespace testudo::parse
