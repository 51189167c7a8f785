// detect/blackholes.h: keys whose next overflows are swallowed for a while (engine-spec §5.6), of one shard.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "detect/flat_index.h"

namespace testudo::detect {

class Blackholes {
 public:
  struct Hole {
    uint64_t hash = 0;
    TimePoint end{};
    uint32_t scenario = UINT32_MAX;  ///< the document that made the bucket; UINT32_MAX = the row is free
    bool marked = false;
    std::string group;
  };
  explicit Blackholes(size_t most) : most_(most) {}

  /// True when an overflow at `t` is swallowed. Otherwise the hole is armed until `t + length`.
  bool swallows(uint32_t scenario, uint64_t key_hash, bool marked, std::string_view group, TimePoint t,
                Duration length);
  void restore(Hole hole);
  size_t size() const { return index_.size(); }
  const std::vector<Hole>& rows() const { return holes_; }

 private:
  static uint64_t hash_of(uint32_t scenario, uint64_t key_hash);
  uint32_t find(const Hole& like, std::string_view group) const;
  void make_room(TimePoint t);
  void add(Hole&& hole);
  void erase(uint32_t row);

  size_t most_;
  std::vector<Hole> holes_;
  std::vector<uint32_t> free_;
  FlatIndex index_;
  size_t purge_at_ = 64;
};

}  // namespace testudo::detect
