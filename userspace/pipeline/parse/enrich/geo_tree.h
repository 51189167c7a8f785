// parse/enrich/geo_tree.h: the other way through a MaxMind-format database: not from an address to its
// country, but from a country, or an AS, to all of its prefixes, in one walk over the tree.
//
// Neighbours of the same value are one prefix, so that the lists are disjoint and as short as they can be.
// Both families; the places where a tree repeats IPv4 (6to4, mapped, Teredo) are passed over. A file of
// strangers that may be replaced while it is read: it is copied first, and every step is bounded.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace testudo::parse {

struct GeoFound {
  std::vector<Prefix> prefixes;  ///< empty when there are more than asked for
  size_t count = 0;
};

/// Value → its prefixes, in no order; a value that the database does not hold is missing. `by_country`:
/// values are two letters; else numbers of AS. Errors: not_found, io, corrupt.
Result<std::map<std::string, GeoFound>> read_geo_tree(const std::string& path, bool by_country,
                                                      const std::vector<std::string>& values, size_t most);

}  // namespace testudo::parse
