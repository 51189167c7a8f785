// acquire/file.cpp: files, followed through rotation: `source: file`.
//
// One inotify descriptor says which files were written and what came and went in their folders; once a second
// all are looked at anyway, so that a lost event costs a second and no lines. Where inotify cannot be
// trusted (network filesystems) or had, the same look comes four times a second.
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "acquire/file_config.h"
#include "acquire/file_paths.h"
#include "acquire/file_reader.h"
#include "acquire/file_watch.h"
#include "acquire/journal_present.h"
#include "acquire/stats.h"
#include "base/log.h"
#include "base/text.h"

namespace testudo {
namespace {

constexpr size_t kBudget = 1 << 20;
constexpr auto kLook = 1s;
constexpr auto kLookPolling = 250ms;
constexpr int64_t kStoppedNs = 5'000'000'000;

bool on_network(int fd) {
  struct statfs fs;
  if (::fstatfs(fd, &fs) != 0) return false;
  switch (uint32_t(fs.f_type)) {
    case NFS_SUPER_MAGIC:
    case SMB_SUPER_MAGIC:
    case CIFS_SUPER_MAGIC:
    case SMB2_SUPER_MAGIC:
    case AFS_SUPER_MAGIC:
    case AFS_FS_MAGIC:
    case CEPH_SUPER_MAGIC:
    case V9FS_MAGIC:
    case FUSE_SUPER_MAGIC:
    case CODA_SUPER_MAGIC:
      return true;
    default:
      return false;
  }
}

class FileSource final : public Source {
 public:
  FileSource(FileConfig config, SourceContext& context)
      : config_(std::move(config)), context_(context), paths_(config_.patterns, std::move(config_.excludes)) {
    options_.max_line = config_.max_line;
    options_.once = config_.common.once;
    options_.sink = context_.sink;
  }

  Result<void> start() override {
    if (config_.unless_journald && journal_is_kept()) {
      log::info("source.left_to_journal", {{"patterns", config_.patterns.front()}});
      off_ = true;
      return {};
    }
    if (!options_.once && !config_.polling.value_or(false)) {
      if (auto watch = FileWatch::create())
        watch_ = std::move(*watch);
      else
        log::warn("source.polling", {{"reason", watch.error().text()}});
    }
    last_poll_ns_ = boottime_ns();
    load_known_patterns();
    marks_info_ = config_.common.info("file", config_.patterns.front(), context_);
    discover(/*first=*/true);
    // Before anything is read: a crash a moment later must find where reading began.
    if (!options_.once) {
      for (auto& [path, reader] : readers_) reader->send_first_position();
      send_marks();
    }
    return {};
  }

  int poll_fd() const override { return watch_ ? watch_->fd() : -1; }
  Duration poll_interval() const override {
    if (off_ || done_) return 1h;
    return polling_ || !watch_ ? Duration(kLookPolling) : Duration(kLook);
  }
  bool done() const override { return off_ || done_; }
  std::vector<SourceStatus> status() const override { return board_.snapshot(); }

  bool poll() override {
    if (off_ || done_) return false;
    const int64_t now_ns = boottime_ns();
    late_ = now_ns - last_poll_ns_ > kStoppedNs && !options_.once;
    last_poll_ns_ = options_.alive_ns = now_ns;
    if (late_)
      for (auto& [path, reader] : readers_) reader->expect_backlog();
    if (watch_) take_events();
    if (now_ns - last_look_ns_ >= Duration(poll_interval()).count()) {
      last_look_ns_ = now_ns;
      for (auto& [path, reader] : readers_) look(*reader);
    }
    if (rescan_ || now_ns - last_discover_ns_ >= config_.discover.count()) discover(/*first=*/false);
    return read_dirty();
  }

 private:
  void take_events() {
    FileWatch::Handler handler;
    handler.file = [&](int watch, bool renamed) {
      const auto it = watches_.find(watch);
      if (it == watches_.end()) return;
      it->second->dirty = true;
      if (renamed) look(*it->second);
    };
    handler.entry = [&](const std::string& folder, std::string_view name) {
      const std::string path = (folder == "/" ? "/" : folder + "/") + std::string(name);
      if (const auto it = readers_.find(path); it != readers_.end())
        look(*it->second);
      else if (paths_.concerns(path))
        rescan_ = true;
    };
    handler.lost = [&] {
      rescan_ = true;
      for (auto& [path, reader] : readers_) look(*reader);
    };
    watch_->drain(handler);
  }

