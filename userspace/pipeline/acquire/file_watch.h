// acquire/file_watch.h: inotify as the file source uses it: open files by descriptor, folders by path.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/files.h"
#include "base/result.h"

namespace testudo {

class FileWatch {
 public:
  /// Errors: the limit on inotify instances is reached.
  static Result<FileWatch> create();

  int fd() const { return fd_.get(); }
  /// Watch descriptor of an open file, by inode, whatever its name; -1 when the kernel has none left.
  int watch_file(int file_fd);
  /// Watches what appears in and vanishes from a folder. False: it does not exist or cannot be watched.
  bool watch_folder(const std::string& path);
  void forget(int watch);

  struct Handler {
    std::function<void(int watch, bool renamed)> file;  ///< written, or renamed or deleted
    std::function<void(const std::string& folder, std::string_view name)> entry;  ///< appeared or vanished
    std::function<void()> lost;  ///< events were lost or a folder went: look at everything
  };
  /// Takes what there is off the descriptor; never waits.
  void drain(const Handler& handler);
  bool exhausted() const { return exhausted_; }  ///< a watch was refused for want of watches

 private:
  Fd fd_;
  std::unordered_map<int, std::string> folders_;
  bool exhausted_ = false;
};

}  // namespace testudo
