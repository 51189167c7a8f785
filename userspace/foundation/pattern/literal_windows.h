// pattern/literal_windows.h: which literals may lie where a text shows this window of two or four bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace testudo {

/// One literal, found by the `window` at its byte `offset`.
struct LiteralWindow {
  uint32_t window = 0;
  uint32_t id = 0;
  uint32_t text = 0;  ///< where its bytes begin among those of all literals
  uint32_t size = 0;
  uint32_t folds =
      0;             ///< what is set in bytes of a text before they are compared with `end`: 0x20 each, or 0
  uint32_t end = 0;  ///< a second window, far from the first: most false alarms end here, before the
                     ///< literal's bytes are fetched
  uint16_t offset = 0, end_offset = 0;
};

class LiteralWindows {
 public:
  LiteralWindows() = default;
  /// Chooses windows of `width` bytes for each literal, then sorts them into buckets. With `fold` the first
  /// window is compared without regard to case, whether the literal is or not.
  LiteralWindows(size_t width, bool fold, std::vector<LiteralWindow> literals, std::string_view texts);

  bool empty() const { return all_.empty(); }
  std::span<const LiteralWindow> all() const { return all_; }
  /// 0: no literal has this window. 1 for up to one window in 16 that none has. A byte for each answer, since
  /// picking a bit out of a word costs more than what a table of a quarter of the size saves.
  uint32_t maybe(uint32_t window) const { return known_[mix(window) >> known_shift_]; }
  std::span<const LiteralWindow> bucket(uint32_t window) const {
    const uint32_t at = mix(window) >> head_shift_;
    return {all_.data() + heads_[at], heads_[at + 1] - heads_[at]};
  }
  size_t longest_bucket() const;
  size_t bytes() const;

 private:
  static uint32_t mix(uint32_t window) { return window * 0x9E3779B1u; }

  std::vector<uint8_t> known_;
  std::vector<uint32_t> heads_;  ///< bucket i is all_[heads_[i] … heads_[i + 1])
  std::vector<LiteralWindow> all_;
  unsigned known_shift_ = 0, head_shift_ = 0;
};

}  // namespace testudo
