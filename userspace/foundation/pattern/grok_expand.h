// pattern/grok_expand.h: from %{NAME:field} to one regular expression and the numbers of its groups.
#pragma once

#include <string>
#include <vector>

#include "pattern/grok.h"

namespace testudo {

struct GrokExpansion {
  std::string regex;
  std::vector<GrokField> fields;
};

/// Expands with the rules in grok.h. Errors (bad_content) name the unknown or endless reference.
Result<GrokExpansion> expand_grok(const GrokTable& table, const std::string& expression);

/// Byte offsets of the parentheses that capture, in order: the n-th is that of group n + 1.
std::vector<size_t> capturing_parentheses(std::string_view regex);

}  // namespace testudo
