#include "engine/file_feed.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace testudo {

bool FileFeed::fill(Work& work) {
  if (!work.buffer || work.buffer.use_count() > 1) work.buffer = std::make_shared<std::string>();
  std::string& buffer = *work.buffer;
  while (!end_) {
    const size_t had = rest_.size();
    buffer.resize(had + piece_);
    std::memcpy(buffer.data(), rest_.data(), had);
    rest_.clear();
    ssize_t n;
    do n = ::read(fd_.get(), buffer.data() + had, piece_);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
      error_ = errno_error("cannot read " + path_, errno, {path_});
      end_ = true;
      return false;
    }
    end_ = n == 0;
    std::string_view text(buffer.data(), had + size_t(n));
    if (skipping_) {
      const size_t newline = text.find('\n');
      skipping_ = newline == std::string_view::npos;
      text.remove_prefix(skipping_ ? text.size() : newline + 1);
    }
    if (!end_) {
      const size_t last = text.rfind('\n');
      std::string_view tail = text.substr(last == std::string_view::npos ? 0 : last + 1);
      if (tail.size() > kMaxLine) {
        // It will be cut there; what follows up to its newline is left out.
        skipping_ = true;
        text.remove_suffix(tail.size() - kMaxLine - 1);
      } else {
        rest_ = tail;
        text.remove_suffix(tail.size());
      }
    }
    if (text.empty()) continue;
    work.text = text;
    work.lines.bytes = work.buffer;
    work.lines.source = source_;
    work.lines.arrived = arrived_;
    return true;
  }
  return false;
}

}  // namespace testudo
