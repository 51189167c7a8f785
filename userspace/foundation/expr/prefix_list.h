// expr/prefix_list.h: constant prefixes that one address is compared with.
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "base/ip.h"

namespace testudo::expr {

class PrefixList {
 public:
  void add(const Prefix& prefix);
  bool contains(const Ip& ip) const;
  size_t size() const { return size_; }

 private:
  /// Prefixes of one length: few are compared, many are looked up.
  struct Group {
    uint8_t length = 0;
    Family family = Family::v4;
    std::vector<Prefix> few;
    std::unordered_set<Ip, IpHash> many;
  };
  std::vector<Group> groups_;
  size_t size_ = 0;
};

}  // namespace testudo::expr
