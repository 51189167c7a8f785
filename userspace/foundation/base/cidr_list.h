// base/cidr_list.h: a short list of networks, compared word by word. A whitelist has five; a table that is
// searched would cost more.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/ip.h"

namespace testudo {

class CidrList {
 public:
  void add(const Prefix& prefix) {
    Ip ones = prefix.ip;
    ones.bytes.fill(0xff);
    const Words address = words(prefix.ip), mask = words(Prefix::of(ones, prefix.length).ip);
    rows_.push_back({address, mask, prefix.ip.family});
  }
  bool empty() const { return rows_.empty(); }
  bool contains(const Ip& ip) const {
    const Words address = words(ip);
    return std::any_of(rows_.begin(), rows_.end(), [&](const Row& row) {
      return row.family == ip.family && ((address.high ^ row.address.high) & row.mask.high) == 0 &&
             ((address.low ^ row.address.low) & row.mask.low) == 0;
    });
  }

 private:
  struct Words {
    uint64_t high = 0, low = 0;
  };
  struct Row {
    Words address, mask;
    Family family;
  };
  static Words words(const Ip& ip) {
    Words out;
    std::memcpy(&out.high, ip.bytes.data(), 8);
    std::memcpy(&out.low, ip.bytes.data() + 8, 8);
    return out;
  }
  std::vector<Row> rows_;
};

}  // namespace testudo
