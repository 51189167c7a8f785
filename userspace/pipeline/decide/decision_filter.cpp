// decide/decision_filter.cpp: the filters of /v1/decisions applied in memory; the store does the same in SQL.
#include <algorithm>

#include "base/text.h"
#include "decide/active.h"

namespace testudo {

namespace {

bool contains_any(const std::string& text, const std::vector<std::string>& words) {
  const std::string low = lower_ascii(text);
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return low.find(lower_ascii(word)) != std::string::npos;
  });
}

bool is_one_of(const std::string& text, const std::vector<std::string>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

}  // namespace

bool matches(const DecisionFilter& f, const Decision& d) {
  if (f.id && *f.id != d.id) return false;
  if (!f.include_simulated && d.simulated) return false;
  if (!f.scopes.empty() && std::none_of(f.scopes.begin(), f.scopes.end(), [&](const std::string& scope) {
        return normalize_scope(scope) == d.scope;
      }))
    return false;
  if (!f.origins.empty() && !is_one_of(d.origin, f.origins)) return false;
  if (!f.uuids.empty() && !is_one_of(d.uuid, f.uuids)) return false;
  if (!f.value.empty() && f.value != d.value) return false;
  if (!f.type.empty() && f.type != d.type) return false;
  if (!f.scenario.empty() && f.scenario != d.scenario) return false;
  if (!f.scenarios_containing.empty() && !contains_any(d.scenario, f.scenarios_containing)) return false;
  if (!f.scenarios_not_containing.empty() && contains_any(d.scenario, f.scenarios_not_containing))
    return false;
  if (f.range) {
    if (!d.prefix) return false;
    if (f.contains ? !d.prefix->contains(*f.range) : !f.range->contains(*d.prefix)) return false;
  }
  return true;
}

}  // namespace testudo
