// pattern/regex_translate.h: a pattern of RE2's kind, said again in PCRE2's syntax.
//
// Only the plainest of PCRE2's syntax is written (explicit sets, \z, \N), so that neither locale, newline
// convention nor option changes what it means. PCRE2 must be given DOTALL and ALT_CIRCUMFLEX.
#pragma once

#include <string>
#include <vector>

#include "pattern/regex_syntax.h"

namespace testudo {

/// Would both engines agree about this pattern? Not when a loop's body can be empty: Perl's rule for ending
/// such loops is not RE2's. Nor when alternatives differ in whether they ignore case.
bool translatable(const RegexNode& tree);

/// Can it match at the start of a text only?
bool begins_text(const RegexNode& tree);

/// The byte that every match begins with; -1 when there is none.
int lead_byte(const RegexNode& tree);

/// Does a place in the text where no match begins show at its first character? Where not, and without ^, the
/// search for a start may cost PCRE2 the square of the length.
bool fails_early(const RegexNode& tree);

enum class SubjectKind {
  ascii,  ///< bytes below 0x80 alone: PCRE2 then compares bytes, which is faster
  utf8,   ///< valid UTF-8
};

/// Of the capturing groups only those of these numbers (ascending) capture in what is written.
std::string to_pcre2(const RegexNode& tree, SubjectKind subject, const std::vector<int>& captured);

}  // namespace testudo
