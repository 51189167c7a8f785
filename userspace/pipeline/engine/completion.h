// engine/completion.h: what overflowed becomes alerts: postoverflows, whitelists, reprocessing, in order of
// lines.
//
// One thread at a time, batch after batch. Scenarios that may accept overflows have one shard, fed here in
// the order of lines: an overflow of line 7 reaches them before line 8 does.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "detect/matcher.h"
#include "engine/work.h"
#include "parse/node_run.h"

namespace testudo {

/// Takes overflows with their alerts; whitelisted ones too (overflow.whitelisted), which are no alerts.
using OverflowSink = std::function<void(detect::Emitted&&)>;

struct CompletionCounts {
  uint64_t overflows = 0, whitelisted = 0, reprocessed = 0;
  uint64_t too_deep = 0;  ///< overflows of overflows of overflows … that were not poured again
  uint64_t expression_errors = 0;
};

class Completion {
 public:
  /// Overflows of reprocessed overflows of …: so deep, no deeper. Content could feed itself for ever.
  static constexpr int kMaxDepth = 8;

  /// `seed` of group hashes: that of the shards. Postoverflows may ask the resolver, which may be null.
  /// `brief`: as detect::ShardOptions::brief.
  Completion(bool replay, uint64_t seed, parse::Resolver* resolver, bool brief)
      : replay_(replay), brief_(brief), seed_(seed), resolver_(resolver) {}

  /// Every shard has taken `work`. Sink gets its overflows in order.
  void run(Work& work, const OverflowSink& sink);

  /// `shard`: that of the ordered scenarios; of the same program.
  void adopt(std::shared_ptr<const Program> program, detect::Shard& shard);
  CompletionCounts take_counts() { return std::exchange(counts_, {}); }
  void set_trace(parse::Trace* trace);

 private:
  void finish(const Work& work, detect::Emitted&& emitted, int depth, const OverflowSink& sink);
  /// The overflow as an event, through the postoverflow stages.
  void postoverflow(const Work& work, detect::Emitted& emitted);
  bool pour_again(const Work& work, detect::Emitted& emitted, detect::PourBatch& out);

  const bool replay_, brief_;
  const uint64_t seed_;
  parse::Resolver* const resolver_;
  std::shared_ptr<const Program> program_;
  detect::Shard* shard_ = nullptr;
  bool takes_overflows_ = false;  ///< some scenario does
  /// Of postoverflows alone: lines that were parsed meanwhile have no say here, or results would hang on
  /// threads.
  parse::Stash stash_;
  std::unique_ptr<Event> event_;
  std::unique_ptr<parse::RunContext> context_;
  std::unique_ptr<expr::TextScan> texts_;
  std::unique_ptr<detect::Matcher> matcher_;
  std::vector<detect::Emitted*> order_;
  std::vector<detect::Emitted> emitted_;
  std::vector<std::unique_ptr<detect::PourBatch>> again_;  ///< by depth
  CompletionCounts counts_;
  parse::Trace* trace_ = nullptr;
};

}  // namespace testudo
