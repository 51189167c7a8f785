// decide/prefix_map.h: values by prefix, with the two questions that matter for matching: what covers this
// prefix, and what lies inside it.
//
// One sorted map, and a count of how often each length occurs: "covers" probes only lengths in use (a
// handful), "inside" walks one contiguous stretch of the map. Not thread-safe.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <utility>

#include "base/ip.h"

namespace testudo {

template <typename T>
class PrefixMap {
 public:
  /// The value at exactly this prefix, made when it is missing.
  T& at(const Prefix& prefix) {
    const auto [it, fresh] = rows_.try_emplace(prefix);
    if (fresh) ++lengths(prefix.ip.family)[prefix.length];
    return it->second;
  }
  T* find(const Prefix& prefix) {
    const auto it = rows_.find(prefix);
    return it == rows_.end() ? nullptr : &it->second;
  }
  const T* find(const Prefix& prefix) const {
    const auto it = rows_.find(prefix);
    return it == rows_.end() ? nullptr : &it->second;
  }
  void erase(const Prefix& prefix) {
    if (rows_.erase(prefix) > 0) --lengths(prefix.ip.family)[prefix.length];
  }
  void clear() {
    rows_.clear();
    lengths_ = {};
  }
  bool empty() const { return rows_.empty(); }
  size_t size() const { return rows_.size(); }
  auto begin() const { return rows_.begin(); }
  auto end() const { return rows_.end(); }

  /// Calls `visit(prefix, value)` for everything that contains `prefix`, itself included, widest first.
  template <typename F>
  void covering(const Prefix& prefix, F visit) const {
    const auto& used = lengths_[prefix.ip.is_v4() ? 0 : 1];
    for (int length = 0; length <= prefix.length; ++length) {
      if (used[length] == 0) continue;
      const auto it = rows_.find(Prefix::of(prefix.ip, length));
      if (it != rows_.end()) visit(it->first, it->second);
    }
  }

  /// The same for everything that lies inside `prefix`, itself left out.
  template <typename F>
  void inside(const Prefix& prefix, F visit) const {
    if (prefix.is_host()) return;
    Ip last = prefix.ip;
    for (int bit = prefix.length; bit < prefix.ip.bits(); ++bit)
      last.bytes[bit / 8] |= uint8_t(0x80u >> (bit % 8));
    // Both families share the order; those of the other one are passed over.
    for (auto it = rows_.lower_bound(Prefix{prefix.ip, 0});
         it != rows_.end() && it->first.ip.bytes <= last.bytes; ++it)
      if (it->first != prefix && prefix.contains(it->first)) visit(it->first, it->second);
  }

  /// Covering and inside: the match rule of allowlists.
  template <typename F>
  void touching(const Prefix& prefix, F visit) const {
    covering(prefix, visit);
    inside(prefix, visit);
  }

 private:
  std::array<uint32_t, 129>& lengths(Family family) { return lengths_[family == Family::v4 ? 0 : 1]; }

  std::map<Prefix, T> rows_;
  std::array<std::array<uint32_t, 129>, 2> lengths_{};
};

}  // namespace testudo
