// parse/node_run.h: a line through the stages. Semantics: engine-spec §1.6–1.9 (normative there).
#pragma once

#include <string_view>
#include <vector>

#include "expr/documents.h"
#include "parse/trace.h"

namespace testudo::parse {

/// Where a grok matched: enough to ask what it did not look at.
struct MatchSpan {
  std::string_view subject;
  std::string_view matched;
};

/// Working memory of one worker.
struct RunContext {
  explicit RunContext(const ParserSet& set) : hits(set.node_count), ok(set.node_count) {
    expr.regex = &regex;
    expr.documents = &documents;
  }

  expr::Context expr;
  RegexScratch regex;
  expr::Documents documents;  ///< of this context's events alone: a new event needs a new context
  Captures captures;
  EnrichScratch enrich;
  Trace* trace = nullptr;
  /// A second look at a line that was counted already (is its source in doubt?): counters stay as they are,
  /// and enrichers that reach outside of the process are not called.
  bool silent = false;
  std::vector<MatchSpan> spans;    ///< of the current line, in order
  std::vector<uint64_t> hits, ok;  ///< per top-level node, since the caller last took them
  uint64_t expression_errors = 0;
  std::string last_error;  ///< of the current line; "" when none
};

enum class Outcome : uint8_t {
  parsed,       ///< through all stages: pour it
  whitelisted,  ///< through all stages, but a whitelist matched: counted, not poured
  unparsed,     ///< no node of some stage took it
  failed,       ///< an error inside a node: the line is lost, counted
};

/// Runs the stages over an event whose line is set. The event is otherwise as after reset().
Outcome run_stages(const ParserSet& set, Event& event, RunContext& context);

}  // namespace testudo::parse
