// engine/work.h: one numbered batch on its way: lines → pours → overflows. Reused for later batches.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "detect/shard.h"
#include "engine/program.h"
#include "model/line_batch.h"

namespace testudo {

/// What became of lines of one source.
struct LineCounts {
  uint64_t read = 0, parsed = 0, unparsed = 0, whitelisted = 0, failed = 0;
  uint64_t poured = 0;     ///< parsed, and handed to the scenarios
  uint64_t ambiguous = 0;  ///< the source could be another address in the line
  uint64_t late = 0;       ///< read long after they were written: poured in log time
  uint64_t refusals = 0;   ///< our own refusals of a banned source: not poured
  uint64_t transformed = 0, transform_errors = 0;
  uint64_t expression_errors = 0;
  void add(const LineCounts& o) {
    read += o.read, parsed += o.parsed, unparsed += o.unparsed, whitelisted += o.whitelisted,
        failed += o.failed;
    poured += o.poured, ambiguous += o.ambiguous, late += o.late, refusals += o.refusals;
    transformed += o.transformed, transform_errors += o.transform_errors;
    expression_errors += o.expression_errors;
  }
};

/// What a scenario counted in one shard since the shard was last asked.
struct ScenarioDelta {
  std::string name;
  detect::ScenarioCounters counters;
};

struct Work {
  uint64_t number = 0;
  std::shared_ptr<const Program> program;

  // In: lines of one source, or a tick.
  LineBatch lines;
  std::string_view text;    ///< instead of lines.lines: to be cut at newlines by who parses it
  TimePoint tick{};         ///< not zero: timers and bounds are looked at, and counters handed out
  uint64_t first_line = 0;  ///< lines before this batch

  // Parsed.
  LineCounts counts;
  uint64_t cut = 0;  ///< lines longer than a line may be
  struct NodeCount {
    uint32_t node;
    uint64_t hits, ok;
  };
  std::vector<NodeCount> nodes;
  std::vector<ScenarioDelta> match_deltas;  ///< filters and keys that failed
  /// A line with a stamp of its own and the events that came of it: whether it is late is told in order.
  struct Stamped {
    TimePoint stamp;
    std::string_view text;
    uint32_t first_event, end_event;
  };
  std::vector<Stamped> stamped;
  detect::PourBatch pours;

  // Poured.
  std::array<std::vector<detect::Emitted>, detect::kShards> emitted;
  std::array<std::vector<ScenarioDelta>, detect::kShards + 1> deltas;  ///< of a tick
  std::array<size_t, detect::kShards + 1> buckets{};                   ///< of a tick
  std::atomic<uint32_t> waiting{0};                                    ///< shards that have not taken it yet

  /// Buffer of a reader, kept for the next batch.
  std::shared_ptr<std::string> buffer;

  void reset() {
    lines.bytes.reset();
    lines.lines.clear();
    lines.stamps.clear();
    lines.source.reset();
    lines.resume = {};
    lines.backlog = false;
    text = {};
    tick = {};
    counts = {};
    cut = 0;
    nodes.clear();
    match_deltas.clear();
    stamped.clear();
    pours.reset();
    for (auto& list : emitted) list.clear();
    for (auto& list : deltas) list.clear();
  }
};

}  // namespace testudo
