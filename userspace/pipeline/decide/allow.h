// decide/allow.h: who must not be banned, and what the kernel is told of it.
//
// Match rule: same family, and the value lies inside the item or the item inside the value. So a range ban
// that touches one allowlisted address is refused as a whole.
//
// The kernel's table is the union of allowlists, administrators' sessions, own and configured addresses. It
// is computed anew whenever one of them moved, and only differences go out. Not thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "decide/prefix_map.h"
#include "model/decision.h"
#include "store/store.h"

namespace testudo {

class Allowlists {
 public:
  void assign(std::vector<Allowlist> lists);
  const std::vector<Allowlist>& lists() const { return lists_; }

  /// "VALUE from LIST (comment)", sorted by list; items that ended at or before `now` do not count.
  std::vector<std::string> matches(const Prefix& prefix, TimePoint now) const;
  bool touches(const Prefix& prefix, TimePoint now) const;

  /// Forgets items that ended; true when there were any.
  bool expire(TimePoint now);
  std::vector<Prefix> prefixes(TimePoint now) const;

 private:
  struct Hit {
    size_t list, item;
  };
  void index();
  std::vector<Allowlist> lists_;
  PrefixMap<std::vector<Hit>> by_prefix_;
};

/// What the kernel's allow table holds, as last told.
class AllowTable {
 public:
  using Wanted = std::map<Prefix, AllowChange::Reason>;
  /// The way from what was told to `wanted`, which is then remembered. Sets come before clears.
  std::vector<AllowChange> move_to(const Wanted& wanted);
  std::vector<AllowChange> all() const;

 private:
  Wanted told_;
};

}  // namespace testudo
