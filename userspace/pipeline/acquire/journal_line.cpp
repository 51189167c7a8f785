#include "acquire/journal_line.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace testudo {
namespace {

constexpr size_t kMaxIdentifier = 128;

std::string clean_identifier(std::string_view text) {
  std::string out(text.substr(0, kMaxIdentifier));
  for (char& c : out)
    if (static_cast<unsigned char>(c) <= ' ' || c == ':' || c == '[' || c == ']' || c == '\x7f') c = '_';
  return out;
}

std::string clean_number(std::string_view text) {
  return std::string(text.substr(0, std::min(text.find_first_not_of("0123456789"), size_t{20})));
}

}  // namespace

std::string_view JournalLineWriter::stamp(TimePoint time) {
  const int64_t second = unix_seconds(time);
  if (second != second_) {
    second_ = second;
    const std::time_t t = second;
    std::tm tm{};
    ::localtime_r(&t, &tm);
    // Not strftime's %b: the daemon's locale must not decide what parsers see.
    constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[64];
    std::snprintf(text, sizeof text, "%s %02d %02d:%02d:%02d", kMonths[tm.tm_mon], tm.tm_mday, tm.tm_hour,
                  tm.tm_min, tm.tm_sec);
    stamp_ = text;
  }
  return stamp_;
}

JournalLineNotes JournalLineWriter::append(const JournalEntry& entry, std::string& out) {
  JournalLineNotes notes;
  const size_t begin = out.size();
  out += stamp(entry.time);
  out += ' ';
  out += entry.hostname.empty() ? std::string("localhost") : clean_identifier(entry.hostname);
  out += ' ';
  std::string program = clean_identifier(entry.identifier.empty() ? entry.comm : entry.identifier);
  if (program.empty()) program = "unknown";
  if (!is_trusted(program, entry.sender)) {
    notes.untrusted = true;
    out += "untrusted-";
  }
  out += program;
  const std::string pid = clean_number(entry.pid.empty() ? entry.syslog_pid : entry.pid);
  if (!pid.empty()) out += "[" + pid + "]";
  out += ": ";
  std::string_view message = entry.message;
  while (!message.empty() && (message.back() == '\n' || message.back() == '\r')) message.remove_suffix(1);
  for (const char c : message) {
    if (out.size() - begin >= max_line_) {
      notes.cut = true;
      break;
    }
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '\0') notes.binary = true;
      out += c;
    }
  }
  return notes;
}

}  // namespace testudo
