// tests: all Grok patterns of a hub and the log lines of its tests.
#pragma once

#include <string>
#include <vector>

#include "pattern/grok.h"

namespace testudo::test {

struct HubPattern {
  std::string where;       ///< file:line
  std::string expression;  ///< of grok.pattern, or the name of grok.name
  bool by_name = false;
};

struct HubCorpus {
  GrokTable table;  ///< config/patterns and every pattern_syntax of the hub, in load order
  std::vector<HubPattern> patterns;
  std::vector<std::string> lines;
};

/// TESTUDO_HUB, or ../shared/crowdsec-hub beside the checkout; "" when there is none.
std::string hub_folder();
/// Our own pattern library.
std::string patterns_folder();
/// Reads everything; every error is a test failure.
HubCorpus read_hub(const std::string& folder);

}  // namespace testudo::test
