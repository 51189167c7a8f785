#include "engine/pattern_list.h"

#include <algorithm>
#include <string>

namespace testudo {
namespace {

// Alternatives of one pattern; more of them make automata that are thrown away and built again.
constexpr size_t kJoined = 32;

}  // namespace

void PatternList::finish() {
  for (uint32_t i = 0; i < patterns_.size(); ++i) {
    const std::vector<std::string>& needed = patterns_[i].required_literals();
    if (needed.empty()) ungated_.push_back(i);
    for (const std::string& literal : needed) {
      const uint32_t id = literals_.add(literal);
      if (id == users_.size()) users_.emplace_back();
      users_[id].push_back(i);
    }
  }
  literals_.finish();
  join_ungated();
}

void PatternList::join_ungated() {
  const auto join = [&](const std::string& text) {
    auto one = Regex::compile(text);
    if (!one) return false;
    one->capture_only({});
    joined_.push_back(std::move(*one));
    return true;
  };
  for (size_t at = 0; at < ungated_.size(); at += kJoined) {
    std::string text;
    const size_t end = std::min(at + kJoined, ungated_.size());
    for (size_t i = at; i < end; ++i)
      text += (text.empty() ? "(?:" : "|(?:") + patterns_[ungated_[i]].pattern() + ")";
    // What is fine alone may not be so together: names of groups that repeat.
    if (!join(text))
      for (size_t i = at; i < end; ++i) join(patterns_[ungated_[i]].pattern());
  }
}

bool PatternList::any(std::string_view subject, RegexScratch& scratch, LiteralHits& hits) const {
  literals_.scan(subject, hits);
  for (const uint32_t id : hits.found())
    for (const uint32_t pattern : users_[id])
      if (patterns_[pattern].test(subject, scratch)) return true;
  for (const Regex& one : joined_)
    if (one.test(subject, scratch)) return true;
  return false;
}

size_t PatternList::first(std::string_view subject, RegexScratch& scratch, LiteralHits& hits) const {
  literals_.scan(subject, hits);
  size_t best = npos;
  for (const uint32_t id : hits.found())
    for (const uint32_t pattern : users_[id])
      if (pattern < best && patterns_[pattern].test(subject, scratch)) best = pattern;
  for (const uint32_t pattern : ungated_) {
    if (pattern >= best) break;
    if (patterns_[pattern].test(subject, scratch)) best = pattern;
  }
  return best;
}

}  // namespace testudo
