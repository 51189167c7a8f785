// decide/known_uuids.h: alerts that were decided already. An alert's uuid is a function of its lines, so
// lines that are read twice (after a crash) alert twice and decide once. The newest 200,000 are remembered.
#pragma once

#include <deque>
#include <string>
#include <unordered_set>

namespace testudo {

class KnownUuids {
 public:
  bool contains(const std::string& uuid) const { return known_.contains(uuid); }
  void insert(const std::string& uuid) {
    if (!known_.insert(uuid).second) return;
    order_.push_back(uuid);
    if (order_.size() <= kMost) return;
    known_.erase(order_.front());
    order_.pop_front();
  }

 private:
  static constexpr size_t kMost = 200'000;
  std::unordered_set<std::string> known_;
  std::deque<std::string> order_;
};

}  // namespace testudo
