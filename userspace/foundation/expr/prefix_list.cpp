#include "expr/prefix_list.h"

namespace testudo::expr {
namespace {

constexpr size_t kFew = 16;

}  // namespace

void PrefixList::add(const Prefix& prefix) {
  Group* group = nullptr;
  for (Group& one : groups_)
    if (one.length == prefix.length && one.family == prefix.ip.family) group = &one;
  if (!group) {
    group = &groups_.emplace_back();
    group->length = prefix.length;
    group->family = prefix.ip.family;
  }
  ++size_;
  if (group->many.empty() && group->few.size() < kFew) {
    group->few.push_back(prefix);
    return;
  }
  for (const Prefix& one : group->few) group->many.insert(one.ip);
  group->few.clear();
  group->many.insert(prefix.ip);
}

bool PrefixList::contains(const Ip& ip) const {
  for (const Group& group : groups_) {
    if (group.family != ip.family) continue;
    for (const Prefix& one : group.few)
      if (one.contains(ip)) return true;
    if (!group.many.empty() && group.many.contains(Prefix::of(ip, group.length).ip)) return true;
  }
  return false;
}

}  // namespace testudo::expr
