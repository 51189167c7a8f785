// detect/event_image.h: what outlives an event: its Meta, and the slots that alerts, conditions and contexts
// read.
//
// One block without pointers: header, fields, text. The matcher makes it in the batch's arena; the first
// shard bucket that keeps the event copies the block as it is, and all buckets of the shard share that copy.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/time.h"
#include "expr/expr.h"
#include "model/alert.h"
#include "model/event.h"

namespace testudo::detect {

struct ScenarioSet;

class EventImage {
 public:
  /// A stranger's path or name may have 64 KiB; an alert needs no more than this of it.
  static constexpr size_t kMaxValue = 2048;
  /// Of all values of one event together; what comes after is cut.
  static constexpr size_t kMaxText = 256 * 1024;

  using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;
  /// Reads the event as it is now. `more` travels with it (values of alert contexts that must be computed
  /// early). Lives as long as `arena`.
  static const EventImage* make(const Event& event, const ScenarioSet& set, const Pairs& more, Arena& arena);
  /// The same, but only what is needed when alerts show no events (ScenarioSet::needs).
  static const EventImage* make_brief(const Event& event, const ScenarioSet& set, Arena& arena);

  uint32_t bytes() const { return bytes_; }
  TimePoint time() const { return from_unix_nanos(time_); }  ///< evt.Time
  std::string_view marshaled_time() const { return {text(), stamp_size_}; }
  bool overflow() const { return overflow_ != 0; }

  uint32_t fields() const { return fields_; }
  SlotRef slot(uint32_t i) const { return {Bag(field(i).bag), field(i).index}; }
  std::string_view value(uint32_t i) const { return text_of(field(i)); }
  std::string_view get(SlotRef wanted) const {
    for (uint32_t i = 0; i < fields_; ++i)
      if (field(i).index == wanted.index && field(i).bag == uint8_t(wanted.bag)) return value(i);
    return {};
  }
  /// Pairs of name and value: Meta whose names are known only at run time, and (names that begin with
  /// kHidden) what else travels with the event.
  static constexpr char kHidden = '\x01';
  uint32_t extras() const { return extras_; }
  std::pair<std::string_view, std::string_view> extra(uint32_t i) const {
    return {text_of(field(fields_ + 2 * i)), text_of(field(fields_ + 2 * i + 1))};
  }
  /// Of an overflow that is poured again: its sources.
  uint32_t sources() const { return sources_; }
  AlertSource source(uint32_t i) const;

  /// As conditions see it: these fields, or all of them (null). `out` is reused.
  void kept(expr::KeptEvent& out, const std::vector<SlotRef>* only) const;

  /// Of a shard's copy.
  uint32_t references = 0;

  /// Puts an image together; used for events and by snapshots.
  struct Parts {
    TimePoint time{};
    std::string_view marshaled_time;
    bool overflow = false;
    std::vector<std::pair<SlotRef, std::string_view>> fields;
    Pairs extras;
    std::vector<AlertSource> sources;
    void clear() {
      fields.clear();
      extras.clear();
      sources.clear();
    }
  };
  static const EventImage* make(const Parts& parts, Arena& arena);

 private:
  struct Field {
    uint16_t index;
    uint8_t bag;
    uint8_t unused;
    uint32_t place;  ///< offset into the text << 12 | size
  };
  static constexpr uint32_t kSourceFields = 8;
  static_assert(kMaxValue < (1u << 12) && kMaxText + 65536 < (1u << 20));
  class Writer;
  static const EventImage* of(const Event& event, const std::vector<SlotRef>& slots, Arena& arena);
  static const EventImage* with_parts(const Event& event, const std::vector<SlotRef>& slots, Parts& parts,
                                      Arena& arena);

  const Field& field(uint32_t i) const { return reinterpret_cast<const Field*>(this + 1)[i]; }
  uint32_t all_fields() const { return fields_ + 2u * extras_ + kSourceFields * sources_; }
  const char* text() const {
    return reinterpret_cast<const char*>(reinterpret_cast<const Field*>(this + 1) + all_fields());
  }
  std::string_view text_of(const Field& f) const { return {text() + (f.place >> 12), f.place & 0xfffu}; }

  uint32_t bytes_ = 0;
  int64_t time_ = 0;
  uint16_t fields_ = 0, extras_ = 0;
  uint8_t sources_ = 0, overflow_ = 0;
  uint8_t stamp_size_ = 0;
};

}  // namespace testudo::detect
