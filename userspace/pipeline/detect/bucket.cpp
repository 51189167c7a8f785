#include "detect/bucket.h"

#include "base/text.h"

namespace testudo::detect {

namespace {
uint64_t& secret() {
  static uint64_t seed = process_secret();
  return seed;
}
}  // namespace

uint64_t SeenSet::seed() { return secret(); }
void SeenSet::set_seed(uint64_t seed) { secret() = seed; }

std::vector<uint64_t> SeenSet::hashes() const {
  if (many_.empty()) return few_;
  return {many_.begin(), many_.end()};
}

void SeenSet::restore(const std::vector<uint64_t>& hashes) {
  few_.clear();
  many_.clear();
  if (hashes.size() <= 64)
    few_ = hashes;
  else
    many_.insert(hashes.begin(), hashes.end());
}

bool SeenSet::insert(std::string_view value) {
  const uint64_t h = table_hash(value, secret());
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
