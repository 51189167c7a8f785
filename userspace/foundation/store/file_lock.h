// store/file_lock.h: one daemon per database file.
#pragma once

#include <string>

#include "base/files.h"

namespace testudo::store {

/// Held as long as it lives; the kernel lets go of it when the process ends, however it ends. The file
/// itself stays: removing it would let two processes lock two different files of one name.
class FileLock {
 public:
  FileLock() = default;
  /// Takes `path` (created with mode 0640) and writes this process's id into it. conflict: held by another,
  /// whose id is named.
  static Result<FileLock> take(const std::string& path);

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace testudo::store
