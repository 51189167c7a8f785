// parse/stash_cache.h: a small map that forgets: the oldest, the least wanted, or by both (ARC).
//
// lru  what was not asked for longest goes first
// lfu  what was asked for least often goes first, the older one among equals
// arc  two lists, of keys seen once and of keys seen again, whose sizes follow what is asked for; keys that
//      went lately are remembered without their values (Megiddo, Modha: ARC, FAST 2003)
//
// Not thread-safe. No clock inside.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/time.h"

namespace testudo::parse {

enum class StashStrategy : uint8_t { lru, lfu, arc };

struct StashOptions {
  StashStrategy strategy = StashStrategy::lru;
  size_t size = 100;  ///< entries, at least 1
  Duration ttl{};
  bool operator==(const StashOptions&) const = default;
};

class StashCache {
 public:
  /// Keys come from log lines: all of them together take no more than this, whatever `size` says.
  static constexpr size_t kMaxBytes = 16 << 20;

  /// Empties the cache when the strategy is another one; a smaller size forgets what is too much.
  void configure(const StashOptions& options);
  const StashOptions& options() const { return options_; }

  /// Keys with values of together more than kMaxBytes are not kept.
  void set(std::string_view key, std::string_view value, TimePoint expires);
  /// Null when it is not there or expired at `now`. Counts as a use. Valid until the next call.
  const std::string* get(std::string_view key, TimePoint now);
  /// The same, and nobody notices.
  const std::string* peek(std::string_view key, TimePoint now) const;

  size_t size() const { return size_[kOnce] + size_[kAgain]; }
  size_t bytes() const { return bytes_; }

 private:
  // lru and lfu use the first list alone.
  enum List : uint8_t { kOnce, kAgain, kOnceGone, kAgainGone, kLists };
  struct Entry {
    std::string key, value;
    TimePoint expires{};
    List list = kOnce;
    std::pair<uint64_t, uint64_t> rank{};  ///< lfu: uses, then the time of the last one
  };
  using Position = std::list<Entry>::iterator;

  void use(Position entry);
  void move(Position entry, List to);
  void erase(Position entry);
  void insert(std::string_view key, std::string_view value, TimePoint expires, List list);
  /// Makes room for one more.
  void evict(bool wanted_again);
  void evict_oldest(List from, List to);
  Position oldest(List list) { return std::prev(lists_[list].end()); }
  bool resident(Position entry) const { return entry->list == kOnce || entry->list == kAgain; }

  StashOptions options_;
  std::list<Entry> lists_[kLists];  ///< newest first
  size_t size_[kLists] = {};
  std::unordered_map<std::string_view, Position> index_;     ///< keys are those of the entries
  std::map<std::pair<uint64_t, uint64_t>, Position> ranks_;  ///< lfu
  uint64_t uses_ = 0;
  size_t once_target_ = 0;  ///< arc: how long kOnce should be
  size_t bytes_ = 0;
};

}  // namespace testudo::parse
