#include "parse/stage_plan.h"

#include <algorithm>

#include "parse/node.h"
#include "parse/shape.h"

namespace testudo::parse {
namespace {

/// What is known of one filter.
struct Hangs {
  bool alone = false;               ///< on `on` and labels, on nothing else
  std::optional<SlotRef> field;     ///< alone: the field, if any
  std::vector<SlotRef> equalities;  ///< fields of which the filter demands certain values
};

Hangs look_at(const expr::Expression& filter, const SlotNames& slots) {
  Hangs out;
  if (const auto on = dependence(filter.text())) {
    out.alone = true;
    if (on->on_field) {
      out.field = slots.find(on->field.bag, on->field.name);
      out.alone = out.field.has_value();
    }
  }
  // It leaves something for later lines, whatever its value.
  if (filter.text().find("SetInStash") != std::string::npos) return out;
  for (const expr::Expression::Required& r : filter.required()) out.equalities.push_back(r.slot);
  return out;
}

}  // namespace

StagePlan StagePlan::make(const std::vector<std::unique_ptr<Node>>& nodes, const SlotNames& slots) {
  StagePlan plan;
  if (nodes.size() > kMaxNodes) return plan;
  std::vector<Hangs> hangs(nodes.size());
  struct Wish {
    SlotRef slot;
    size_t nodes = 0;
  };
  // A field is worth a jump where filters ask for equality: such fields have few values (a program, a type).
  std::vector<Wish> wishes;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (!nodes[i]->filter) continue;
    hangs[i] = look_at(nodes[i]->filter, slots);
    for (const SlotRef slot : hangs[i].equalities) {
      auto wish = std::find_if(wishes.begin(), wishes.end(), [&](const Wish& w) { return w.slot == slot; });
      if (wish == wishes.end()) wish = wishes.insert(wish, {slot, 0});
      ++wish->nodes;
    }
  }
  std::stable_sort(wishes.begin(), wishes.end(),
                   [](const Wish& a, const Wish& b) { return a.nodes > b.nodes; });
  if (wishes.size() > kMaxGates) wishes.resize(kMaxGates);
  for (const Wish& wish : wishes) plan.gates.push_back({wish.slot, {}, {}});

  const auto gate_of = [&](SlotRef slot) {
    return std::find_if(plan.gates.begin(), plan.gates.end(), [&](const Gate& g) { return g.slot == slot; });
  };
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    const Hangs& h = hangs[i];
    if (h.alone && !h.field) {
      plan.by_source.push_back(i);
    } else if (const auto gate = h.field ? gate_of(*h.field) : plan.gates.end(); gate != plan.gates.end()) {
      gate->decided.push_back(i);
    } else {
      bool gated = false, all = true;
      for (const SlotRef slot : h.equalities) {
        const auto needed = gate_of(slot);
        all = all && needed != plan.gates.end();
        if (needed == plan.gates.end()) continue;
        gated = true;
        if (needed->needed.empty() || needed->needed.back() != i) needed->needed.push_back(i);
      }
      (gated ? plan.gated : plan.open).push_back(i);
      if (gated && all && nodes[i]->filter.only_required()) plan.equal.push_back(i);
    }
  }
  plan.whitelists = WhitelistPlan::make(nodes);
  plan.usable = true;
  return plan;
}

}  // namespace testudo::parse
