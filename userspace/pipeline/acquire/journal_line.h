// acquire/journal_line.h: a journal entry → the line that `journalctl --follow` prints for it.
//
//   Nov 24 18:22:49 web1 sshd[811]: Failed password for root from 203.0.113.7 port 4711 ssh2
//
// The identifier and the message are the sender's words. Whatever in them could end the program's name early
// or begin another line is replaced: `[ ] :`, blanks and control bytes in the identifier by _, newlines in
// the message by the two characters \n. So one entry is one line, and nobody writes a second one into it.
#pragma once

#include <string>
#include <string_view>

#include "acquire/trusted_services.h"
#include "base/time.h"

namespace testudo {

struct JournalEntry {
  std::string_view message, identifier, comm, pid, syslog_pid, hostname;
  Sender sender;
  TimePoint time{};
};

struct JournalLineNotes {
  bool untrusted = false;  ///< the program was renamed
  bool cut = false;        ///< message over the limit
  bool binary = false;     ///< NUL bytes in the message
};

/// Writes stamps in the system's zone, one second at a time.
class JournalLineWriter {
 public:
  explicit JournalLineWriter(size_t max_line) : max_line_(max_line) {}
  /// Appends the line to `out`, without newline.
  JournalLineNotes append(const JournalEntry& entry, std::string& out);

 private:
  std::string_view stamp(TimePoint time);

  size_t max_line_;
  int64_t second_ = INT64_MIN;
  std::string stamp_;
};

}  // namespace testudo
