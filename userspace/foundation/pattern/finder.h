// pattern/finder.h: does one text occur in another? For a text that is looked for in many others.
//
// Two bytes of it, the rarest, are compared at 16 places at once, and only where both fit the rest is: about
// a fifth of a nanosecond a byte, whatever the text repeats. (memmem takes one to two.)
#pragma once

#include <cstdint>
#include <string_view>

namespace testudo {

class Finder {
 public:
  Finder() = default;  ///< looks for "", which is everywhere
  /// The bytes of `wanted` must outlive this. In any case: `wanted` is in small letters, and ASCII letters of
  /// the texts may be small or not.
  explicit Finder(std::string_view wanted, bool any_case = false);
  bool in(std::string_view text) const;
  std::string_view wanted() const { return wanted_; }

 private:
  template <bool kAnyCase>
  bool search(std::string_view text) const;
  bool in_short(std::string_view text) const;
  bool is_at(const char* text) const;

  std::string_view wanted_;
  uint32_t folds_ = 0;                 ///< what is set in four bytes of a text before they are compared
  uint32_t first_ = 0, second_ = 0;    ///< places of the two bytes, first_ < second_
  uint32_t probe_ = 0, probe_at_ = 0;  ///< four bytes in between, which tell most near misses from it
};

}  // namespace testudo