  /// Rotated, gone, back, or silently written?
  void look(FileReader& reader) {
    reader.check(late_);
    reader.dirty = true;
    watch_segments(reader);
  }

  void watch_segments(FileReader& reader) {
    if (!watch_) return;
    for (const auto& segment : reader.segments()) {
      if (!config_.polling && !polling_ && on_network(segment->fd())) {
        polling_ = true;
        log::info("source.polling", {{"source", reader.path()}, {"reason", "network filesystem"}});
      }
      const auto key = std::pair(segment->device(), segment->inode());
      if (watched_.contains(key)) continue;
      const int watch = watch_->watch_file(segment->fd());
      if (watch < 0) {
        note_exhausted();
        continue;
      }
      watched_[key] = watch;
      watches_[watch] = &reader;
    }
    // Of files that are done with, the watch goes too.
    for (auto it = watches_.begin(); it != watches_.end();) {
      if (it->second != &reader) {
        ++it;
        continue;
      }
      const auto file = std::find_if(watched_.begin(), watched_.end(),
                                     [&](const auto& row) { return row.second == it->first; });
      if (file != watched_.end() && reader.knows(file->first.first, file->first.second)) {
        ++it;
        continue;
      }
      watch_->forget(it->first);
      if (file != watched_.end()) watched_.erase(file);
      it = watches_.erase(it);
    }
  }

  void note_exhausted() {
    if (!watch_->exhausted() || polling_) return;
    polling_ = true;
    log::warn("source.polling", {{"reason", "the kernel has no inotify watches left"},
                                 {"remedy", "raise fs.inotify.max_user_watches"}});
  }

  void discover(bool first) {
    rescan_ = false;
    last_discover_ns_ = boottime_ns();
    ++round_;
    if (watch_ && !options_.once) {
      // Folders before files: what appears in between is seen by one of the two. Until nothing changes, since
      // a folder may have been filled before its watch was set.
      std::vector<std::string> folders = paths_.folders(), before;
      for (int i = 0; i < 16 && folders != before; ++i) {
        for (const std::string& folder : folders)
          if (!watch_->watch_folder(folder)) note_exhausted();
        before = std::exchange(folders, paths_.folders());
      }
    }
    for (const std::string& path : paths_.expand()) {
      auto it = readers_.find(path);
      if (it == readers_.end()) {
        if (const FileReader* other = read_elsewhere(path)) {
          if (!first && aliases_.insert(path).second) marks_.push_back({"file:" + path, other->position()});
          continue;
        }
        it = readers_.emplace(path, make_reader(path)).first;
        begin(*it->second, first);
      }
      it->second->touched = round_;
    }
    if (!first) forget_vanished();
    if (first && !options_.once) remember_patterns();
    for (auto& [path, reader] : readers_) watch_segments(*reader);
  }

  std::unique_ptr<FileReader> make_reader(const std::string& path) {
    auto stats = std::make_shared<SourceStats>("file", path, config_.common.log_type(), context_.metrics);
    board_.add(stats);
    return std::make_unique<FileReader>(path, config_.common.info("file", path, context_), std::move(stats),
                                        options_);
  }

  void begin(FileReader& reader, bool first) {
    std::optional<FilePosition> saved;
    if (context_.saved_position)
      if (const auto text = context_.saved_position("file:" + reader.path())) {
        saved = decode_file_position(*text);
        if (!saved) log::warn("source.position_unknown", {{"source", reader.path()}, {"position", *text}});
      }
    // A file without a position, under a pattern that was watched before: it came while nobody watched.
    const bool fresh = options_.once || !first || pattern_known(reader.path());
    if (!first) saved.reset();
    reader.start(saved, fresh ? FileReader::Start::at_begin : FileReader::Start::at_end);
    // What came while nobody watched is late.
    if (late_ || (first && fresh)) reader.expect_backlog();
  }

