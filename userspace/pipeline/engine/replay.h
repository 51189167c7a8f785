// engine/replay.h: a log file through the engine, in the log's own time.
#pragma once

#include <string>
#include <vector>

#include "base/arena.h"
#include "engine/profile.h"
#include "engine/worker.h"

namespace testudo {

struct ReplayOptions {
  std::string file;
  std::string type;             ///< label `type`
  std::string module = "file";  ///< evt.Line.Module: which kind of source the lines come from
  std::vector<std::pair<std::string, std::string>> labels;  ///< further labels
  TimePoint today{};
  size_t threads = 1;         ///< the result is the same for any number
  size_t piece = 256 * 1024;  ///< bytes that a thread takes at a time; the result is the same for any
  bool brief = false;         ///< ReplayResult::brief instead of alerts: less time and memory
  bool profile = false;       ///< measure what each step takes
  std::string transform;
  parse::Resolver* resolver = nullptr;  ///< names of addresses; null: none has one
};

/// What is printed of an alert. Views live as long as the result.
struct BriefAlert {
  uint64_t line_number = 0;
  std::string_view scenario, scope, value;
  std::string_view start_text, stop_text;
  int32_t events_count = 0;
  bool ambiguous = false, remediation = false;
};

struct ReplayResult {
  std::vector<Alert> alerts;               ///< ordered by (line, scenario, value)
  std::vector<BriefAlert> brief;           ///< the same order; instead of them where they were asked for
  std::shared_ptr<const Program> program;  ///< has the names that `brief` points to
  std::unique_ptr<Arena> texts;            ///< the other texts
  LineCounts counts;
  double seconds = 0;
  uint64_t peak_rss_bytes = 0;  ///< of the whole process since it began; 0 when /proc is not there
  uint64_t cut = 0;             ///< lines longer than 64 KiB, cut there
  uint64_t whitelisted = 0;     ///< overflows that postoverflows dropped
  std::vector<Profile::Row> profile;
};

/// Reads line by line: empty lines are skipped, a trailing CR is removed, a last line without newline counts.
/// `program` may be used by others at the same time.
Result<ReplayResult> replay(std::shared_ptr<const Program> program, const ReplayOptions& options);

}  // namespace testudo
