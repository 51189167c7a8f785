#include "store/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"

namespace testudo::store {

namespace {
std::string holder(int fd) {
  char text[32];
  const ssize_t size = pread(fd, text, sizeof text, 0);
  if (size <= 0) return "an unknown process";
  return fmt::format("process {}", escape_for_terminal(trim({text, size_t(size)})));
}
}  // namespace

Result<FileLock> FileLock::take(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!fd)
    return errno_error("cannot open the lock of the store", errno, {path},
                       "the user of the daemon must be able to write its folder");
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return errno_error("cannot lock the store", errno, {path});
    return Error{Code::conflict,
                 fmt::format("the store is held by {}", holder(fd.get())),
                 {path},
                 "stop that daemon first, or give this one its own `paths.state`"};
  }
  const std::string pid = fmt::format("{}\n", getpid());
  if (ftruncate(fd.get(), 0) != 0 || pwrite(fd.get(), pid.data(), pid.size(), 0) != ssize_t(pid.size()))
    return errno_error("cannot write the lock of the store", errno, {path});
  return FileLock(std::move(fd));
}

}  // namespace testudo::store
