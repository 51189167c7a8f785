// acquire/journal_reader.h: libsystemd's journal, as far as a follower needs it.
#pragma once

#include <memory>
#include <string>

#include "acquire/journal_filter.h"
#include "acquire/journal_line.h"
#include "base/result.h"

struct sd_journal;

namespace testudo {

class JournalReader {
 public:
  /// `folder` "" = this machine's journal. Errors: the folder is missing, no permission.
  static Result<std::unique_ptr<JournalReader>> open(const std::string& folder, const std::string& space,
                                                     const JournalFilter& filter, size_t max_field);
  ~JournalReader();

  /// Goes behind the last entry that is there now; its cursor, or the time if there is none.
  Result<std::string> seek_end();
  /// Goes behind the entry of `cursor`, or, where that is gone (vacuumed, other files), behind its time.
  Result<void> seek_behind(const std::string& cursor);

  int fd() const { return fd_; }
  Duration wait() const;  ///< how long to wait at most, for filesystems without inotify
  /// Takes notice of appended, rotated and removed files. False: the reader must be opened anew.
  bool process();

  enum class Next { entry, end, failed };
  /// The views of `entry` live until the next call: keep what is needed.
  Next next(JournalEntry& entry);
  Result<std::string> cursor() const;
  /// Stands for a cursor where there is no entry: behind everything of before `time`.
  static std::string cursor_at(TimePoint time);
  const std::string& failure() const { return failure_; }

 private:
  explicit JournalReader(sd_journal* journal) : journal_(journal) {}
  std::string_view field(const char* name, std::string& store);

  sd_journal* journal_;
  int fd_ = -1;
  std::string failure_;
  std::string message_, identifier_, comm_, pid_, syslog_pid_, hostname_, uid_, exe_, unit_, transport_;
};

}  // namespace testudo
