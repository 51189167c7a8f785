#include "parse/literal_gate.h"

#include <algorithm>

#include "parse/node.h"

namespace testudo::parse {
namespace {

using From = TextSource::From;

bool has_literals(const Node& node) {
  if (!node.grok || node.grok->binds.empty()) return false;
  const TextSource& subject = node.grok->subject;
  if (subject.from != From::slot && !(subject.from == From::field && subject.field == &Event::raw))
    return false;
  const auto& literals = node.grok->grok.regex.required_literals();
  return !literals.empty() && std::none_of(literals.begin(), literals.end(),
                                           [](const std::string& literal) { return literal.empty(); });
}

/// Nothing happens in it when its pattern does not match.
bool bare_pattern(const Node& node) {
  return has_literals(node) && !node.filter && !node.whitelist && node.children.empty();
}

bool same_subject(const TextSource& a, const TextSource& b) {
  return a.from == b.from && (a.from == From::field || a.slot == b.slot);
}

}  // namespace

std::unique_ptr<LiteralGate> LiteralGate::make(const std::vector<std::unique_ptr<Node>>& children,
                                               uint32_t id) {
  if (children.size() > kMaxChildren) return nullptr;
  // The text that most children look at.
  const Node* leader = nullptr;
  size_t most = 2;
  const auto follows = [](const Node& node, const Node& first) {
    return has_literals(node) && same_subject(node.grok->subject, first.grok->subject);
  };
  for (const auto& child : children) {
    if (!bare_pattern(*child)) continue;
    const auto n = size_t(std::count_if(children.begin(), children.end(),
                                        [&](const auto& other) { return follows(*other, *child); }));
    if (n > most) most = n, leader = child.get();
  }
  if (!leader) return nullptr;
  std::unique_ptr<LiteralGate> gate(new LiteralGate);
  gate->id_ = id;
  gate->line_raw_ = leader->grok->subject.from == From::field;
  gate->slot_ = leader->grok->subject.slot;
  for (size_t i = 0; i < children.size(); ++i) {
    Node& child = *children[i];
    const bool inside = follows(child, *leader);
    if (!inside || !bare_pattern(child)) gate->always_ |= uint64_t{1} << i;
    if (!inside) continue;
    child.grok->gate = gate.get();
    for (const std::string& literal : child.grok->grok.regex.required_literals()) {
      const uint32_t literal_id = gate->set_.add(literal);
      child.grok->literal_ids.push_back(literal_id);
      gate->children_of_.resize(std::max<size_t>(gate->children_of_.size(), literal_id + 1));
      gate->children_of_[literal_id] |= uint64_t{1} << i;
    }
  }
  gate->set_.finish();
  return gate;
}

std::string_view LiteralGate::subject(const Event& event) const {
  return line_raw_ ? event.raw : event.get(slot_);
}

const LiteralHits& LiteralGate::look(const Event& event, std::string_view subject,
                                     std::vector<GateHits>& all) const {
  GateHits& known = all[id_];
  if (known.epoch == event.epoch && known.event == &event && known.subject == subject.data() &&
      known.size == subject.size())
    return known.hits;
  known.epoch = event.epoch;
  known.event = &event;
  known.subject = subject.data();
  known.size = subject.size();
  set_.scan(subject, known.hits);
  return known.hits;
}

uint64_t LiteralGate::children(const Event& event, std::vector<GateHits>& all) const {
  uint64_t out = always_;
  for (const uint32_t id : look(event, subject(event), all).found()) out |= children_of_[id];
  return out;
}

}  // namespace testudo::parse
