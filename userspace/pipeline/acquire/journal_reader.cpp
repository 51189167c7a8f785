#include "acquire/journal_reader.h"

#include <systemd/sd-journal.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace testudo {
namespace {

Error journal_error(const std::string& what, int negative) {
  const int err = -negative;
  return errno_error(what, err, {},
                     err == EACCES || err == EPERM
                         ? "add user testudo to group systemd-journal: usermod -aG systemd-journal testudo"
                         : "");
}

/// Microseconds from a cursor's part `t=HEX`, 0 when there is none.
uint64_t cursor_time(const std::string& cursor) {
  size_t at = cursor.starts_with("t=") ? 0 : cursor.find(";t=");
  if (at == std::string::npos) return 0;
  at += cursor[at] == ';' ? 3 : 2;
  uint64_t usec = 0;
  std::from_chars(cursor.data() + at, cursor.data() + cursor.size(), usec, 16);
  return usec;
}

}  // namespace

Result<std::unique_ptr<JournalReader>> JournalReader::open(const std::string& folder,
                                                           const std::string& space,
                                                           const JournalFilter& filter, size_t max_field) {
  sd_journal* journal = nullptr;
  int rc;
  if (!folder.empty())
    rc = ::sd_journal_open_directory(&journal, folder.c_str(), 0);
  else
    rc =
        ::sd_journal_open_namespace(&journal, space.empty() ? nullptr : space.c_str(), SD_JOURNAL_LOCAL_ONLY);
  if (rc < 0) return journal_error("cannot open the journal" + (folder.empty() ? "" : " " + folder), rc);
  std::unique_ptr<JournalReader> reader(new JournalReader(journal));
  ::sd_journal_set_data_threshold(journal, max_field);
  for (const JournalFilter::Step& step : filter.steps) {
    switch (step.op) {
      case JournalFilter::Op::match:
        rc = ::sd_journal_add_match(journal, step.match.data(), step.match.size());
        break;
      case JournalFilter::Op::either:
        rc = ::sd_journal_add_disjunction(journal);
        break;
      case JournalFilter::Op::both:
        rc = ::sd_journal_add_conjunction(journal);
        break;
    }
    if (rc < 0) return journal_error("the journal refuses the filter " + step.match, rc);
  }
  // Before the first seek: from here on changes are noticed.
  rc = ::sd_journal_get_fd(journal);
  if (rc >= 0) reader->fd_ = rc;
  return reader;
}

JournalReader::~JournalReader() { ::sd_journal_close(journal_); }

std::string JournalReader::cursor_at(TimePoint time) {
  char text[40];
  std::snprintf(text, sizeof text, "t=%llx", static_cast<unsigned long long>(unix_nanos(time) / 1000));
  return text;
}

Result<std::string> JournalReader::seek_end() {
  const TimePoint at = now();
  int rc = ::sd_journal_seek_tail(journal_);
  // The tail is behind the last entry only after a step back; without a matching entry all that comes is new.
  if (rc >= 0) rc = ::sd_journal_previous(journal_);
  if (rc > 0) return cursor();
  if (rc == 0) rc = ::sd_journal_seek_head(journal_);
  if (rc < 0) return journal_error("cannot go to the journal's end", rc);
  return cursor_at(at);
}

Result<void> JournalReader::seek_behind(const std::string& cursor) {
  const uint64_t usec = cursor_time(cursor);
  if (!cursor.starts_with("t=") && ::sd_journal_seek_cursor(journal_, cursor.c_str()) >= 0) {
    const int rc = ::sd_journal_next(journal_);
    if (rc > 0 && ::sd_journal_test_cursor(journal_, cursor.c_str()) > 0) return {};
  }
  if (usec == 0) return Error{Code::corrupt, "the saved journal cursor cannot be read: " + cursor, {}, ""};
  const int rc = ::sd_journal_seek_realtime_usec(journal_, usec + 1);
  if (rc < 0) return journal_error("cannot go to the saved place in the journal", rc);
  return {};
}

Duration JournalReader::wait() const {
  uint64_t usec = UINT64_MAX;
  // For files on network filesystems libsystemd wants to look again by itself.
  if (::sd_journal_reliable_fd(journal_) > 0) return 1s;
  if (::sd_journal_get_timeout(journal_, &usec) < 0 || usec == UINT64_MAX) return 1s;
  return 250ms;
}

bool JournalReader::process() {
  const int rc = ::sd_journal_process(journal_);
  if (rc >= 0) return true;
  failure_ = journal_error("cannot follow the journal", rc).message;
  return false;
}

std::string_view JournalReader::field(const char* name, std::string& store) {
  const void* data = nullptr;
  size_t size = 0;
  store.clear();
  if (::sd_journal_get_data(journal_, name, &data, &size) < 0) return {};
  const size_t skip = std::strlen(name) + 1;
  if (size < skip) return {};
  // Copied: libsystemd may unmap what it gave out for an earlier field.
  store.assign(static_cast<const char*>(data) + skip, size - skip);
  return store;
}

JournalReader::Next JournalReader::next(JournalEntry& entry) {
  const int rc = ::sd_journal_next(journal_);
  if (rc == 0) return Next::end;
  if (rc < 0) {
    failure_ = journal_error("cannot read the journal", rc).message;
    return Next::failed;
  }
  uint64_t usec = 0;
  ::sd_journal_get_realtime_usec(journal_, &usec);
  entry.time = from_unix_nanos(int64_t(usec) * 1000);
  entry.message = field("MESSAGE", message_);
  entry.identifier = field("SYSLOG_IDENTIFIER", identifier_);
  entry.comm = field("_COMM", comm_);
  entry.pid = field("_PID", pid_);
  entry.syslog_pid = field("SYSLOG_PID", syslog_pid_);
  entry.hostname = field("_HOSTNAME", hostname_);
  entry.sender.uid = field("_UID", uid_);
  entry.sender.exe = field("_EXE", exe_);
  entry.sender.unit = field("_SYSTEMD_UNIT", unit_);
  entry.sender.transport = field("_TRANSPORT", transport_);
  return Next::entry;
}

Result<std::string> JournalReader::cursor() const {
  char* text = nullptr;
  const int rc = ::sd_journal_get_cursor(journal_, &text);
  if (rc < 0) return journal_error("the journal gives no cursor", rc);
  std::string out = text;
  std::free(text);
  return out;
}

}  // namespace testudo
