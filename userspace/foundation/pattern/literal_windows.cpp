#include "pattern/literal_windows.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "pattern/commonness.h"

namespace testudo {
namespace {

// Windows behind this byte are not looked at: enough to choose from, and the choice stays quick.
constexpr size_t kLooked = 96;
constexpr uint32_t kCrowded = 4;  ///< a bucket that has so many literals costs more than a common window

uint32_t window_at(std::string_view text, size_t at, size_t width, bool fold) {
  uint32_t window = 0;
  std::memcpy(&window, text.data() + at, width);
  return fold ? window | (width == 2 ? 0x2020u : 0x20202020u) : window;
}

}  // namespace

LiteralWindows::LiteralWindows(size_t width, bool fold, std::vector<LiteralWindow> literals,
                               std::string_view texts)
    : all_(std::move(literals)) {
  if (all_.empty()) return;
  // One or two buckets for each literal; of the windows at most one in 16 is known, of few literals one
  // in 64.
  const unsigned bucket_bits = unsigned(std::bit_width(all_.size()));
  const unsigned hash_bits = std::max(8u, bucket_bits + (bucket_bits <= 9 ? 6 : 4));
  head_shift_ = 32 - bucket_bits;
  known_shift_ = 32 - hash_bits;

  const auto text_of = [&](const LiteralWindow& one) { return texts.substr(one.text, one.size); };
  const auto last_window = [&](const LiteralWindow& one) {
    return std::min<size_t>(one.size, kLooked) - width;
  };
  // A window that many literals have is common in the texts, too: they were written for such texts.
  std::vector<uint16_t> seen(1u << 16);
  for (const LiteralWindow& one : all_)
    for (size_t at = 0; at <= last_window(one); ++at) {
      uint16_t& count = seen[mix(window_at(text_of(one), at, width, fold)) >> 16];
      if (count < UINT16_MAX) ++count;
    }

  // The shortest choose first, they have the smallest choice.
  std::sort(all_.begin(), all_.end(), [](const LiteralWindow& a, const LiteralWindow& b) {
    return a.size != b.size ? a.size < b.size : a.text < b.text;
  });
  std::vector<uint16_t> taken(size_t{1} << bucket_bits);
  for (LiteralWindow& one : all_) {
    uint64_t best = UINT64_MAX;
    for (size_t at = 0; at <= last_window(one); ++at) {
      const uint32_t window = window_at(text_of(one), at, width, fold);
      uint32_t price = 0;
      for (size_t i = 0; i < width; ++i)
        price += commonness(static_cast<unsigned char>(text_of(one)[at + i]));
      const uint32_t others = taken[mix(window) >> head_shift_];
      price += 2 * std::min<uint32_t>(seen[mix(window) >> 16], 32);
      price += others <= kCrowded ? others : 100 * others;
      if (price >= best) continue;
      best = price;
      one.window = window;
      one.offset = uint16_t(at);
    }
    uint16_t& others = taken[mix(one.window) >> head_shift_];
    if (others < UINT16_MAX) ++others;
    const size_t last = one.size - width;
    one.end_offset = uint16_t(2u * one.offset >= last ? 0 : std::min<size_t>(last, UINT16_MAX));
    one.end = window_at(text_of(one), one.end_offset, width, false) | one.folds;
  }

  std::stable_sort(all_.begin(), all_.end(), [&](const LiteralWindow& a, const LiteralWindow& b) {
    return mix(a.window) < mix(b.window);
  });
  heads_.assign((size_t{1} << bucket_bits) + 1, 0);
  known_.assign(size_t{1} << hash_bits, 0);
  for (const LiteralWindow& one : all_) {
    ++heads_[(mix(one.window) >> head_shift_) + 1];
    known_[mix(one.window) >> known_shift_] = 1;
  }
  for (size_t i = 1; i < heads_.size(); ++i) heads_[i] += heads_[i - 1];
  all_.shrink_to_fit();
}

size_t LiteralWindows::longest_bucket() const {
  size_t longest = 0;
  for (size_t i = 1; i < heads_.size(); ++i) longest = std::max<size_t>(longest, heads_[i] - heads_[i - 1]);
  return longest;
}

size_t LiteralWindows::bytes() const {
  return known_.capacity() + heads_.capacity() * sizeof(heads_[0]) + all_.capacity() * sizeof(all_[0]);
}

}  // namespace testudo
