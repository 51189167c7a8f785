// engine/worker.h: one line at a time through parse and detect.
//
// One worker is used by one thread; it owns an event, working memory and all shards of buckets.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/metrics.h"
#include "detect/matcher.h"
#include "detect/shards.h"
#include "engine/ambiguity.h"
#include "engine/program.h"
#include "model/line_batch.h"
#include "parse/node_run.h"

namespace testudo {

struct WorkerOptions {
  bool replay = false;  ///< events use their own stamps; UTC where a stamp has no zone
  TimePoint today{};    ///< replay: stands for today; live: ignored, the batch's arrival is taken
  parse::Zone zone;     ///< of stamps without a zone
  TimePoint since{};    ///< replay: events before it are parsed, not poured
  bool doubt = true;    ///< false: a line's own word is taken for its source (hub tests)
  detect::ShardOptions shard;
};

/// Lines of one source, since the caller last took them.
struct LineCounts {
  uint64_t read = 0, parsed = 0, unparsed = 0, whitelisted = 0, failed = 0, poured = 0, ambiguous = 0,
           late = 0;
  void add(const LineCounts& o) {
    read += o.read, parsed += o.parsed, unparsed += o.unparsed, whitelisted += o.whitelisted,
        failed += o.failed;
    poured += o.poured, ambiguous += o.ambiguous, late += o.late;
  }
};

class Worker {
 public:
  Worker(std::shared_ptr<const Program> program, WorkerOptions options);
  ~Worker();

  /// A batch's lines in order. Alerts are appended; returns what became of the lines.
  LineCounts run(const LineBatch& batch, std::vector<Alert>& alerts);

  /// Content was reloaded: buckets live on.
  void adopt(std::shared_ptr<const Program> program);
  /// Live mode: counters whose time is up overflow, buckets that are empty by now are forgotten.
  void tick(TimePoint t, size_t budget, std::vector<Alert>& alerts);

  detect::Shards& shards() { return *shards_; }
  /// Adds what scenarios counted since the last call to `totals`; `changed` gets their ids.
  void drain_counters(std::vector<detect::ScenarioCounters>& totals, std::vector<uint32_t>& changed);
  const Program& program() const { return *program_; }
  parse::RunContext& context() { return *context_; }
  Event& event() { return *event_; }

 private:
  /// What is known of the clock of a source: its stamps may be off by a constant (a wrong zone, say).
  struct SourceClock {
    int64_t offset_ns = 0, candidate_ns = 0;
    TimePoint since{};  ///< arrival of the first line that agreed
    int agreeing = 0;
  };
  void line(const LineBatch& batch, size_t index, LineCounts& counts);
  /// Zone of stamps that name none: the source's own, else that of the options.
  const parse::Zone& zone_of(const SourceInfo& source);
  bool is_late(const LineBatch& batch, TimePoint stamp);
  void pour(const LineBatch& batch, LineCounts& counts);
  void take(std::vector<Alert>& alerts);
  void hand_on(std::vector<Alert>& alerts);

  std::shared_ptr<const Program> program_;
  WorkerOptions options_;
  std::unique_ptr<Event> event_;
  std::unique_ptr<parse::RunContext> context_;
  std::unique_ptr<expr::TextScan> texts_;
  std::unique_ptr<Ambiguity> ambiguity_;
  std::unique_ptr<detect::Matcher> matcher_;
  std::unique_ptr<detect::Shards> shards_;
  detect::PourBatch pours_;
  std::vector<detect::Emitted> emitted_;
  std::unordered_map<uint32_t, SourceClock> clocks_;
  std::unordered_map<uint32_t, parse::Zone> zones_;
  uint64_t lines_ = 0;
  TimePoint arrived_{};
  std::string arrived_text_;
  std::string late_text_;
};

}  // namespace testudo
