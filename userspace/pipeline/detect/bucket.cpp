#include "detect/bucket.h"

#include <random>

#include "base/text.h"

namespace testudo::detect {

bool SeenSet::insert(std::string_view value) {
  static const uint64_t seed = (uint64_t(std::random_device{}()) << 32) | std::random_device{}();
  const uint64_t h = stable_hash(value, seed);
  if (many_.empty()) {
    for (uint64_t seen : few_)
      if (seen == h) return false;
    if (few_.size() < 64) {
      few_.push_back(h);
      return true;
    }
    many_.insert(few_.begin(), few_.end());
  }
  if (many_.size() >= 65536) return false;
  return many_.insert(h).second;
}

}  // namespace testudo::detect
