// base/log.h: the product's own log: one line an event, key=value, to standard error.
//
//   log::warn("source.silent", {{"source", path}, {"minutes", 10}});
//   → 2026-11-24T18:22:49Z warn source.silent source=/var/log/auth.log minutes=10
//
// Values are escaped: text that came from a log or a request can forge neither a line nor a terminal
// sequence. Each event name is limited to `burst` lines per ten seconds; what was held back is counted and
// said in the next line of that name (suppressed=N).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace testudo::log {

enum class Level { debug, info, warn, error };

struct Value {
  std::string text;
  Value(std::string_view s) : text(s) {}  // NOLINT: implicit on purpose, all of them
  Value(const std::string& s) : text(s) {}
  Value(const char* s) : text(s) {}
  Value(bool b) : text(b ? "true" : "false") {}
  Value(int v) : text(std::to_string(v)) {}
  Value(unsigned v) : text(std::to_string(v)) {}
  Value(long v) : text(std::to_string(v)) {}
  Value(unsigned long v) : text(std::to_string(v)) {}
  Value(long long v) : text(std::to_string(v)) {}
  Value(unsigned long long v) : text(std::to_string(v)) {}
  Value(double v);
};
struct Field {
  std::string_view key;
  Value value;
};
using Fields = std::initializer_list<Field>;

void write(Level level, std::string_view event, Fields fields);
inline void debug(std::string_view event, Fields fields = {}) { write(Level::debug, event, fields); }
inline void info(std::string_view event, Fields fields = {}) { write(Level::info, event, fields); }
inline void warn(std::string_view event, Fields fields = {}) { write(Level::warn, event, fields); }
inline void error(std::string_view event, Fields fields = {}) { write(Level::error, event, fields); }

/// Lines below this level are not written. Default: info.
void set_level(Level level);
/// Lines of one event name per ten seconds. Default: 20.
void set_burst(uint32_t burst);
/// Prefix lines with the priority that journald understands ("<4>") instead of a time stamp.
void set_journal_format(bool on);

/// Text for a terminal or a log line: control bytes, invalid UTF-8, and characters that change the
/// direction of text are written as \xNN or \u{NNNN}.
std::string escape(std::string_view text);

}  // namespace testudo::log
