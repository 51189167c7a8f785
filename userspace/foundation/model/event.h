// model/event.h: one log line (or one overflow) on its way through parse and detect.
//
// Made once per worker and reused: reset() makes it empty without touching the slots, which carry the epoch
// in which they were written. Every view points into the line's buffer, into `arena`, into the compiled
// program or into loaded data; it is valid until the next reset(). A bucket that wants to keep something
// copies it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "base/time.h"
#include "model/slots.h"
#include "model/value.h"

namespace testudo {

struct Overflow;  // model/alert.h

/// A map of string → string with numbered keys. Absent reads as "", has() tells absent from empty.
class FieldBag {
 public:
  void resize(size_t slots) {
    slots_.resize(slots);
    order_.resize(slots);
  }
  void clear() {
    count_ = 0;
    if (!extra_.empty()) extra_.clear();
    if (++epoch_ == 0) forget_epochs();
  }
  std::string_view get(SlotId id) const {
    const Slot& slot = slots_[id];
    return slot.epoch == epoch_ ? std::string_view(slot.text, slot.size) : std::string_view();
  }
  bool has(SlotId id) const { return slots_[id].epoch == epoch_; }
  void set(SlotId id, std::string_view value) {
    Slot& slot = slots_[id];
    if (slot.epoch != epoch_) {
      slot.epoch = epoch_;
      order_[count_++] = id;
    }
    slot.text = value.data();
    slot.size = uint32_t(value.size());
  }
  /// Names unknown at load. `name` must live as long as the event.
  std::string_view get_extra(std::string_view name) const {
    for (const auto& [n, v] : extra_)
      if (n == name) return v;
    return {};
  }
  bool has_extra(std::string_view name) const {
    for (const auto& [n, v] : extra_)
      if (n == name) return true;
    return false;
  }
  void set_extra(std::string_view name, std::string_view value) {
    for (auto& [n, v] : extra_)
      if (n == name) {
        v = value;
        return;
      }
    extra_.emplace_back(name, value);
  }
  std::span<const SlotId> present() const { return {order_.data(), count_}; }  ///< in order of first writing
  const std::vector<std::pair<std::string_view, std::string_view>>& extra() const { return extra_; }
  size_t slots() const { return slots_.size(); }

 private:
  // 16 bytes: most of what a line costs is reading and writing these.
  struct Slot {
    const char* text = nullptr;
    uint32_t size = 0;
    uint32_t epoch = 0;
  };
  /// After 2^32 events an old epoch would seem to be today's.
  void forget_epochs() {
    for (Slot& slot : slots_) slot.epoch = 0;
    epoch_ = 1;
  }
  std::vector<Slot> slots_;
  std::vector<SlotId> order_;  ///< the first count_ of them
  size_t count_ = 0;
  uint32_t epoch_ = 1;
  std::vector<std::pair<std::string_view, std::string_view>> extra_;
};

/// Whether the addresses in a source's lines must have been seen on this host's wire before anybody is banned
/// for them (decide/witness.h). Bits, so that a bucket gathers those of its events.
namespace witness {
inline constexpr uint8_t kOff = 0;        ///< never: the service runs elsewhere, or it is a replay
inline constexpr uint8_t kByService = 1;  ///< where the service is known to be TCP and of this host
inline constexpr uint8_t kAlways = 2;
}  // namespace witness

/// What an acquisition source says about all of its lines; owned by acquire, outlives every event.
struct SourceInfo {
  uint32_t id = 0;
  std::string type;  ///< datasource type, evt.Line.Module: "file", "journalctl"
  std::string name;  ///< evt.Line.Src: path, filter
  std::vector<std::pair<std::string, std::string>> labels;  ///< evt.Line.Labels
  bool log_time = false;  ///< replay, or use_time_machine: events use their own stamps
  std::string timezone;   ///< zone of stamps that name none, as in Europe/Berlin; "" = the system's
  std::string transform;  ///< expression that rewrites or splits a line before it is parsed; "" = none
  Where transform_where;  ///< of its first character
  uint8_t witness = witness::kOff;
  std::string_view label(std::string_view key) const {
    for (const auto& [k, v] : labels)
      if (k == key) return v;
    return {};
  }
};

enum class EventType : uint8_t { log = 0, overflow = 1, appsec = 2 };

struct Event {
  explicit Event(const SlotNames& names) {
    for (int bag = 0; bag < kBags; ++bag) bags[bag].resize(names.size(Bag(bag)));
  }

  EventType type = EventType::log;
  bool log_time = false;  ///< ExpectMode TIMEMACHINE: buckets use marshaled_time
  bool whitelisted = false;
  std::string_view whitelist_reason;
  uint8_t stage = 0;  ///< index in the program's list of stages
  std::string_view stage_name;

  // The line.
  std::string_view raw;
  const SourceInfo* source = nullptr;
  std::string_view src;      ///< evt.Line.Src; usually source->name
  std::string_view module;   ///< evt.Line.Module; usually source->type
  TimePoint arrived{};       ///< evt.Line.Time
  uint64_t line_number = 0;  ///< counts from 1 within the replayed file, or since start

  FieldBag bags[kBags];
  FieldBag& parsed() { return bags[size_t(Bag::parsed)]; }
  FieldBag& meta() { return bags[size_t(Bag::meta)]; }
  FieldBag& enriched() { return bags[size_t(Bag::enriched)]; }
  std::string_view get(SlotRef ref) const { return bags[size_t(ref.bag)].get(ref.index); }
  void set(SlotRef ref, std::string_view value) { bags[size_t(ref.bag)].set(ref.index, value); }

  /// evt.Unmarshaled: keys are written by UnmarshalJSON and ParseKV.
  std::vector<std::pair<std::string_view, Value>> unmarshaled;

  TimePoint time{};  ///< evt.Time
  std::string_view str_time, str_time_format, marshaled_time;
  /// marshaled_time as a number, when has_log_stamp; set by ParseDate.
  TimePoint log_stamp{};
  bool has_log_stamp = false;

  /// Another address in the line could be taken for the source just as well (design: a log line is no
  /// witness).
  bool ambiguous = false;

  Overflow* overflow = nullptr;  ///< only for overflow events; postoverflows write through it

  Arena arena;
  /// Another number after each reset(): what was computed from this event's texts is known by it.
  uint64_t epoch = 1;

  void reset() {
    ++epoch;
    type = EventType::log;
    log_time = whitelisted = has_log_stamp = ambiguous = false;
    whitelist_reason = stage_name = raw = src = module = str_time = str_time_format = marshaled_time = {};
    stage = 0;
    source = nullptr;
    for (FieldBag& bag : bags) bag.clear();
    unmarshaled.clear();
    time = log_stamp = arrived = TimePoint{};
    overflow = nullptr;
    arena.reset();
  }
};

}  // namespace testudo