  /// Another name (a link, a rotated name) of a file that is read already: its lines are not read twice.
  const FileReader* read_elsewhere(const std::string& path) const {
    struct stat st;
    if (::stat(path.c_str(), &st) != 0) return nullptr;
    for (const auto& [other, reader] : readers_)
      if (reader->knows(st.st_dev, st.st_ino)) return reader.get();
    return nullptr;
  }

  void forget_vanished() {
    for (auto it = readers_.begin(); it != readers_.end();) {
      FileReader& reader = *it->second;
      // Literal names are in every round; a vanished match of a pattern goes when its last lines are read.
      if (reader.touched == round_ || !reader.segments().empty()) {
        ++it;
        continue;
      }
      board_.remove(&reader.stats());
      std::erase_if(watches_, [&](const auto& row) { return row.second == &reader; });
      it = readers_.erase(it);
    }
  }

  std::string pattern_key(const std::string& pattern) const {
    return "file-pattern:" + pattern + "|" + config_.excludes_text;
  }
  void load_known_patterns() {
    for (const std::string& pattern : config_.patterns)
      if (has_wildcard(pattern) && context_.saved_position && context_.saved_position(pattern_key(pattern)))
        known_patterns_.push_back(pattern);
  }
  bool pattern_known(const std::string& path) const {
    return std::any_of(known_patterns_.begin(), known_patterns_.end(),
                       [&](const std::string& pattern) { return path_matches(pattern, path); });
  }
  void remember_patterns() {
    for (const std::string& pattern : config_.patterns)
      if (has_wildcard(pattern)) marks_.push_back({pattern_key(pattern), "v1"});
  }

  bool read_dirty() {
    size_t budget = kBudget;
    bool more = false, all_done = options_.once;
    // Round robin, so that one busy file does not silence the others.
    for (int round = 0; round < 2; ++round)
      for (auto& [path, reader] : readers_) {
        if ((round == 0) != (path > resume_after_)) continue;
        if (!reader->dirty) continue;
        if (budget == 0) return true;
        size_t share = std::min<size_t>(budget, kBudget / 2);
        const size_t before = share;
        more |= reader->read(share);
        budget -= std::min(budget, before - share);
        if (reader->stopped()) return false;
        if (budget == 0) resume_after_ = path;
      }
    for (auto& [path, reader] : readers_) all_done = all_done && reader->finished();
    done_ = all_done;
    if (!more) send_marks();
    return more;
  }

  /// Positions that belong to no line.
  void send_marks() {
    for (const Position& mark : marks_) {
      LineBatch batch;
      batch.bytes = std::make_shared<const std::string>();
      batch.source = marks_info_;
      batch.arrived = now();
      batch.arrived_mono = monotonic_ns();
      batch.resume = mark;
      if (!options_.sink(std::move(batch))) return;
    }
    marks_.clear();
  }

  FileConfig config_;
  SourceContext& context_;
  FilePatterns paths_;
  FileReaderOptions options_;
  StatsBoard board_;
  std::optional<FileWatch> watch_;
  std::map<std::string, std::unique_ptr<FileReader>> readers_;
  std::unordered_map<int, FileReader*> watches_;
  std::map<std::pair<uint64_t, uint64_t>, int> watched_;
  std::set<std::string> aliases_;  ///< paths whose file is read under another one
  std::vector<std::string> known_patterns_;
  std::vector<Position> marks_;
  std::shared_ptr<const SourceInfo> marks_info_;
  std::string resume_after_;
  uint64_t round_ = 0;
  int64_t last_poll_ns_ = 0, last_look_ns_ = 0, last_discover_ns_ = 0;
  bool polling_ = false, rescan_ = false, late_ = false, off_ = false, done_ = false;
};

Result<std::unique_ptr<Source>> open_file(const YamlNode& section, SourceContext& context) {
  TESTUDO_TRY(FileConfig config, read_file_config(section));
  return std::unique_ptr<Source>(std::make_unique<FileSource>(std::move(config), context));
}

}  // namespace

namespace {
Result<void> check_file(const YamlNode& section) {
  TESTUDO_CHECK(read_file_config(section));
  return {};
}
}  // namespace

extern const SourceKind file_source;
const SourceKind file_source = {"file", "log files, followed through rotation", file_keys(), open_file,
                                check_file};

}  // namespace testudo
