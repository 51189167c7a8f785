// acquire/file_segment.h: one open file (an inode, not a path) and how far it has been read.
//
// Each read begins a few bytes before the offset: what stands there must be what stood there before. So one
// system call reads new lines and also sees truncation and rewriting in place, even to the same size. The
// beginning of a line is not kept but read again when the line is complete.
#pragma once

#include <memory>
#include <string>

#include "acquire/file_lines.h"
#include "acquire/file_position.h"
#include "base/files.h"
#include "base/result.h"

namespace testudo {

enum class ReadOutcome { nothing, lines, rewritten, failed };

struct SegmentRead {
  ReadOutcome outcome = ReadOutcome::nothing;
  bool more = false;       ///< the buffer was filled: read again
  std::string_view bytes;  ///< what was read behind the offset, in the caller's buffer; lines point into it
  LineScan scan;
  int error = 0;  ///< errno when failed
};

class FileSegment {
 public:
  /// Errors: what open(2) says, and anything that is not a regular file.
  static Result<std::unique_ptr<FileSegment>> open(const std::string& path);

  /// At the first byte that was written: a writer that does not append leaves a hole before its next line
  /// when its file is truncated.
  void start_at_begin();
  /// At the end as of now; where that is inside a line, at the line's beginning.
  void start_near(uint64_t size, size_t limit);
  /// True when this file holds what `mark` remembers; it is read on from there then.
  bool resume(const FileMark& mark);

  /// Reads at most buffer.size() bytes. `final`: deliver a rest without newline too.
  SegmentRead read(std::string& buffer, size_t limit, bool final, std::vector<std::string_view>& lines);

  FileMark mark() const;
  uint64_t size() const;  ///< as of now; 0 when it cannot be told
  bool unlinked() const;  ///< no name leads to it any more
  int fd() const { return fd_.get(); }
  uint64_t device() const { return device_; }
  uint64_t inode() const { return inode_; }
  uint64_t offset() const { return offset_; }
  bool same_file(uint64_t device, uint64_t inode) const { return device == device_ && inode == inode_; }

  // Kept by the reader.
  uint64_t backlog_until = 0;  ///< lines that begin before this offset are late
  int64_t grew_ns = 0;         ///< boot clock of the last read that brought something
  bool copy = false;           ///< made by copytruncate: it will not grow

 private:
  FileSegment(Fd fd, uint64_t device, uint64_t inode) : fd_(std::move(fd)), device_(device), inode_(inode) {}
  void take(std::string_view before, std::string_view consumed);

  Fd fd_;
  uint64_t device_ = 0, inode_ = 0;
  uint64_t offset_ = 0;
  bool skipping_ = false;
  std::string head_, tail_;  ///< the file's first bytes, and those before the offset
};

}  // namespace testudo
