// acquire/file_rotation.h: where the lines of a path went when it was rotated.
//
//   auth.log.2.gz   compressed: not read
//   auth.log.1      rotated while nobody read, or the copy that copytruncate made
//   auth.log        the path
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "acquire/file_segment.h"
#include "base/time.h"

namespace testudo {

/// Is `name` what rotation makes of `base` (both without folder)? auth.log.1, auth.log-20260101,
/// access-20260101.log for access.log; compressed or not.
bool is_rotated_name(std::string_view name, std::string_view base);
bool is_compressed_name(std::string_view name);

/// Rotated, uncompressed files of `path`, the youngest at the end. At most 64, the latest.
std::vector<std::string> rotated_files(const std::string& path);

/// The copy that copytruncate made of what `mark` remembers, if it holds more than was read; or null.
std::unique_ptr<FileSegment> find_copy(const std::string& path, const FileMark& mark);

/// A file and its time of birth: an inode number alone is used again once its file is gone.
struct FileBirth {
  uint64_t device = 0, inode = 0;
  TimePoint born{};
  bool operator==(const FileBirth&) const = default;
};
/// Of the rotated files that are there now.
std::vector<FileBirth> rotated_births(const std::string& path);

/// Rotated files born at or after `since`, without those of `done`, oldest first, each at its beginning: what
/// came and was rotated away between two looks.
std::vector<std::unique_ptr<FileSegment>> rotated_since(const std::string& path, TimePoint since,
                                                        const std::vector<FileBirth>& done);

struct ResumePlan {
  std::vector<std::unique_ptr<FileSegment>> segments;  ///< oldest first, each at its offset
  bool lost = false;         ///< what the position names is gone (deleted or compressed)
  bool has_current = false;  ///< the last segment is the file under `path` itself
};
/// Finds again what was being read when the position was saved, and everything newer.
/// Errors of the file under `path` (no permission) are returned; a missing one is not an error.
Result<ResumePlan> plan_resume(const std::string& path, const FilePosition& saved);

}  // namespace testudo
