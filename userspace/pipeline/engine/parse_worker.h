// engine/parse_worker.h: a batch of lines through parse and up to the buckets: stages, doubt, filters.
//
// One for each thread that parses. Reads the program alone, so that what comes out does not depend on who
// parsed what when; what does depend on earlier batches (a late line, the stash) waits for them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "detect/matcher.h"
#include "engine/ambiguity.h"
#include "engine/profile.h"
#include "engine/transform.h"
#include "engine/work.h"
#include "parse/node_run.h"

namespace testudo {

struct ParseOptions {
  bool replay = false;  ///< events use their own stamps; UTC where a stamp has no zone
  TimePoint today{};    ///< replay: stands for today; live: ignored, the batch's arrival is taken
  parse::Zone zone;     ///< of stamps without a zone
  TimePoint since{};    ///< replay: events before it are parsed, not poured
  /// Live: is this source banned now? From any thread. A web server's refusal of such a source is most likely
  /// our own ban page: it never feeds detection, or a ban would prolong itself for ever.
  std::function<bool(std::string_view address)> is_banned;
  bool doubt = true;  ///< ask whether another address in a line could be its source just as well
  uint64_t seed = 0;  ///< of group hashes: that of the shards
  /// Only the heads of alerts are wanted (detect::ShardOptions::brief).
  bool brief = false;
  parse::Stash* stash = nullptr;
  parse::Resolver* resolver = nullptr;  ///< null: no address has a name
  Profile* profile = nullptr;
};

class ParseWorker {
 public:
  /// `turn` is asked before the first line of a batch that touches the stash.
  ParseWorker(ParseOptions options, parse::StashTurn& turn);
  ~ParseWorker();

  /// Fills the parsed half of `work`.
  void run(Work& work);

  void set_trace(parse::Trace* trace, detect::MatchTrace* matches);
  /// Other addresses that could be the source of the last line just as well.
  const std::vector<std::string>& candidates() const { return candidates_; }
  /// Of the last line.
  Event& event() { return *event_; }
  parse::RunContext& context() { return *context_; }
  /// Before the first batch: event() and context() are of this program.
  void adopt(std::shared_ptr<const Program> program);

 private:
  void line(Work& work, size_t index, std::string_view text);
  void parsed(Work& work, size_t index);
  bool pour(Work& work, detect::Matcher::What what);
  bool own_refusal() const;
  const parse::Zone& zone_of(const SourceInfo& source);
  void took(size_t step) {
    if (timed_) watch_->step(step);
  }
  void take_counts(Work& work);
  void take_match_counts(Work& work);

  ParseOptions options_;
  parse::StashTurn& turn_;
  std::shared_ptr<const Program> program_;
  std::unique_ptr<Event> event_;
  std::unique_ptr<parse::RunContext> context_;
  std::unique_ptr<expr::TextScan> texts_;
  std::unique_ptr<Ambiguity> ambiguity_;
  std::unique_ptr<detect::Matcher> matcher_;
  std::optional<SlotRef> http_status_;
  Transforms transforms_;
  std::vector<std::string_view> elements_;
  std::vector<std::string> candidates_;
  std::unordered_map<uint32_t, parse::Zone> zones_;
  TimePoint arrived_{};
  std::string arrived_text_;
  std::string_view t_text_;                ///< arrival of the current batch, in its arena
  std::unique_ptr<Profile::Watch> watch_;  ///< replay --profile
  bool timed_ = false;                     ///< the current line is
  TimePoint told_{};                       ///< when matcher_'s counters were last handed out
  parse::Trace* trace_ = nullptr;
  detect::MatchTrace* match_trace_ = nullptr;
};

}  // namespace testudo
