// pattern/regex_lead.h: what a text must begin with for any of many alternatives to match there.
//
//   (?:H{1,4}:){7}…|H{1,4}:(?:…)|:(?:…)   lead: between 0 and 4 of H, then ':'
#pragma once

#include <optional>

#include "pattern/regex_syntax.h"

namespace testudo {

/// Between `least` and `most` characters of `run`, then one of `next`. Neither holds the other's characters.
struct RegexLead {
  CodeRanges run, next;
  int least = 0, most = 0;
};

/// True of the beginning of whatever `tree` matches; nothing when nothing short is known, or when a part of
/// it ignores case.
std::optional<RegexLead> common_lead(const RegexNode& tree);

}  // namespace testudo
