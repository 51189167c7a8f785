// expr/prefix_list.h: constant prefixes that one address is compared with.
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "base/cidr_list.h"
#include "base/ip.h"

namespace testudo::expr {

class PrefixList {
 public:
  void add(const Prefix& prefix);
  bool contains(const Ip& ip) const;
  size_t size() const { return size_; }

 private:
  /// Prefixes of one length.
  struct Group {
    uint8_t length = 0;
    Family family = Family::v4;
    std::unordered_set<Ip, IpHash> addresses;
  };
  CidrList few_;               ///< the first ones are compared …
  std::vector<Group> groups_;  ///< … the others looked up
  size_t size_ = 0;
};

}  // namespace testudo::expr
