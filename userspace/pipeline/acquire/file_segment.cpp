#include "acquire/file_segment.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/privileges.h"
#include "base/text.h"

namespace testudo {
namespace {

/// As much of [at, at + size) as there is; shorter at the end of the file or on error.
std::string read_at(int fd, uint64_t at, size_t size) {
  std::string out(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::pread(fd, out.data() + done, size - done, off_t(at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += size_t(n);
  }
  out.resize(done);
  return out;
}

}  // namespace

Result<std::unique_ptr<FileSegment>> FileSegment::open(const std::string& path) {
  // O_NONBLOCK: a pipe under a log's name must not stop the thread.
  constexpr int kHow = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  Fd fd(::open(path.c_str(), kHow));
  int err = fd ? 0 : errno;
  if (err == EACCES) {
    // Rotations make logs of mode 0600. Not through a link: whoever owns a folder of logs could make us read
    // what is nobody's business.
    const MayReadAnything raised;
    if (raised) fd.reset(::open(path.c_str(), kHow | O_NOFOLLOW));
    if (fd) err = 0;
  }
  if (!fd) return errno_error("cannot open " + path, err);
  struct stat st;
  if (::fstat(fd.get(), &st) != 0) return errno_error("cannot look at " + path, errno);
  if (!S_ISREG(st.st_mode))
    return Error{
        Code::unsupported, path + " is not a regular file", {}, "name a file, not a directory or pipe"};
  return std::unique_ptr<FileSegment>(new FileSegment(std::move(fd), st.st_dev, st.st_ino));
}

void FileSegment::start_at_begin() {
  skipping_ = false;
  head_.clear();
  tail_.clear();
  const off_t data = ::lseek(fd_.get(), 0, SEEK_DATA);
  offset_ = data > 0 ? uint64_t(data) : 0;
}

void FileSegment::start_near(uint64_t size, size_t limit) {
  offset_ = std::min(size, this->size());
  skipping_ = false;
  const size_t look = size_t(std::min<uint64_t>(offset_, limit));
  const std::string before = read_at(fd_.get(), offset_ - look, look);
  if (before.size() == look && look > 0 && before.back() != '\n') {
    const size_t newline = before.rfind('\n');
    if (newline != std::string::npos)
      offset_ -= look - newline - 1;
    else if (look == offset_)
      offset_ = 0;
    else
      skipping_ = true;  // a line over the limit: its rest is nobody's line
  }
  head_ = read_at(fd_.get(), 0, size_t(std::min<uint64_t>(offset_, kHeadBytes)));
  const size_t tail = size_t(std::min<uint64_t>(offset_, kTailBytes));
  tail_ = read_at(fd_.get(), offset_ - tail, tail);
}

bool FileSegment::resume(const FileMark& mark) {
  if (size() < mark.offset) return false;
  std::string head = read_at(fd_.get(), 0, mark.head_size);
  std::string tail = read_at(fd_.get(), mark.offset - mark.tail_size, mark.tail_size);
  if (head.size() != mark.head_size || stable_hash(head) != mark.head_hash) return false;
  if (tail.size() != mark.tail_size || stable_hash(tail) != mark.tail_hash) return false;
  head_ = std::move(head);
  tail_ = std::move(tail);
  offset_ = mark.offset;
  skipping_ = mark.skipping;
  return true;
}

SegmentRead FileSegment::read(std::string& buffer, size_t limit, bool final,
                              std::vector<std::string_view>& lines) {
  SegmentRead out;
  ssize_t n;
  do {
    n = ::pread(fd_.get(), buffer.data(), buffer.size(), off_t(offset_ - tail_.size()));
  } while (n < 0 && errno == EINTR);
  if (n < 0) {
    out.outcome = ReadOutcome::failed;
    out.error = errno;
    return out;
  }
  if (size_t(n) < tail_.size() || std::memcmp(buffer.data(), tail_.data(), tail_.size()) != 0) {
    out.outcome = ReadOutcome::rewritten;
    return out;
  }
  const std::string_view before(buffer.data(), tail_.size());
  out.bytes = std::string_view(buffer.data() + tail_.size(), size_t(n) - tail_.size());
  if (out.bytes.empty()) return out;
  out.more = size_t(n) == buffer.size();
  out.scan = scan_lines(out.bytes, skipping_, final && !out.more, limit, lines);
  skipping_ = out.scan.skipping;
  if (out.scan.consumed == 0) return out;
  take(before, out.bytes.substr(0, out.scan.consumed));
  out.outcome = ReadOutcome::lines;
  return out;
}

void FileSegment::take(std::string_view before, std::string_view consumed) {
  if (head_.size() < kHeadBytes && head_.size() == offset_)
    head_.append(consumed.substr(0, kHeadBytes - head_.size()));
  offset_ += consumed.size();
  // Both lie side by side in the caller's buffer.
  const std::string_view seen(before.data(), before.size() + consumed.size());
  tail_.assign(seen.substr(seen.size() - std::min(seen.size(), kTailBytes)));
}

FileMark FileSegment::mark() const {
  FileMark mark;
  mark.device = device_;
  mark.inode = inode_;
  mark.offset = offset_;
  mark.skipping = skipping_;
  mark.head_size = uint32_t(head_.size());
  mark.head_hash = stable_hash(head_);
  mark.tail_size = uint32_t(tail_.size());
  mark.tail_hash = stable_hash(tail_);
  return mark;
}

uint64_t FileSegment::size() const {
  struct stat st;
  return ::fstat(fd_.get(), &st) == 0 && st.st_size > 0 ? uint64_t(st.st_size) : 0;
}

bool FileSegment::unlinked() const {
  struct stat st;
  return ::fstat(fd_.get(), &st) == 0 && st.st_nlink == 0;
}

}  // namespace testudo
