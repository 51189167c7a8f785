// parse/stash.h: what one line leaves for later ones: `stash:` of nodes, GetFromStash and SetInStash.
//
// One Stash for all workers, owned by the engine; it outlives reloads. Caches are known by name, for all
// nodes alike. What a line finds depends on the lines before it, so lines must come to the stash in their
// order: each worker asks its StashTurn before it touches the stash for the first time in a batch.
//
// The clock is RunContext::enrich.today: in live mode the arrival of the batch, in a replay a moment that
// stands still. So a replay forgets by size alone, as one that takes no time would, and gives the same result
// on a slow machine as on a fast one.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "parse/stash_cache.h"

namespace testudo::parse {

/// Makes a worker wait until all lines before its batch have been parsed.
struct StashTurn {
  virtual ~StashTurn() = default;
  /// Called once for a batch, before its first use of the stash; a second look at a line may call it again.
  virtual void before_stash() = 0;
};

/// A cache as content declares it.
struct StashDeclaration {
  std::string name;
  StashOptions options;
};

class Stash {
 public:
  /// Content was loaded: caches get their sizes, those that nobody declares any more are forgotten.
  void declare(const std::vector<StashDeclaration>& caches);

  /// False when no such cache was declared. `ttl` zero: that of the declaration.
  bool set(std::string_view cache, std::string_view key, std::string_view value, TimePoint now,
           Duration ttl = {});
  /// Copies the value into `arena`; "" when it is not there. With `notice` false it does not count as a use.
  std::string_view get(std::string_view cache, std::string_view key, TimePoint now, bool notice,
                       Arena& arena);

  size_t entries(std::string_view cache) const;

 private:
  mutable std::mutex mutex_;  // order comes from StashTurn; this is for entries() and for careless callers
  std::map<std::string, StashCache, std::less<>> caches_;
};

}  // namespace testudo::parse
