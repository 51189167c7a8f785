// acquire/journal_filter.h: `journalctl_filter`, arguments as journalctl takes them, → matches.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace testudo {

struct JournalFilter {
  enum class Op { match, either, both };  ///< FIELD=VALUE; then OR what follows; then AND what follows
  struct Step {
    Op op;
    std::string match;  ///< for match
    bool operator==(const Step&) const = default;
  };
  std::vector<Step> steps;
  std::string folder, space;  ///< --directory, --namespace
};

/// FIELD=VALUE (one field twice means either), `+`, -u UNIT, -t IDENTIFIER, -p LEVEL, -k, --directory,
/// --namespace; an option and its value in one element or two. Anything else is an error that names it.
Result<JournalFilter> parse_journal_filter(const std::vector<std::string>& arguments);

}  // namespace testudo
