// detect/keys.h: the numbers by which buckets are found and spread over shards.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/text.h"
#include "detect/pour.h"

namespace testudo::detect {

/// A group value that is longer than this is known by its beginning and its hash.
inline constexpr size_t kMaxGroup = 256;

inline uint64_t mix(uint64_t h) {
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93ULL;
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93ULL;
  return h ^ (h >> 32);
}
/// `seed` is the process's secret where strangers choose the values, and fixed in a replay.
inline uint64_t group_hash(std::string_view group, uint32_t partition, uint64_t seed) {
  // Buckets without a group value (most triggers) would all meet in one shard.
  return group.empty() ? mix(partition + 0x9e3779b97f4a7c15ULL) : table_hash(group, seed);
}
/// Of the groups of a shard: those of events whose source is in doubt are others.
inline uint64_t key_hash(uint64_t group_hash, bool marked) {
  return mix(group_hash + uint64_t(marked) * 0x9e3779b97f4a7c15ULL);
}
inline uint32_t shard_of(uint64_t group_hash, bool ordered) {
  static_assert(kShards == 16);
  return ordered ? kOrdered : uint32_t(group_hash >> 60);
}

}  // namespace testudo::detect
