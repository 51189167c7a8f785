#include "pattern/regex_set.h"

#include "pattern/regex_scratch.h"

namespace testudo {

void RegexSet::add(Regex pattern) {
  const auto index = uint32_t(patterns_.size());
  for (const std::string& literal : pattern.required_literals()) {
    const uint32_t id = literals_.add(literal);
    if (by_literal_.size() <= id) by_literal_.resize(id + 1);
    by_literal_[id].push_back(index);
  }
  if (pattern.required_literals().empty()) always_.push_back(index);
  patterns_.push_back(std::move(pattern));
}

void RegexSet::finish() { literals_.finish(); }

bool RegexSet::any(std::string_view text, RegexScratch& scratch) const {
  LiteralHits& hits = scratch.impl().hits;
  literals_.scan(text, hits);
  for (const uint32_t literal : hits.found())
    for (const uint32_t index : by_literal_[literal])
      if (patterns_[index].test(text, scratch)) return true;
  for (const uint32_t index : always_)
    if (patterns_[index].test(text, scratch)) return true;
  return false;
}

}  // namespace testudo
