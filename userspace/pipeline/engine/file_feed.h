// engine/file_feed.h: a log file in pieces of whole lines, for threads that cut them into lines themselves.
#pragma once

#include <optional>
#include <string>

#include "base/files.h"
#include "engine/work.h"

namespace testudo {

/// One caller at a time (the pipeline sees to it). Pieces are about `piece` bytes and end with a line; of a
/// line that is longer than any line may be, the first kMaxLine + 1 bytes are handed on and the rest is left
/// out.
class FileFeed {
 public:
  static constexpr size_t kMaxLine = 64 * 1024;

  FileFeed(Fd fd, std::string path, std::shared_ptr<const SourceInfo> source, TimePoint arrived, size_t piece)
      : fd_(std::move(fd)),
        path_(std::move(path)),
        source_(std::move(source)),
        arrived_(arrived),
        piece_(piece) {}

  /// False at the end of the file, or after an error.
  bool fill(Work& work);
  const std::optional<Error>& error() const { return error_; }

 private:
  Fd fd_;
  std::string path_;
  std::shared_ptr<const SourceInfo> source_;
  TimePoint arrived_;
  const size_t piece_;
  std::string rest_;  ///< the beginning of a line whose end was not read yet
  bool skipping_ = false, end_ = false;
  std::optional<Error> error_;
};

}  // namespace testudo
