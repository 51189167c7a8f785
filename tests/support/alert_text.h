// An alert as text, all of it: so that two runs can be compared, and a difference read.
#pragma once

#include <string>
#include <vector>

#include "model/alert.h"

namespace testudo::support {

inline std::string alert_text(const Alert& a) {
  std::string out = std::to_string(a.line_number) + " " + a.scenario + " " + a.source.scope + ":" +
                    a.source.value + " ip=" + a.source.ip + " range=" + a.source.range +
                    " as=" + a.source.as_number + " n=" + std::to_string(a.events_count) + " " +
                    a.start_text + " " + a.stop_text + " " + a.uuid + (a.ambiguous ? " ambiguous" : "") +
                    "\n  " + a.message + "\n  " + a.line;
  for (const auto& [key, value] : a.meta) out += "\n  " + key + "=" + value;
  for (const AlertEvent& e : a.events) {
    out += "\n  " + e.timestamp;
    for (const auto& [key, value] : e.meta) out += " " + key + "=" + value;
  }
  return out;
}

inline std::vector<std::string> alert_texts(const std::vector<Alert>& alerts) {
  std::vector<std::string> out;
  for (const Alert& a : alerts) out.push_back(alert_text(a));
  return out;
}

}  // namespace testudo::support
