#include "decide/silent_bans.h"

#include <algorithm>

namespace testudo {

bool SilentBans::suspect(const Ip& address, SilentBan ban, TimePoint now) {
  const auto known = asked_.find(address);
  if (known != asked_.end() && now - known->second < kAgain) return false;
  if (asked_.size() >= kMostKnown)
    std::erase_if(asked_, [&](const auto& row) { return now - row.second >= kAgain; });
  if (asked_.size() >= kMostKnown || waiting_.size() >= kMostWaiting) return false;
  asked_[address] = now;
  waiting_.emplace_back(address, std::move(ban));
  return true;
}

std::vector<std::pair<Ip, SilentBan>> SilentBans::take(size_t most) {
  std::vector<std::pair<Ip, SilentBan>> out;
  while (!waiting_.empty() && out.size() < most) {
    out.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return out;
}

void SilentBans::tell(const Ip& address, SilentBan ban) {
  std::erase_if(told_, [&](const auto& row) { return row.first == address; });
  told_.emplace_front(address, std::move(ban));
  if (told_.size() > kMostTold) told_.pop_back();
}

std::vector<SilentBan> SilentBans::told() const {
  std::vector<SilentBan> out;
  for (const auto& [address, ban] : told_) out.push_back(ban);
  return out;
}

std::optional<SilentBan> SilentBans::about(const Ip& address) const {
  for (const auto& [one, ban] : told_)
    if (one == address) return ban;
  return std::nullopt;
}

}  // namespace testudo
