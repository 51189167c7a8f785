// detect/alert_reads.h: what of an alert is read by the content that runs after it: postoverflows, and the
// scenarios that take overflows.
//
// Who asks a replay for its alerts alone (scenario, source, times, count) needs no copies of events, unless
// such content reads them. Most of it asks for the source; some for one field of each event. Errs on the safe
// side: what is not understood reads all.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace testudo::detect {

struct AlertReads {
  bool any = false;               ///< something may read alerts at all
  bool whole = false;             ///< more than is told by the alert's head and `meta`
  std::vector<std::string> meta;  ///< fields of the events' Meta
  /// Of an expression over `evt`, an overflow.
  void add(std::string_view expression);
};

}  // namespace testudo::detect
