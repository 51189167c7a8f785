// detect/event_copy.h: what a bucket keeps of an event: its Meta and what an alert says of the source.
//
// Made once per event, when the first bucket takes it, and shared by all of them: one block of memory holds
// header, fields and text. The count of references is not atomic: a copy lives in one shard.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "model/event.h"

namespace testudo::detect {

struct ScenarioSet;

class EventCopy {
 public:
  struct Field {
    SlotRef slot;
    uint32_t size;
    uint32_t offset;  ///< into the text
  };
  static EventCopy* make(const Event& event, const ScenarioSet& set, std::string_view t_text);

  /// As it is read back from a snapshot: fields by slot, then pairs of name and value.
  static EventCopy* make(std::string_view t_text,
                         const std::vector<std::pair<SlotRef, std::string_view>>& fields,
                         const std::vector<std::pair<std::string_view, std::string_view>>& extras);

  std::string_view timestamp() const { return {text(), stamp_size_}; }
  uint32_t fields() const { return fields_; }
  const Field& field(uint32_t i) const { return reinterpret_cast<const Field*>(this + 1)[i]; }
  std::string_view value(const Field& f) const { return {text() + f.offset, f.size}; }
  std::string_view get(SlotRef slot) const {
    for (uint32_t i = 0; i < fields_; ++i)
      if (field(i).slot == slot) return value(field(i));
    return {};
  }
  /// Names known only at run time: (name, value) pairs behind the fields.
  uint32_t extras() const { return extras_; }
  std::pair<std::string_view, std::string_view> extra(uint32_t i) const {
    const Field& name = field(fields_ + 2 * i);
    const Field& val = field(fields_ + 2 * i + 1);
    return {value(name), value(val)};
  }

  void retain() { ++references_; }
  void release() {
    if (--references_ > 0) return;
    live_bytes_.fetch_sub(bytes_, std::memory_order_relaxed);
    std::free(this);
  }
  /// Of all copies in the process.
  static int64_t live_bytes() { return live_bytes_.load(std::memory_order_relaxed); }

 private:
  const char* text() const {
    return reinterpret_cast<const char*>(reinterpret_cast<const Field*>(this + 1) + fields_ + 2 * extras_);
  }
  char* text() { return const_cast<char*>(static_cast<const EventCopy*>(this)->text()); }
  uint32_t references_ = 0;
  uint32_t fields_ = 0;
  uint32_t extras_ = 0;
  uint32_t stamp_size_ = 0;
  int64_t bytes_ = 0;
  static std::atomic<int64_t> live_bytes_;
};

/// Keeps one reference; `scope_value` is the scenario's own (its scope expression), so it is not in the copy.
struct EventCopyRef {
  EventCopy* copy = nullptr;
  std::string scope_value;
  explicit EventCopyRef(EventCopy* c, std::string scope = {}) : copy(c), scope_value(std::move(scope)) {
    copy->retain();
  }
  EventCopyRef(EventCopyRef&& o) noexcept
      : copy(std::exchange(o.copy, nullptr)), scope_value(std::move(o.scope_value)) {}
  EventCopyRef& operator=(EventCopyRef&& o) noexcept {
    std::swap(copy, o.copy);
    std::swap(scope_value, o.scope_value);
    return *this;
  }
  ~EventCopyRef() {
    if (copy) copy->release();
  }
};

}  // namespace testudo::detect
