// acquire/file_position.h: where a file has been read to, in a form that survives a restart.
//
// An inode alone does not tell a file: inodes are reused, device numbers change at boot, and copytruncate
// keeps the inode while the content moves elsewhere. So a mark also holds hashes of the file's first bytes
// (head) and of those just before the offset (tail): content is found again wherever it went, and a file
// that was rewritten in place is seen to be another one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace testudo {

inline constexpr size_t kHeadBytes = 256;
inline constexpr size_t kTailBytes = 64;

struct FileMark {
  uint64_t device = 0, inode = 0;
  uint64_t offset = 0;    ///< after the last complete line that was delivered
  bool skipping = false;  ///< inside a line that was cut at the limit
  uint32_t head_size = 0;
  uint64_t head_hash = 0;
  uint32_t tail_size = 0;
  uint64_t tail_hash = 0;
  bool operator==(const FileMark&) const = default;
};

struct FilePosition {
  /// Oldest first: rotated files that still get lines, then the file under the path. Empty: the path did
  /// not exist, so whatever lies there later is new from its first byte.
  std::vector<FileMark> marks;
  int64_t seen = 0;  ///< Unix seconds of this position: files modified later hold what was not read
};

std::string encode(const FilePosition& position);
/// Nothing when the text is not of ours (older format, damage).
std::optional<FilePosition> decode_file_position(std::string_view text);

}  // namespace testudo
