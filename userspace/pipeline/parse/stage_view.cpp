#include "parse/stage_view.h"

#include <algorithm>

#include "parse/node_run.h"

namespace testudo::parse {
namespace {

// A stranger who chooses the program's name fills no memory, and costs what an engine without memory costs.
constexpr size_t kMaxValues = 256;
constexpr size_t kMaxLength = 64;

bool one_of(const std::vector<std::string>& values, std::string_view value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

bool StageView::holds(const Event& event, const Jump& jump) const {
  const auto& gates = stage_->plan.gates;
  for (size_t g = 0; g < gates.size(); ++g) {
    const std::string_view now = event.get(gates[g].slot);
    if (now.data() != jump.seen[g].data() || now.size() != jump.seen[g].size()) return false;
  }
  return true;
}

bool StageView::source_allows(const Node& node, const Event& event) const {
  if (!node.filter || node.filter.text().find("SetInStash") != std::string::npos) return true;
  const auto& needed = node.filter.required_labels();
  return std::all_of(needed.begin(), needed.end(), [&](const expr::Expression::RequiredLabel& r) {
    return one_of(r.values, event.source ? event.source->label(r.label) : std::string_view());
  });
}

/// A filter that fails is not decided: whoever runs the node evaluates it once more and counts the failure.
void StageView::decide(const std::vector<uint32_t>& nodes, RunContext& context, Masks& out) const {
  for (const uint32_t i : nodes) {
    const auto truth = stage_->nodes[i]->filter.test(context.expr);
    if (truth == expr::Expression::Truth::no) continue;
    out.look.set(i);
    if (truth == expr::Expression::Truth::yes) out.sure.set(i);
  }
}

const StageView::Masks& StageView::masks(size_t g, std::string_view value, RunContext& context) {
  Memory& memory = memory_[g];
  if (memory.last_masks && memory.last == value) return *memory.last_masks;
  if (value.size() > kMaxLength) return unknown_[g];
  auto found = memory.values.find(value);
  if (found == memory.values.end()) {
    if (memory.values.size() >= kMaxValues) memory.values.clear();
    Masks made;
    const StagePlan::Gate& gate = stage_->plan.gates[g];
    decide(gate.decided, context, made);
    for (const uint32_t i : gate.needed) {
      const Node& node = *stage_->nodes[i];
      const bool allowed = std::all_of(node.filter.required().begin(), node.filter.required().end(),
                                       [&](const expr::Expression::Required& r) {
                                         return r.slot != gate.slot || one_of(r.values, value);
                                       });
      if (allowed) made.allowed.set(i);
    }
    found = memory.values.emplace(value, made).first;
  }
  memory.last = found->first;
  memory.last_masks = &found->second;
  return found->second;
}

void StageView::jump(const Event& event, RunContext& context, Jump& out) {
  const StagePlan& plan = stage_->plan;
  if (!ready_) {
    decide(plan.by_source, context, base_);
    for (const auto* nodes : {&plan.open, &plan.gated})
      for (const uint32_t i : *nodes)
        if (source_allows(*stage_->nodes[i], event)) base_.look.set(i);
    for (const uint32_t i : plan.equal) base_.sure.set(i);
    for (size_t g = 0; g < plan.gates.size(); ++g) {
      for (const uint32_t i : plan.gates[g].needed) asks_[g].set(i);
      for (const uint32_t i : plan.gates[g].decided)
        if (source_allows(*stage_->nodes[i], event)) unknown_[g].look.set(i);
      unknown_[g].allowed = asks_[g];
    }
    ready_ = true;
  }
  std::copy_n(base_.look.words, words_, out.look.words);
  std::copy_n(base_.sure.words, words_, out.sure.words);
  const Masks* found[StagePlan::kMaxGates];
  for (size_t g = 0; g < plan.gates.size(); ++g) {
    out.seen[g] = event.get(plan.gates[g].slot);
    found[g] = &masks(g, out.seen[g], context);
    for (size_t w = 0; w < words_; ++w) {
      out.look.words[w] &= ~asks_[g].words[w] | found[g]->allowed.words[w];
      if (found[g] == &unknown_[g]) out.sure.words[w] &= ~asks_[g].words[w];
    }
  }
  for (size_t g = 0; g < plan.gates.size(); ++g)
    for (size_t w = 0; w < words_; ++w) {
      out.look.words[w] |= found[g]->look.words[w];
      out.sure.words[w] |= found[g]->sure.words[w];
    }
}

}  // namespace testudo::parse
