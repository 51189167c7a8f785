// decide/geo_scope.h: the prefixes of a country or of an AS, read out of MaxMind-format databases.
//
//   GeoLite2-Country.mmdb, else GeoLite2-City.mmdb      GeoLite2-ASN.mmdb      in paths.data
//
// One walk over a database finds the prefixes of every country that is asked for (parse/enrich/geo_tree.h).
//
// Answers are kept until the file is another one. Any thread may call.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace testudo {

/// Scopes whose values are many prefixes: "Country", "AS".
bool is_geo_scope(std::string_view scope);
/// "fr" → "FR", "as64496" → "64496"; "" when it names no country or AS.
std::string geo_value(std::string_view scope, std::string_view value);

class GeoScopes {
 public:
  using List = std::shared_ptr<const std::vector<Prefix>>;
  struct Key {
    std::string scope, value;  ///< value as geo_value() gives it
    auto operator<=>(const Key&) const = default;
  };

  /// Lists with more than `most` prefixes are refused.
  GeoScopes(std::string folder, size_t most) : folder_(std::move(folder)), most_(most) {}

  /// Sorted, disjoint, minimal. A walk over the file unless it is known: up to a second for a whole database.
  /// Errors: not_found ("no database for Country", or it has none of that name), bad_input (no country's
  /// name), too_large (says how many), corrupt.
  Result<List> prefixes(std::string_view scope, std::string_view value);
  /// Learns all of them in one walk a file, for those who ask for each afterwards.
  void learn(const std::vector<Key>& keys);

  /// True when a file is another than at the last call (the first call only looks): what was known is
  /// forgotten then.
  bool changed();

 private:
  struct Stamp {
    ino_t inode = 0;
    off_t size = -1;
    int64_t written_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  std::string file_of(std::string_view scope) const;
  static Stamp stamp_of(const std::string& path);
  void walk(const std::string& scope, const std::set<std::string>& values);
  void forget_surplus();

  const std::string folder_;
  const size_t most_;
  std::mutex mutex_;
  std::map<Key, Result<List>> known_;
  std::map<std::string, Stamp> stamps_;  ///< by path
};

}  // namespace testudo
