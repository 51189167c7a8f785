// detect/window.h: how much of a queue a condition can see, so that it need not be shown all of it.
//
// Conditions of slow attacks look at the last few events (`queue.Queue[-4:]`), or at the last few of those
// that pass a filter, in buckets that hold hundreds. Evaluated over the whole queue each event would cost as
// much as the queue is long. A condition has a window when the queue occurs in it only as `len(X) >= n`,
// `X[-k]` and `X[-k:]`, where X is queue.Queue itself, or everywhere the same `filter(queue.Queue, {P})`: it
// then has the same value when it sees only the last events, or the last that pass P. Two of its operands can
// be answered without evaluation at all: a length that is not reached, a median interval that is too short.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "model/slots.h"

namespace testudo::detect {

struct Window {
  static constexpr uint32_t kMost = 64;

  uint32_t size = 0;      ///< events that decide
  std::string predicate;  ///< P, as a filter's closure has it; "" = all events count
  /// P when it is one equality of a field: compared without evaluation.
  std::optional<SlotRef> equal_slot;
  std::string equal_text;

  uint32_t least = 0;  ///< with fewer events the condition is false
  /// It is false as well while the median interval of the last `median_of` events is not longer than this
  /// (`median_equal`: shorter than this). 0 = nothing known.
  uint32_t median_of = 0;
  Duration median{};
  bool median_equal = false;
  /// The two say all: with `least` events and a long enough median it is true. Then `least` is not below
  /// median_of.
  bool complete = false;
};

/// Nothing when the condition may look at the whole queue.
std::optional<Window> window_of(std::string_view condition, const SlotNames& names);

/// Do the kept events that it reads need all their fields (a computed name, a whole map)?
bool reads_all_fields(std::string_view text);

}  // namespace testudo::detect
