#include "expr/prefix_list.h"

namespace testudo::expr {
namespace {

constexpr size_t kFew = 16;

}  // namespace

void PrefixList::add(const Prefix& prefix) {
  if (size_++ < kFew) return few_.add(prefix);
  Group* group = nullptr;
  for (Group& one : groups_)
    if (one.length == prefix.length && one.family == prefix.ip.family) group = &one;
  if (!group) {
    group = &groups_.emplace_back();
    group->length = prefix.length;
    group->family = prefix.ip.family;
  }
  group->addresses.insert(prefix.ip);
}

bool PrefixList::contains(const Ip& ip) const {
  if (few_.contains(ip)) return true;
  for (const Group& group : groups_)
    if (group.family == ip.family && group.addresses.contains(Prefix::of(ip, group.length).ip)) return true;
  return false;
}

}  // namespace testudo::expr
