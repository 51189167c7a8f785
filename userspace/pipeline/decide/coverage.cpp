#include "decide/coverage.h"

#include <algorithm>
#include <iterator>

namespace testudo {

bool prefix_before(const Prefix& a, const Prefix& b) {
  if (a.ip.family != b.ip.family) return a.ip.is_v4();
  return a < b;
}

bool touches(const std::vector<Prefix>& sorted, const Prefix& prefix) {
  const auto behind = std::upper_bound(sorted.begin(), sorted.end(), prefix, prefix_before);
  // The first one behind it may lie inside it, the last one before it may be around it.
  if (behind != sorted.end() && prefix.contains(*behind)) return true;
  return behind != sorted.begin() && std::prev(behind)->overlaps(prefix);
}

uint64_t addresses4(const Prefix& prefix) {
  return prefix.ip.is_v4() ? uint64_t(1) << (32 - prefix.length) : 0;
}

uint64_t addresses4(const std::vector<Prefix>& disjoint) {
  uint64_t sum = 0;
  for (const Prefix& prefix : disjoint) sum += addresses4(prefix);
  return sum;
}

uint64_t union4(const std::vector<const std::vector<Prefix>*>& lists) {
  std::vector<std::pair<uint64_t, uint64_t>> spans;  // first address, first behind it
  for (const auto* list : lists)
    for (const Prefix& prefix : *list)
      if (prefix.ip.is_v4())
        spans.emplace_back(prefix.ip.v4_host_order(), prefix.ip.v4_host_order() + addresses4(prefix));
  std::sort(spans.begin(), spans.end());
  uint64_t sum = 0, covered_to = 0;
  for (const auto& [first, behind] : spans) {
    if (behind <= covered_to) continue;
    sum += behind - std::max(first, covered_to);
    covered_to = behind;
  }
  return sum;
}

}  // namespace testudo
