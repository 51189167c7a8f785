#include "parse/stash_cache.h"

#include <algorithm>

namespace testudo::parse {

void StashCache::configure(const StashOptions& options) {
  if (options == options_) return;
  if (options.strategy != options_.strategy) {
    for (std::list<Entry>& list : lists_) list.clear();
    std::fill(std::begin(size_), std::end(size_), 0);
    index_.clear();
    ranks_.clear();
    bytes_ = once_target_ = 0;
  }
  options_ = options;
  while (size() > options_.size) evict(false);
  once_target_ = std::min(once_target_, options_.size);
  for (const List list : {kOnceGone, kAgainGone})
    while (size_[list] > options_.size) erase(oldest(list));
}

const std::string* StashCache::peek(std::string_view key, TimePoint now) const {
  const auto found = index_.find(key);
  if (found == index_.end() || !resident(found->second) || found->second->expires <= now) return nullptr;
  return &found->second->value;
}

const std::string* StashCache::get(std::string_view key, TimePoint now) {
  const auto found = index_.find(key);
  if (found == index_.end() || !resident(found->second)) return nullptr;
  if (found->second->expires <= now) {
    erase(found->second);
    return nullptr;
  }
  use(found->second);
  return &found->second->value;
}

void StashCache::set(std::string_view key, std::string_view value, TimePoint expires) {
  const auto found = index_.find(key);
  const bool there = found != index_.end() && resident(found->second);
  if (key.size() + value.size() > kMaxBytes) {
    if (there) erase(found->second);  // better nothing than what was true before
    return;
  }
  if (there) {
    const Position entry = found->second;
    bytes_ += value.size() - entry->value.size();
    entry->value = value;
    entry->expires = expires;
    use(entry);
  } else if (found != index_.end()) {
    // Gone lately, and wanted again: the list that it went from was too short.
    const bool again = found->second->list == kAgainGone;
    const size_t step =
        std::max<size_t>(1, again ? size_[kOnceGone] / std::max<size_t>(1, size_[kAgainGone])
                                  : size_[kAgainGone] / std::max<size_t>(1, size_[kOnceGone]));
    once_target_ =
        again ? once_target_ - std::min(step, once_target_) : std::min(options_.size, once_target_ + step);
    erase(found->second);
    if (size() >= options_.size) evict(again);
    insert(key, value, expires, kAgain);
  } else {
    if (options_.strategy == StashStrategy::arc) {
      // What is remembered of the past, values or not, is at most twice the size.
      if (size_[kOnce] + size_[kOnceGone] >= options_.size) {
        if (size_[kOnceGone]) erase(oldest(kOnceGone));
      } else if (size() + size_[kOnceGone] + size_[kAgainGone] >= 2 * options_.size && size_[kAgainGone]) {
        erase(oldest(kAgainGone));
      }
    }
    if (size() >= options_.size) evict(false);
    insert(key, value, expires, kOnce);
  }
  while (bytes_ > kMaxBytes && size() > 1) evict(false);
}

void StashCache::use(Position entry) {
  if (options_.strategy == StashStrategy::lfu) {
    ranks_.erase(entry->rank);
    entry->rank = {entry->rank.first + 1, ++uses_};
    ranks_.emplace(entry->rank, entry);
  }
  move(entry, options_.strategy == StashStrategy::arc ? kAgain : kOnce);
}

void StashCache::move(Position entry, List to) {
  --size_[entry->list];
  lists_[to].splice(lists_[to].begin(), lists_[entry->list], entry);
  entry->list = to;
  ++size_[to];
}

void StashCache::erase(Position entry) {
  bytes_ -= entry->key.size() + entry->value.size();
  if (options_.strategy == StashStrategy::lfu) ranks_.erase(entry->rank);
  index_.erase(entry->key);
  --size_[entry->list];
  lists_[entry->list].erase(entry);
}

void StashCache::insert(std::string_view key, std::string_view value, TimePoint expires, List list) {
  lists_[list].push_front({std::string(key), std::string(value), expires, list, {1, ++uses_}});
  const Position entry = lists_[list].begin();
  index_.emplace(entry->key, entry);
  if (options_.strategy == StashStrategy::lfu) ranks_.emplace(entry->rank, entry);
  ++size_[list];
  bytes_ += key.size() + value.size();
}

void StashCache::evict(bool wanted_again) {
  if (options_.strategy == StashStrategy::lfu) return erase(ranks_.begin()->second);
  if (options_.strategy == StashStrategy::lru) return erase(oldest(kOnce));
  const bool once = size_[kOnce] > 0 && (size_[kOnce] > once_target_ || size_[kAgain] == 0 ||
                                         (wanted_again && size_[kOnce] == once_target_));
  evict_oldest(once ? kOnce : kAgain, once ? kOnceGone : kAgainGone);
}

void StashCache::evict_oldest(List from, List to) {
  const Position entry = oldest(from);
  if (bytes_ > kMaxBytes) return erase(entry);  // keys alone fill memory as well
  bytes_ -= entry->value.size();
  entry->value = {};
  move(entry, to);
}

}  // namespace testudo::parse
