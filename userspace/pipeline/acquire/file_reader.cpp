#include "acquire/file_reader.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "acquire/file_rotation.h"
#include "base/log.h"

namespace testudo {
namespace {

constexpr size_t kChunk = 256 << 10;
constexpr size_t kCopyBelow =
    32 << 10;  // smaller reads are copied out, so that they do not pin a whole buffer
constexpr Duration kBirthSlack = 10ms;  // file times come from a coarser clock
constexpr int64_t kStoppedNs = 5'000'000'000;
constexpr size_t kMaxSegments = 70;

std::string open_problem(const Error& error) {
  if (error.code == Code::permission)
    return error.message +
           "; add user testudo to the group that may read it: usermod -aG adm testudo, then "
           "restart testudod";
  return error.remedy.empty() ? error.message : error.message + "; " + error.remedy;
}

}  // namespace

FileReader::FileReader(std::string path, std::shared_ptr<const SourceInfo> info,
                       std::shared_ptr<SourceStats> stats, const FileReaderOptions& options)
    : path_(std::move(path)), info_(std::move(info)), stats_(std::move(stats)), options_(options) {}

void FileReader::start(const std::optional<FilePosition>& saved, Start where) {
  if (!options_.once) done_births_ = rotated_births(path_);
  if (!saved || options_.once) {
    open_current(where, /*late=*/false);
    mark_sent_ = false;
    return;
  }
  auto plan = plan_resume(path_, *saved);
  if (!plan) {
    unreadable_ = true;
    pending_ = saved;
    stats_->set_problem(open_problem(plan.error()));
    return;
  }
  if (plan.value().lost)
    log::warn("source.position_lost",
              {{"source", path_},
               {"message",
                "what was read before is gone: truncated, deleted or compressed (compressed files are not "
                "read); lines written in between may be missing"}});
  has_current_ = plan.value().has_current;
  std::vector<std::unique_ptr<FileSegment>>& found = plan.value().segments;
  for (size_t i = 0; i < found.size(); ++i) {
    // The newest rotated one may still have its writer; those before it are done at their end.
    found[i]->copy = i + (has_current_ ? 2 : 1) < found.size();
    adopt(std::move(found[i]), /*late=*/true);
  }
  unreadable_ = false;
  if (has_current_) confirmed_ = now();
  pending_.reset();
  stats_->set_exists(has_current_);
  stats_->set_problem("");
  mark_sent_ = true;
}

void FileReader::adopt(std::unique_ptr<FileSegment> segment, bool late) {
  segment->backlog_until = late ? segment->size() : 0;
  segment->grew_ns = boottime_ns();
  segments_.push_back(std::move(segment));
  dirty = true;
}

void FileReader::open_current(Start where, bool late) {
  auto opened = FileSegment::open(path_);
  if (!opened) {
    has_current_ = false;
    const bool missing = opened.error().code == Code::not_found;
    stats_->set_exists(!missing);
    if (missing) {
      stats_->set_problem("");
      return;
    }
    struct stat st;
    if (!unreadable_ && where == Start::at_end && ::stat(path_.c_str(), &st) == 0)
      first_size_ = uint64_t(st.st_size);
    unreadable_ = true;
    stats_->set_problem(open_problem(opened.error()));
    return;
  }
  std::unique_ptr<FileSegment> segment = std::move(*opened);
  if (unreadable_)
    segment->start_near(first_size_, options_.max_line);
  else if (where == Start::at_end)
    segment->start_near(segment->size(), options_.max_line);
  late = late || unreadable_;
  unreadable_ = false;
  has_current_ = true;
  confirmed_ = now();
  stats_->set_exists(true);
  stats_->set_problem("");
  adopt(std::move(segment), late);
}

void FileReader::check(bool late) {
  if (options_.once && has_current_) return;
  if (pending_) {
    const std::optional<FilePosition> saved = pending_;
    start(saved, Start::at_end);
    return;
  }
  struct stat st;
  const bool there = ::stat(path_.c_str(), &st) == 0;
  if (there && has_current_ && segments_.back()->same_file(st.st_dev, st.st_ino)) {
    confirmed_ = now();
  } else if (there) {
    // A rename of what is read already (a symbolic link turned, a file moved back) opens nothing twice.
    const auto known = std::find_if(segments_.begin(), segments_.end(),
                                    [&](const auto& s) { return s->same_file(st.st_dev, st.st_ino); });
    if (known != segments_.end()) {
      auto segment = std::move(*known);
      segments_.erase(known);
      segments_.push_back(std::move(segment));
      has_current_ = true;
      stats_->set_exists(true);
    } else {
      // Not here a moment ago, so new from its first byte; as is what came and went since.
      if (!unreadable_ && confirmed_ != TimePoint{})
        for (auto& segment : rotated_since(path_, confirmed_ - kBirthSlack, done_births_))
          if (!knows(segment->device(), segment->inode()) && !segment->same_file(st.st_dev, st.st_ino))
            adopt(std::move(segment), late);
      open_current(Start::at_begin, late);
    }
  } else if (errno == ENOENT || errno == ENOTDIR) {
    has_current_ = false;
    if (unreadable_) first_size_ = 0;
    stats_->set_exists(false);
  } else {
    stats_->set_problem(open_problem(errno_error("cannot open " + path_, errno)));
  }
  end_quiet_segments();
}

void FileReader::end_quiet_segments() {
  const int64_t now_ns = boottime_ns();
  for (size_t i = 0; i + (has_current_ ? 1 : 0) < segments_.size() && !stopped_;) {
    FileSegment& segment = *segments_[i];
    const bool quiet = now_ns - segment.grew_ns > options_.rotated_quiet.count();
    // The writer has moved on when its next file has lines; a file without a name can only be held by one
    // that will not write for long.
    const bool moved_on = i + 1 < segments_.size() && segments_[i + 1]->offset() > 0;
    const bool copied = segment.copy && i + 1 < segments_.size();
    if (!copied && !(quiet && (moved_on || segment.unlinked())) && segments_.size() <= kMaxSegments) {
      ++i;
      continue;
    }
    size_t budget = SIZE_MAX;
    while (read_segment(segment, /*final=*/true, budget) && !stopped_) {
    }
    if (!stopped_)
      for (const FileBirth& birth : rotated_births(path_))
        if (segment.same_file(birth.device, birth.inode)) done_births_.push_back(birth);
    forget_deleted();
    if (!stopped_) std::erase_if(segments_, [&](const auto& s) { return s.get() == &segment; });
  }
}

void FileReader::forget_deleted() {
  if (done_births_.size() < 128) return;
  const std::vector<FileBirth> there = rotated_births(path_);
  std::erase_if(done_births_, [&](const FileBirth& birth) {
    return std::find(there.begin(), there.end(), birth) == there.end();
  });
}

void FileReader::expect_backlog() {
  for (auto& segment : segments_) segment->backlog_until = segment->size();
}

bool FileReader::knows(uint64_t device, uint64_t inode) const {
  return std::any_of(segments_.begin(), segments_.end(),
                     [&](const auto& s) { return s->same_file(device, inode); });
}

bool FileReader::finished() const {
  return options_.once && !unreadable_ &&
         (segments_.empty() || segments_.back()->offset() >= segments_.back()->size());
}

bool FileReader::read(size_t& budget) {
  send_first_position();
  bool more = false;
  // In order: the next segment only when this one is at its end. Reading may put a copy before it.
  for (size_t i = 0; i < segments_.size() && !more && !stopped_; ++i) {
    do {
      FileSegment& segment = *segments_[i];
      const bool last = i + 1 == segments_.size();
      more = read_segment(segment, (options_.once && last) || (segment.copy && !last), budget);
    } while (more && budget > 0 && !stopped_);
  }
  if (segments_.size() > 1 && !more && !stopped_) end_quiet_segments();
  dirty = more;
  return more && !stopped_;
}

bool FileReader::read_segment(FileSegment& segment, bool final, size_t& budget) {
  const size_t size = std::max(kChunk, options_.max_line + (kChunk >> 2));
  if (!buffer_ || buffer_->size() != size) buffer_ = std::make_shared<std::string>(size, '\0');
  std::vector<std::string_view> lines;
  const uint64_t from = segment.offset();
  const SegmentRead read = segment.read(*buffer_, options_.max_line, final, lines);
  switch (read.outcome) {
    case ReadOutcome::nothing:
      return false;
    case ReadOutcome::failed:
      stats_->set_problem(errno_error("cannot read " + path_, read.error).message);
      return false;
    case ReadOutcome::rewritten: {
      const auto at = std::find_if(segments_.begin(), segments_.end(),
                                   [&](const auto& s) { return s.get() == &segment; });
      rewritten(size_t(at - segments_.begin()));
      return true;
    }
    case ReadOutcome::lines:
      break;
  }
  const int64_t now_ns = boottime_ns();
  segment.grew_ns = now_ns;
  // Stopped, or held up by the sink, since the poll began.
  if (now_ns - options_.alive_ns > kStoppedNs) segment.backlog_until = segment.size();
  budget -= std::min(budget, read.bytes.size());
  const bool late = from < segment.backlog_until;
  deliver(read, lines, late);
  // Catching up took time, and what was appended meanwhile is late as well.
  if (late && segment.offset() >= segment.backlog_until && read.more) segment.backlog_until = segment.size();
  return read.more;
}

void FileReader::rewritten(size_t index) {
  // Truncated, or written anew. copytruncate leaves the lines that were not read yet in its copy.
  FileSegment& segment = *segments_[index];
  auto copy = find_copy(path_, segment.mark());
  const bool late = segment.offset() < segment.backlog_until;
  segment.start_at_begin();
  segment.grew_ns = boottime_ns();
  segment.backlog_until = late ? segment.size() : 0;
  log::info("source.truncated", {{"source", path_}, {"copy", copy ? "found" : "none"}});
  if (!copy) return;
  copy->grew_ns = segment.grew_ns;
  copy->backlog_until = late ? copy->size() : 0;
  segments_.insert(segments_.begin() + std::ptrdiff_t(index), std::move(copy));
}

void FileReader::deliver(const SegmentRead& read, std::vector<std::string_view>& lines, bool late) {
  LineBatch batch;
  if (read.scan.consumed < kCopyBelow) {
    auto bytes = std::make_shared<const std::string>(read.bytes.substr(0, read.scan.consumed));
    for (std::string_view& line : lines)
      line = std::string_view(bytes->data() + (line.data() - read.bytes.data()), line.size());
    batch.bytes = std::move(bytes);
  } else {
    batch.bytes = std::move(buffer_);
  }
  batch.lines = std::move(lines);
  batch.source = info_;
  batch.arrived = now();
  batch.arrived_mono = monotonic_ns();
  batch.resume = {"file:" + path_, position()};
  batch.backlog = late;
  stats_->count(batch.lines.size(), read.scan.consumed, batch.arrived);
  stats_->count_too_long(read.scan.too_long);
  stats_->count_binary(read.scan.binary);
  if (!options_.sink(std::move(batch))) stopped_ = true;
}

void FileReader::send_first_position() {
  if (mark_sent_ || unreadable_ || options_.once) return;
  // Without this a file that was silent until the restart would start at its end once more.
  mark_sent_ = true;
  LineBatch batch;
  batch.bytes = std::make_shared<const std::string>();
  batch.source = info_;
  batch.arrived = now();
  batch.arrived_mono = monotonic_ns();
  batch.resume = {"file:" + path_, position()};
  if (!options_.sink(std::move(batch))) stopped_ = true;
}

std::string FileReader::position() const {
  FilePosition position;
  position.seen = unix_seconds(now());
  for (const auto& segment : segments_) position.marks.push_back(segment->mark());
  return encode(position);
}

}  // namespace testudo
