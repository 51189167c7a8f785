// pattern/regex_classes.h: the named character classes of RE2: ASCII, whatever the locale.
#pragma once

#include <string_view>

#include "base/text.h"
#include "pattern/regex_syntax.h"

namespace testudo {

/// For d, s, w and D, S, W: the members of the positive class; nullptr for other letters. \s has no VT.
const CodeRanges* perl_class(char32_t letter);
/// alnum, alpha, ascii, blank, cntrl, digit, graph, lower, print, punct, space, upper, word, xdigit.
const CodeRanges* posix_class(std::string_view name);

inline char32_t next_rune(std::string_view text, size_t& at) { return next_utf8(text, at); }

}  // namespace testudo
