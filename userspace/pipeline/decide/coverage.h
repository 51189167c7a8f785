// decide/coverage.h: sorted lists of prefixes: what they hold, and how many addresses of IPv4 several cover
// together, overlaps counted once.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ip.h"

namespace testudo {

/// The order of long lists: IPv4 first, then by address, so that a search stays within its family.
bool prefix_before(const Prefix& a, const Prefix& b);
/// Whether `prefix` overlaps one of them; they are in that order and disjoint. O(log n).
bool touches(const std::vector<Prefix>& sorted, const Prefix& prefix);

inline constexpr uint64_t kAllOfIpv4 = uint64_t(1) << 32;

/// Addresses of one prefix; 0 for IPv6.
uint64_t addresses4(const Prefix& prefix);
/// Sum over prefixes that do not overlap.
uint64_t addresses4(const std::vector<Prefix>& disjoint);

/// The exact size of the union. O(n log n) over all prefixes.
uint64_t union4(const std::vector<const std::vector<Prefix>*>& lists);

}  // namespace testudo
