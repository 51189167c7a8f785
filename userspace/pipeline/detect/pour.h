// detect/pour.h: matcher → shards: which events go into which buckets.
//
// Made in a parse worker for one batch of lines; each of the shards reads its own list. All views point into
// `arena` (or into loaded content), so the batch lives until the last shard has taken it. It does not change
// once it is handed over.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/time.h"
#include "detect/event_image.h"
#include "model/event.h"

namespace testudo::detect {

/// Always this many, however many threads there are: results (evictions too) depend on it.
inline constexpr uint32_t kShards = 16;
/// The list of scenarios that may accept overflows: fed in the order of lines.
inline constexpr uint32_t kOrdered = kShards;

/// What every bucket reads comes first: one cache line.
struct alignas(64) PourEvent {
  TimePoint t{};     ///< bucket time: arrival (live) or the log's own
  TimePoint time{};  ///< evt.Time
  /// What buckets, alerts and conditions read of the event. Null where that is its source_ip alone.
  const EventImage* image = nullptr;
  std::string_view t_text;  ///< t as RFC 3339, with the log's offset
  int16_t offset = 0;       ///< that offset, minutes
  bool log_time = false;    ///< replay or late: expiry by log time, no timers
  // Where only the heads of alerts are wanted (ShardOptions::brief):
  bool blank = false;        ///< nothing of it is read once it is in a bucket (ScenarioSet::later)
  bool spoils = false;       ///< it has no source that an alert could name: buckets that hold it give none
  uint8_t witness = 0;       ///< what its source asks for (model/event.h)
  uint16_t rivals_size = 0;  ///< see rivals()
  std::string_view source_ip;

  TimePoint arrived{};  ///< evt.Line.Time
  uint64_t line_number = 0;
  std::string_view raw;  ///< at most 2 KiB of the line
  int64_t read_mono = 0;
  const SourceInfo* source = nullptr;  ///< owned by acquire, outlives every event
  std::string_view src;

  /// Other addresses that a doubtful line could mean, blanks between: they lie right behind `raw`.
  std::string_view rivals() const { return {raw.data() + raw.size(), rivals_size}; }
};
static_assert(sizeof(PourEvent) == 128);

/// What one document of a partition says of an event (distinct, cancel_on …); only of partitions that ask.
struct PourKey {
  std::string_view distinct, scope_value;
  bool has_distinct = false;
  bool cancel = false;     ///< cancel_on was true (where it reads only evt)
  bool condition = false;  ///< condition was true (where it reads only evt)
};

struct PourRecord {
  static constexpr uint32_t kNoKeys = UINT32_MAX;

  uint64_t key_hash = 0;   ///< of (marked, group)
  std::string_view group;  ///< at most 256 bytes (longer ones end in a hash)
  uint32_t order = 0;      ///< position among all records of the batch: overflows come out in this order
  uint32_t event = 0;      ///< row in PourBatch::events
  uint32_t scenario = 0;   ///< row in ScenarioSet: the document whose filter was true
  /// Row in PourBatch::keys of the first of Partition::scenarios.size() keys: a bucket behaves as the
  /// document says that made it, and documents may share one.
  uint32_t keys = kNoKeys;
  bool marked = false;  ///< the source is one of several that the line allows
  /// Does the event pass the predicate of the scenario's window? Unknown: ask its image.
  enum class Passes : uint8_t { unknown, no, yes } passes = Passes::unknown;
};

struct PourBatch {
  uint64_t number = 0;
  Arena arena;
  std::vector<PourEvent> events;
  std::vector<PourKey> keys;
  std::array<std::vector<PourRecord>, kShards + 1> records;
  uint32_t lists = 0;  ///< bit i: records[i] holds something
  uint32_t next_order = 0;

  /// Empty again; keeps its memory: batches are reused.
  void reset() {
    arena.reset();
    events.clear();
    keys.clear();
    for (uint32_t i = 0; lists; ++i, lists >>= 1)
      if (lists & 1) records[i].clear();
    next_order = 0;
  }
};

}  // namespace testudo::detect
