// base/files.h: whole files in, whole files out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace testudo {

/// The whole file; more than `limit` bytes is an error (too_large).
Result<std::string> read_file(const std::string& path, uint64_t limit = 64u << 20);
/// Writes beside the file, syncs and renames over it, so that a reader or a crash sees the old or the new
/// one.
Result<void> write_file_atomic(const std::string& path, std::string_view content, int mode = 0640);
/// mkdir -p.
Result<void> make_directories(const std::string& path, int mode = 0755);
bool file_exists(const std::string& path);
/// Names in a directory, sorted bytewise, without "." and ".."; a missing directory has none.
std::vector<std::string> list_directory(const std::string& path);

/// An open file descriptor with one owner.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~Fd() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

}  // namespace testudo
