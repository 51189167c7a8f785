// pattern/regex_literals.h: texts without which a pattern cannot match.
#pragma once

#include <string>
#include <vector>

#include "pattern/regex_syntax.h"

namespace testudo {

/// At least one of these occurs in every text that matches; empty when none are known. At most 32, each of at
/// least two bytes, duplicates removed; the longest that were found.
std::vector<std::string> required_literals(const RegexNode& tree);
/// The same of texts that are ASCII, without regard to case: in small letters. More patterns have some.
std::vector<std::string> required_in_any_case(const RegexNode& tree);

}  // namespace testudo
