// decide/silent_bans.h: addresses that are banned and whose lines keep coming: is anything of them dropped?
//
//   alert of somebody banned for a minute → suspect → (the clock's tick asks the kernel) → drops? fine : told
//
// Each address is asked for once an hour at most; everything is bounded. Not thread-safe.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "decide/decider.h"

namespace testudo {

class SilentBans {
 public:
  static constexpr size_t kMostKnown = 4096, kMostWaiting = 64, kMostTold = 16;
  static constexpr Duration kAgain = 1h;

  /// False when it was asked for within the hour, or when too many are.
  bool suspect(const Ip& address, SilentBan ban, TimePoint now);
  /// Those to ask the kernel for, oldest first; they are taken out.
  std::vector<std::pair<Ip, SilentBan>> take(size_t most);
  void tell(const Ip& address, SilentBan ban);

  std::vector<SilentBan> told() const;  ///< newest first
  std::optional<SilentBan> about(const Ip& address) const;

 private:
  std::map<Ip, TimePoint> asked_;
  std::deque<std::pair<Ip, SilentBan>> waiting_, told_;
};

}  // namespace testudo
