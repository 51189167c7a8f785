#include "pattern/finder.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "pattern/commonness.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace testudo {
namespace {

constexpr size_t kLooked = 64;  ///< the two bytes are among the first of a long text
constexpr size_t kBlock = 16;

uint32_t four(const char* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

}  // namespace

Finder::Finder(std::string_view wanted, bool any_case) : wanted_(wanted) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  if (any_case && std::any_of(wanted.begin(), wanted.end(), letter)) folds_ = 0x20202020;
  const size_t size = std::min(wanted.size(), kLooked);
  const auto price = [&](size_t at) { return commonness(static_cast<unsigned char>(wanted[at])); };
  if (size < 2) return;
  // Of equals the ones that are furthest apart: neighbours come together more often.
  size_t first = 0, second = size - 1;
  for (size_t at = 0; at < second; ++at)
    if (price(at) < price(first)) first = at;
  for (size_t at = size; at-- > first + 1;)
    if (price(at) < price(second)) second = at;
  first_ = uint32_t(first);
  second_ = uint32_t(second);
  if (size < 4) return;
  probe_at_ = uint32_t(std::min((first + second) / 2, size - 4));
  probe_ = four(wanted.data() + probe_at_) | folds_;
}

bool Finder::is_at(const char* text) const {
  if (folds_ == 0) return std::memcmp(text, wanted_.data(), wanted_.size()) == 0;
  for (size_t i = 0; i < wanted_.size(); ++i)
    if ((text[i] >= 'A' && text[i] <= 'Z' ? char(text[i] | 0x20) : text[i]) != wanted_[i]) return false;
  return true;
}

bool Finder::in_short(std::string_view text) const {
  if (folds_ == 0) return memmem(text.data(), text.size(), wanted_.data(), wanted_.size()) != nullptr;
  for (size_t at = 0; at + wanted_.size() <= text.size(); ++at)
    if (is_at(text.data() + at)) return true;
  return false;
}

bool Finder::in(std::string_view text) const {
  const size_t size = wanted_.size();
  if (size == 0) return true;
  if (size > text.size()) return false;
  if (size == 1 && folds_ == 0) return std::memchr(text.data(), wanted_[0], text.size()) != nullptr;
#if defined(__SSE2__)
  if (size > 1 && text.size() >= second_ + kBlock) return folds_ ? search<true>(text) : search<false>(text);
#endif
  return in_short(text);
}

#if defined(__SSE2__)
// Setting 0x20 makes letters small, and some other bytes equal that are not: is_at() tells.
template <bool kAnyCase>
bool Finder::search(std::string_view text) const {
  const auto wanted = [&](size_t at) { return _mm_set1_epi8(char(wanted_[at] | (kAnyCase ? 0x20 : 0))); };
  const __m128i first = wanted(first_), second = wanted(second_);
  const size_t size = wanted_.size();
  const size_t last_start = text.size() - size;
  const size_t last_block = text.size() - second_ - kBlock;
  const auto block = [&](size_t at) {
    const auto load = [&](size_t from) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + from));
      return kAnyCase ? _mm_or_si128(bytes, _mm_set1_epi8(0x20)) : bytes;
    };
    const __m128i both =
        _mm_and_si128(_mm_cmpeq_epi8(load(at + first_), first), _mm_cmpeq_epi8(load(at + second_), second));
    for (auto places = unsigned(_mm_movemask_epi8(both)); places != 0; places &= places - 1) {
      const size_t start = at + unsigned(std::countr_zero(places));
      if (start > last_start) return false;
      const char* const here = text.data() + start;
      if (size >= 4 && (four(here + probe_at_) | folds_) != probe_) continue;
      if (is_at(here)) return true;
    }
    return false;
  };
  size_t at = 0;
  for (; at <= last_block; at += kBlock)
    if (block(at)) return true;
  // The last starts: in a block that overlaps the one before.
  return at <= last_start && block(last_block);
}
#endif

}  // namespace testudo
