// acquire/file_reader.h: one path, followed through rotation.
//
//   segments:  [rotated, still written]  [rotated]  [the file under the path now]
//
// After a rename the writer goes on in the old inode until it reopens. So the old one stays open beside the
// new one, both are read as soon as lines come, and the saved position names both. A rotated segment ends
// when its successor has lines and it has been quiet for some seconds; what it then holds without newline is
// a line.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "acquire/file_rotation.h"
#include "acquire/file_segment.h"
#include "acquire/stats.h"
#include "model/line_batch.h"

namespace testudo {

struct FileReaderOptions {
  size_t max_line = 64 << 10;
  bool once = false;  ///< mode: cat: to the end, then no more
  Duration rotated_quiet = 5s;
  int64_t alive_ns = 0;  ///< boot clock when the source was last seen to run: what is read much later is late
  std::function<bool(LineBatch&&)> sink;
};

class FileReader {
 public:
  FileReader(std::string path, std::shared_ptr<const SourceInfo> info, std::shared_ptr<SourceStats> stats,
             const FileReaderOptions& options);

  enum class Start { at_end, at_begin };
  /// First look at the path. Without a saved position: from its end or its first byte.
  /// A file that cannot be opened now is taken up later, where it ended when it was first seen.
  void start(const std::optional<FilePosition>& saved, Start where);
  /// Has the path got another file (rotation), or one at last? Ends rotated segments that are done.
  /// `late`: this process was stopped, so what is new to it may be old.
  void check(bool late);
  /// Everything up to the present size is late: the process was stopped.
  void expect_backlog();
  /// Hands over where reading begins, once, without lines; read() does it when nobody has.
  void send_first_position();
  /// Reads at most about `budget` bytes and takes them off; true = there is more.
  bool read(size_t& budget);

  std::string position() const;              ///< what to save
  bool stopped() const { return stopped_; }  ///< the sink said so
  const std::string& path() const { return path_; }
  const std::deque<std::unique_ptr<FileSegment>>& segments() const { return segments_; }
  SourceStats& stats() { return *stats_; }
  const std::shared_ptr<SourceStats>& shared_stats() const { return stats_; }
  /// Is this inode read here, or was it?
  bool knows(uint64_t device, uint64_t inode) const;
  bool finished() const;  ///< mode: cat: all was read

  bool dirty = true;     ///< the owner's note: there may be something to read
  uint64_t touched = 0;  ///< the owner's note: discovery round that last saw the path

 private:
  void adopt(std::unique_ptr<FileSegment> segment, bool late);
  void open_current(Start where, bool late);
  void rewritten(size_t index);
  void end_quiet_segments();
  bool read_segment(FileSegment& segment, bool final, size_t& budget);
  void deliver(const SegmentRead& read, std::vector<std::string_view>& lines, bool late);

  const std::string path_;
  const std::shared_ptr<const SourceInfo> info_;
  const std::shared_ptr<SourceStats> stats_;
  const FileReaderOptions& options_;
  std::deque<std::unique_ptr<FileSegment>> segments_;
  bool has_current_ = false;  ///< the last segment is what the path named when last looked at
  uint64_t first_size_ = 0;   ///< of an unreadable file, when it was first seen
  bool unreadable_ = false;
  std::optional<FilePosition> pending_;  ///< waits until the file can be read
  /// Rotated files that were read to their end, or were there before reading began: not to be read again.
  /// Times of birth are coarse, so that `confirmed_` alone cannot tell them from what came since.
  std::vector<FileBirth> done_births_;
  void forget_deleted();
  TimePoint confirmed_{};  ///< when the path last was seen to name the current segment
  bool stopped_ = false;
  bool mark_sent_ = false;
  std::shared_ptr<std::string> buffer_;
};

}  // namespace testudo
