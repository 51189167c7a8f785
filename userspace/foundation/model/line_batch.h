// model/line_batch.h: acquire → parse: the lines that one read brought, still in the buffer it filled.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/event.h"

namespace testudo {

/// Where a source reads on after a restart. `key` names the thing read ("file:/var/log/auth.log",
/// "journalctl:…"), `value` is the source's own text (device, inode, offset; a journal cursor).
struct Position {
  std::string key;
  std::string value;
};

/// A batch may hold no lines: then it only carries a position, to be saved like any other.
/// Made by a source, moved (never copied) through the queue; ends with the last event made from it.
struct LineBatch {
  std::shared_ptr<const std::string> bytes;  ///< keeps the views below alive
  std::vector<std::string_view> lines;       ///< into *bytes, without newline; any byte may occur
  std::vector<TimePoint> stamps;  ///< empty, or one per line: when the line was written, as the source knows
                                  ///< it beside the text (journal); used to recognise late lines
  std::shared_ptr<const SourceInfo> source;
  TimePoint arrived{};       ///< wall clock of the read; a replay ignores it
  int64_t arrived_mono = 0;  ///< monotonic ns of the read; the reaction histogram starts here
  Position resume;           ///< read on from here once this batch is done with
  bool backlog = false;  ///< read while catching up (start, stopped process): lines are poured in log time
};

}  // namespace testudo
