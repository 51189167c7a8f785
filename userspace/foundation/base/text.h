// base/text.h: what several rooms need of text, and the library does not have.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace testudo {

/// Decodes one UTF-8 character at `at` (which moves behind it). Invalid bytes: returns 0xFFFFFFFF and moves
/// by one. Overlong forms, surrogates and values above U+10FFFF are invalid (RFC 3629).
uint32_t next_utf8(std::string_view text, size_t& at);

/// Number of code points; an invalid byte counts as one, as in Go.
size_t utf8_length(std::string_view text);
bool valid_utf8(std::string_view text);

/// Control bytes as \xNN (tab and newline too), invalid UTF-8 bytes as \xNN, bidirectional and other
/// invisible format characters as \u{NNNN}. The result is one line that a terminal shows as it is.
std::string escape_for_terminal(std::string_view text);

/// A CSV field (RFC 4180) that is safe in a spreadsheet: quoted when it must be, and text that starts with
/// `= + - @` gets a leading quote mark.
std::string csv_field(std::string_view text);

std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);  ///< ASCII white space at both ends
std::string lower_ascii(std::string_view text);
bool starts_with_nocase(std::string_view text, std::string_view prefix);

/// 64-bit hash, the same on every machine and in every run (FNV-1a with a final mix). Not for secrets.
uint64_t stable_hash(std::string_view text, uint64_t seed = 0);

/// Fast hash for tables whose keys a stranger chooses: the seed is a secret of the process. Not stable.
uint64_t table_hash(std::string_view text, uint64_t seed);
/// A random number that stays the same for the life of the process.
uint64_t process_secret();

/// A UUID in text form that is a function of `text` (variant and version bits set as of RFC 9562 version 8).
std::string stable_uuid(std::string_view text);

/// The known word that is nearest to `word` by edit distance, or "" when none is near. For "did you mean".
std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace testudo
