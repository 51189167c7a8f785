// engine/explain.h: what the engine did to one line, and why: which nodes looked at it, what they set, where
// it stopped, which buckets it reached.
//
// The same run as a replay's, watched through traces; line after line in constant memory, so that buckets
// fill as they would. Texts are cut at 1 KiB. They come from logs: whoever shows them escapes them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "engine/program.h"

namespace testudo {

struct ExplainedChange {
  std::string name;  ///< "evt.Meta.source_ip"
  std::string value;
  std::string before;  ///< the value that it had, if it had one
  bool had_before = false;
  bool late = false;  ///< after the nested nodes had been run
};

struct ExplainedNode {
  enum class Filter : uint8_t { none, yes, no, failed };
  std::string name;   ///< "" for children without one
  std::string place;  ///< file:line
  int depth = 0;
  bool ok = false;
  Filter filter = Filter::none;
  std::string filter_text;
  std::string error;  ///< of the filter
  bool has_pattern = false;
  bool pattern_tried = false;  ///< false: the text that it is for is not there
  bool matched = false;
  std::string pattern;  ///< as written
  std::vector<ExplainedChange> changes;
  std::string whitelist;  ///< reason of its whitelist, when that hit
};

struct ExplainedStage {
  std::string name;
  std::vector<ExplainedNode> nodes;  ///< children behind their parents
};

/// One scenario whose filter was true, and what its bucket did then.
struct ExplainedPour {
  std::string scenario;
  std::string owner;   ///< the document that made the bucket, where it is another one
  std::string type;    ///< leaky, trigger …
  std::string group;   ///< value of groupby; "" = one bucket for all
  std::string result;  ///< poured, seen, cancelled, overflowed, blackholed, filtered, no source
  double level = 0;
  int capacity = 0;
  int total = 0;
  bool fresh = false;   ///< this line made the bucket
  bool marked = false;  ///< poured for one of several addresses that could be the source
};

struct ExplainedOverflow {
  std::string scenario;
  std::vector<std::string> sources;  ///< "Ip:192.0.2.1"
  int events = 0;
  bool remediation = false;
  bool ambiguous = false;  ///< bans nobody by itself
  bool whitelisted = false;
  std::string whitelist_reason;
};

struct ExplainedLine {
  enum class Outcome : uint8_t { parsed, whitelisted, unparsed, failed };
  uint64_t number = 0;
  std::string text;
  Outcome outcome = Outcome::unparsed;
  std::string error;  ///< failed: what a node did that the format forbids
  std::vector<ExplainedStage> stages;
  std::string time;  ///< the log's own, RFC 3339; "" when none was found
  std::string source;
  std::string whitelist_reason;

  /// Not parsed: where it ended, and why.
  std::string ended_in;
  std::string why;
  struct Nearest {
    std::string node;
    std::string text;           ///< what the pattern was applied to
    size_t begin = 0, end = 0;  ///< the part of it that matched
    std::string expected;       ///< what the pattern wanted behind it
    std::string pattern;
  };
  std::optional<Nearest> nearest;

  bool ambiguous = false;
  std::vector<std::string> candidates;  ///< other addresses in it that could be the source
  std::vector<ExplainedPour> pours;
  std::vector<std::pair<std::string, std::string>> failed_filters;  ///< scenario, error
  std::vector<ExplainedOverflow> overflows;
  std::vector<ExplainedStage> postoverflows;
};

struct ExplainOptions {
  std::string type;                                         ///< label `type`
  std::vector<std::pair<std::string, std::string>> labels;  ///< further labels
  std::string source_name = "explain";                      ///< evt.Line.Src
  TimePoint today{};
  TimePoint since{};  ///< lines before it are not poured
};

class Explainer {
 public:
  Explainer(std::shared_ptr<const Program> program, const ExplainOptions& options);
  ~Explainer();

  /// Valid until the next call.
  const ExplainedLine& line(std::string_view text);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Lines of a file, or of standard input for "-": empty ones are left out, a CR at the end is not part of a
/// line, what is longer than 64 KiB is cut there. `line` says whether to go on.
Result<void> for_each_line(const std::string& path, const std::function<bool(std::string_view)>& line);

}  // namespace testudo
