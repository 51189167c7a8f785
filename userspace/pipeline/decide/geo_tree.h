// decide/geo_tree.h: one walk over a MaxMind-format tree. For geo_scope.cpp alone: libmaxminddb stays in
// geo_tree.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace testudo {

struct GeoFound {
  std::vector<Prefix> prefixes;  ///< empty when there are more than asked for
  size_t count = 0;
};

/// Value → its prefixes, sorted; a value that the database does not hold is missing. `by_country`: values are
/// two letters; else numbers of AS. Errors: not_found, io, corrupt.
Result<std::map<std::string, GeoFound>> read_geo_tree(const std::string& path, bool by_country,
                                                      const std::vector<std::string>& values, size_t most);

}  // namespace testudo
