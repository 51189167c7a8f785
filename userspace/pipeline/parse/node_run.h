// parse/node_run.h: a line through the stages. Semantics: engine-spec §1.6–1.9, §1.12 (normative there).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expr/documents.h"
#include "parse/stage_view.h"
#include "parse/trace.h"

namespace testudo::parse {

/// Where a grok matched: enough to ask what it did not look at.
struct MatchSpan {
  std::string_view subject;
  std::string_view matched;
};

/// Measures: told after each stage that a line passed.
struct StageWatch {
  virtual ~StageWatch() = default;
  virtual void passed(size_t stage) = 0;
};

/// Working memory of one worker. What parsers share between workers is pointed to; null means that there is
/// none.
struct RunContext {
  explicit RunContext(const ParserSet& set);

  expr::Context expr;
  RegexScratch regex;
  expr::Documents documents;  ///< of this context's events alone: a new event needs a new context
  Captures captures;
  EnrichScratch enrich;
  Trace* trace = nullptr;
  StageWatch* watch = nullptr;
  /// A second look at a line that was counted already (is its source in doubt?): counters and the stash stay
  /// as they are, and nobody outside of the process is asked.
  bool silent = false;

  Stash* stash = nullptr;
  StashTurn* stash_turn = nullptr;
  /// Lines of another batch follow: before the stash is used again, `stash_turn` is asked again. `source`:
  /// theirs, where they all have the same; it lives until the next call.
  void begin_batch(const SourceInfo* source = nullptr) {
    stash_entered_ = false;
    batch_source = source;
    batch_view = nullptr;
  }
  /// The stash, as soon as it is this batch's turn; null when there is none.
  Stash* enter_stash();

  std::vector<MatchSpan> spans;  ///< of the current line, in order
  uint64_t expression_errors = 0;
  std::string last_error;  ///< of the current line; "" when none

  /// Per top-level node, since the caller last set them to 0: how often a line came to it, and how often it
  /// took it. Up to date after settle().
  std::vector<uint64_t> hits, ok;
  /// Nodes whose filter was known to be false were not run one by one; their hits are added here.
  void settle(const ParserSet& set);

  // What run_stages remembers between lines.
  std::vector<GateHits> gates;
  std::vector<uint64_t> whitelist_bits;
  std::vector<SourceView> sources;
  size_t last_source = 0;
  const SourceInfo* batch_source = nullptr;
  SourceView* batch_view = nullptr;
  /// Per stage and node: lines for which it was the last one that was looked at.
  std::vector<std::vector<uint64_t>> ends;

 private:
  bool stash_entered_ = false;
};

enum class Outcome : uint8_t {
  parsed,       ///< through all stages: pour it
  whitelisted,  ///< through all stages, but a whitelist matched: counted, not poured
  unparsed,     ///< no node of some stage took it
  failed,       ///< an error inside a node: the line is lost, counted
};

/// Runs the stages over an event whose line is set. The event is otherwise as after reset(). An overflow
/// event (type, overflow set) goes through postoverflow stages the same way; its outcome says only how far it
/// came.
Outcome run_stages(const ParserSet& set, Event& event, RunContext& context);

}  // namespace testudo::parse
