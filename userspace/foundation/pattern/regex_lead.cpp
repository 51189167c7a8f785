#include "pattern/regex_lead.h"

#include <algorithm>

namespace testudo {
namespace {

using Kind = RegexNode::Kind;

constexpr int kLongest = 8;

CodeRanges join(CodeRanges a, const CodeRanges& b) {
  a.insert(a.end(), b.begin(), b.end());
  return normalised(std::move(a));
}

bool overlap(const CodeRanges& a, const CodeRanges& b) {
  return std::any_of(a.begin(), a.end(), [&](const auto& x) {
    return std::any_of(b.begin(), b.end(),
                       [&](const auto& y) { return x.first <= y.second && y.first <= x.second; });
  });
}

/// The characters of a part that matches exactly one.
std::optional<CodeRanges> single(const RegexNode& node) {
  if (node.fold) return std::nullopt;
  if (node.kind == Kind::literal) return CodeRanges{{node.rune, node.rune}};
  if (node.kind == Kind::set && !node.negated && !node.ranges.empty()) return node.ranges;
  return std::nullopt;
}

bool assertion(const RegexNode& node) {
  switch (node.kind) {
    case Kind::empty:
    case Kind::begin_text:
    case Kind::end_text:
    case Kind::begin_line:
    case Kind::end_line:
    case Kind::word_boundary:
    case Kind::not_word_boundary:
      return true;
    default:
      return false;
  }
}

/// A chain of parts that is looked at from its start: a part that is a group or a loop of at least one turn
/// is replaced by what it holds.
std::optional<RegexLead> lead_of(const std::vector<const RegexNode*>& parts);

void open(const RegexNode& node, std::vector<const RegexNode*>& parts) {
  if (node.kind == Kind::concat) {
    for (const RegexNode& child : node.children) open(child, parts);
  } else if (node.kind == Kind::capture) {
    open(node.children.front(), parts);
  } else if (!assertion(node)) {
    parts.push_back(&node);
  }
}

std::optional<RegexLead> join(const std::optional<RegexLead>& a, const std::optional<RegexLead>& b) {
  if (!a || !b) return std::nullopt;
  return RegexLead{join(a->run, b->run), join(a->next, b->next), std::min(a->least, b->least),
                   std::max(a->most, b->most)};
}

std::optional<RegexLead> lead_of(const std::vector<const RegexNode*>& parts) {
  if (parts.empty()) return std::nullopt;
  const RegexNode& first = *parts.front();
  if (first.kind == Kind::alternate) {
    std::optional<RegexLead> all;
    for (size_t i = 0; i < first.children.size(); ++i) {
      std::vector<const RegexNode*> chain;
      open(first.children[i], chain);
      if (first.children[i].nullable()) return std::nullopt;
      const auto one = lead_of(chain);
      all = i ? join(all, one) : one;
      if (!all) return std::nullopt;
    }
    return all;
  }
  if (first.kind == Kind::repeat) {
    const RegexNode& body = first.children.front();
    const auto run = single(body);
    if (run && first.max != -1 && first.max <= kLongest && parts.size() > 1) {
      if (const auto next = single(*parts[1]); next && !overlap(*run, *next))
        return RegexLead{*run, *next, first.min, first.max};
    }
    if (first.min == 0 || body.nullable()) return std::nullopt;
    std::vector<const RegexNode*> chain;
    open(body, chain);
    return lead_of(chain);
  }
  if (const auto next = single(first)) return RegexLead{{}, *next, 0, 0};
  return std::nullopt;
}

}  // namespace

std::optional<RegexLead> common_lead(const RegexNode& tree) {
  std::vector<const RegexNode*> chain;
  open(tree, chain);
  auto lead = lead_of(chain);
  // A run that holds what may follow it would be looked through more than once.
  if (!lead || overlap(lead->run, lead->next)) return std::nullopt;
  return lead;
}

}  // namespace testudo
