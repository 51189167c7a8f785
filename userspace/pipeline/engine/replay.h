// engine/replay.h: a log file through the engine, in the log's own time.
#pragma once

#include <string>
#include <vector>

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
  bool brief = false;         ///< alerts without events, message and identity: less memory
  bool profile = false;       ///< measure what each step takes
  std::string transform;
  parse::Resolver* resolver = nullptr;  ///< names of addresses; null: none has one
};

struct ReplayResult {
  std::vector<Alert> alerts;  ///< ordered by (line, scenario, value)
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
