#include "acquire/file_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace testudo {
namespace {

constexpr uint32_t kFileEvents = IN_MODIFY | IN_MOVE_SELF | IN_DELETE_SELF | IN_ATTRIB;
constexpr uint32_t kFolderEvents = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB |
                                   IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

}  // namespace

Result<FileWatch> FileWatch::create() {
  FileWatch watch;
  watch.fd_ = Fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!watch.fd_)
    return errno_error("inotify is not to be had", errno, {}, "raise sysctl fs.inotify.max_user_instances");
  return watch;
}

int FileWatch::watch_file(int file_fd) {
  const std::string path = "/proc/self/fd/" + std::to_string(file_fd);
  const int watch = ::inotify_add_watch(fd_.get(), path.c_str(), kFileEvents);
  if (watch < 0 && errno == ENOSPC) exhausted_ = true;
  return watch;
}

bool FileWatch::watch_folder(const std::string& path) {
  const int watch = ::inotify_add_watch(fd_.get(), path.c_str(), kFolderEvents);
  if (watch < 0) {
    if (errno == ENOSPC) exhausted_ = true;
    return false;
  }
  folders_[watch] = path;
  return true;
}

void FileWatch::forget(int watch) {
  if (watch >= 0) ::inotify_rm_watch(fd_.get(), watch);
}

void FileWatch::drain(const Handler& handler) {
  alignas(inotify_event) char buffer[16384];
  for (int round = 0; round < 64; ++round) {  // the descriptor stays readable if there is more
    const ssize_t n = ::read(fd_.get(), buffer, sizeof buffer);
    if (n <= 0) return;
    for (ssize_t at = 0; at < n;) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof event);
      const char* name = event.len > 0 ? buffer + at + sizeof event : "";
      at += ssize_t(sizeof event + event.len);
      if (event.mask & IN_Q_OVERFLOW) {
        handler.lost();
        continue;
      }
      const auto folder = folders_.find(event.wd);
      if (folder == folders_.end()) {
        if (!(event.mask & IN_IGNORED))
          handler.file(event.wd, (event.mask & (IN_MOVE_SELF | IN_DELETE_SELF | IN_ATTRIB)) != 0);
        continue;
      }
      if (event.mask & IN_IGNORED) {
        folders_.erase(folder);
      } else if (event.mask & (IN_MOVE_SELF | IN_DELETE_SELF)) {
        // A folder that moved is another one under the old path, or none.
        ::inotify_rm_watch(fd_.get(), event.wd);
        handler.lost();
      } else if (event.len > 0) {
        handler.entry(folder->second, name);
      } else {
        handler.lost();
      }
    }
  }
}

}  // namespace testudo
