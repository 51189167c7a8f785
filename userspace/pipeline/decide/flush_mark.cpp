#include "decide/flush_mark.h"

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>

#include "base/files.h"
#include "base/log.h"
#include "base/text.h"

namespace testudo {

namespace {
std::string file_of(const std::string& folder) { return folder + "/" + kFlushMarkFile; }
}  // namespace

TimePoint parse_flush_mark(const std::string& text) {
  const std::string_view digits = trim(text);
  int64_t ns = 0;
  const auto [end, err] = std::from_chars(digits.data(), digits.data() + digits.size(), ns);
  if (err != std::errc() || end != digits.data() + digits.size() || ns < 0) return {};
  return from_unix_nanos(ns);
}

TimePoint read_flush_mark(const std::string& folder) {
  const std::string path = file_of(folder);
  if (folder.empty() || !file_exists(path)) return {};
  const auto text = read_file(path, 4096);
  if (text) {
    const TimePoint mark = parse_flush_mark(*text);
    if (mark != TimePoint{}) return mark;
  }
  // Somebody flushed, and a crash or a hand damaged the note: its own time stamp is the best that is left.
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return {};
  const TimePoint written = from_unix_nanos(info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec);
  log::warn("flush.mark_damaged", {{"file", path}, {"taken", format_rfc3339_seconds(written)}});
  return written;
}

Result<void> write_flush_mark(const std::string& folder, TimePoint mark) {
  if (folder.empty()) return {};
  TESTUDO_CHECK(make_directories(folder));
  TESTUDO_CHECK(write_file_atomic(file_of(folder), std::to_string(unix_nanos(mark)) + "\n"));
  // Root writes it when no daemon runs; the daemon, who owns the folder, must be able to read it.
  struct stat owner {};
  if (::geteuid() == 0 && ::stat(folder.c_str(), &owner) == 0 && owner.st_uid != 0 &&
      ::lchown(file_of(folder).c_str(), owner.st_uid, owner.st_gid) != 0)
    return errno_error("cannot give " + file_of(folder) + " to the daemon's user", errno);
  return {};
}

}  // namespace testudo
