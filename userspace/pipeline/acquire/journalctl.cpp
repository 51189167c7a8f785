// acquire/journalctl.cpp: the systemd journal through libsystemd: `source: journalctl`.
//
// No journalctl process is run: entries come with their fields, so that a line can be told from a forged one
// (trusted_services.h), and with cursors, so that a restart neither loses nor doubles any.
#include <algorithm>

#include "acquire/common.h"
#include "acquire/journal_present.h"
#include "acquire/journal_reader.h"
#include "acquire/stats.h"
#include "base/files.h"
#include "base/log.h"

namespace testudo {
namespace {

constexpr KeySpec kKeys[] = {
    {"journalctl_filter", "strings", "",
     "what to read, as journalctl's arguments: _SYSTEMD_UNIT=ssh.service, -u ssh"},
    {"path", "string", "", "folder of journal files; default: this machine's journal"},
    {"max_buffer_size", "int", "65536", "longest line in bytes; longer ones are cut and counted"},
};

constexpr size_t kMaxEntries = 2000;
constexpr size_t kMaxBytes = 1 << 20;
constexpr Duration kLate = 5s;
constexpr Duration kReopen = 1s;

struct JournalConfig {
  CommonKeys common;
  JournalFilter filter;
  std::string name;  ///< evt.Line.Src
  size_t max_line = 64 << 10;
};

class JournalSource final : public Source {
 public:
  JournalSource(JournalConfig config, SourceContext& context)
      : config_(std::move(config)),
        sink_(context.sink),
        key_("journalctl:" + config_.filter.folder + ":" + config_.name),
        info_(config_.common.info("journalctl", config_.name, context)),
        stats_(std::make_shared<SourceStats>("journalctl", config_.name, config_.common.log_type(),
                                             context.metrics, config_.common.name)),
        writer_(config_.max_line) {
    board_.add(stats_);
    if (context.saved_position && !config_.common.once)
      if (const auto saved = context.saved_position(key_)) cursor_ = *saved;
    if (context.metrics)
      untrusted_ = &context.metrics->counter("testudo_source_untrusted_lines_total",
                                             "Journal entries that claim a service they do not come from.",
                                             {{"source", config_.name}, {"type", "journalctl"}});
  }

  Result<void> start() override {
    open();
    // Before anything is read: a crash a moment later must find where reading began.
    if (send_position_) {
      LineBatch batch;
      batch.bytes = std::make_shared<const std::string>();
      send_position_ = !hand_over(std::move(batch), now());
    }
    return {};
  }
  int poll_fd() const override { return reader_ ? reader_->fd() : -1; }
  Duration poll_interval() const override { return reader_ ? reader_->wait() : Duration(1s); }
  bool done() const override { return done_; }
  std::vector<SourceStatus> status() const override { return board_.snapshot(); }

  bool poll() override {
    if (done_) return false;
    if (!reader_ || (!readable_ && boottime_ns() >= reopen_ns_)) {
      if (boottime_ns() < reopen_ns_) return false;
      open();
      if (!reader_) return false;
    }
    if (!reader_->process()) return fail();
    return read();
  }

 private:
  void open() {
    reopen_ns_ = boottime_ns() + kReopen.count();
    look_for_files();
    auto reader = JournalReader::open(config_.filter.folder, config_.filter.space, config_.filter,
                                      config_.max_line + 64);
    if (!reader) {
      stats_->set_exists(reader.error().code != Code::not_found);
      stats_->set_problem(reader.error().code == Code::not_found ? "" : reader.error().text());
      reader_.reset();
      // What is written until it can be opened is new.
      if (cursor_.empty() && !config_.common.once) cursor_ = JournalReader::cursor_at(now());
      return;
    }
    // The old one goes only now, so that the new descriptor has another number.
    reader_ = std::move(*reader);
    seek();
  }

  void seek() {
    if (config_.common.once) return;  // from the head
    if (cursor_.empty()) {
      auto end = reader_->seek_end();
      if (!end) {
        stats_->set_problem(end.error().text());
        return;
      }
      cursor_ = *end;
      send_position_ = true;
      return;
    }
    if (auto ok = reader_->seek_behind(cursor_); !ok) {
      log::warn("source.position_lost", {{"source", config_.name}, {"message", ok.error().text()}});
      cursor_.clear();
      if (auto end = reader_->seek_end()) cursor_ = *end;
    }
  }

  /// libsystemd passes over what it may not read in silence: then nothing would ever come.
  void look_for_files() {
    bool seen = false;
    const std::string space = config_.filter.space.empty() ? "" : "." + config_.filter.space;
    readable_ = config_.filter.folder.empty()
                    ? journal_readable("/run/log/journal", seen) || journal_readable("/var/log/journal", seen)
                    : journal_readable(config_.filter.folder, seen);
    stats_->set_exists(seen);
    stats_->set_problem(seen && !readable_
                            ? "the journal cannot be read: Permission denied; add user testudo to group "
                              "systemd-journal: usermod -aG systemd-journal testudo"
                            : "");
  }

  bool fail() {
    stats_->set_problem(reader_->failure());
    reopen_ns_ = 0;  // at the next interval
    reader_.reset();
    return false;
  }

  bool read() {
    auto bytes = std::make_shared<std::string>();
    LineBatch batch;
    std::vector<size_t> ends;
    bool more = true, late = false;
    size_t too_long = 0, binary = 0, untrusted = 0;
    const TimePoint read_at = now();
    JournalEntry entry;
    while (ends.size() < kMaxEntries && bytes->size() < kMaxBytes) {
      const JournalReader::Next next = reader_->next(entry);
      if (next == JournalReader::Next::failed) {
        more = false;
        if (ends.empty()) return fail();
        break;  // what came is good; the failure comes again
      }
      if (next == JournalReader::Next::end) {
        more = false;
        break;
      }
      late = late || read_at - entry.time > kLate;
      if (entry.message.empty()) continue;
      const JournalLineNotes notes = writer_.append(entry, *bytes);
      too_long += notes.cut;
      binary += notes.binary;
      if (notes.untrusted) {
        ++untrusted;
        note_untrusted(entry);
      }
      ends.push_back(bytes->size());
      batch.stamps.push_back(entry.time);
      if (auto cursor = reader_->cursor()) cursor_ = *cursor;
    }
    if (config_.common.once && !more) done_ = true;
    if (ends.empty() && !send_position_) return more;
    send_position_ = false;
    size_t begin = 0;
    for (const size_t end : ends) {
      batch.lines.emplace_back(bytes->data() + begin, end - begin);
      begin = end;
    }
    stats_->count(batch.lines.size(), bytes->size(), read_at);
    stats_->count_too_long(too_long);
    stats_->count_binary(binary);
    if (untrusted_) untrusted_->add(untrusted);
    batch.bytes = std::move(bytes);
    batch.backlog = late;
    return hand_over(std::move(batch), read_at) && more;
  }

  bool hand_over(LineBatch&& batch, TimePoint read_at) {
    batch.source = info_;
    batch.arrived = read_at;
    batch.arrived_mono = monotonic_ns();
    batch.resume = {key_, cursor_};
    return sink_(std::move(batch));
  }

  void note_untrusted(const JournalEntry& entry) {
    const std::string claim(entry.identifier.substr(0, 64));
    if (std::find(claims_.begin(), claims_.end(), claim) != claims_.end() || claims_.size() >= 100) return;
    claims_.push_back(claim);
    log::warn("source.untrusted_sender", {{"claims", claim},
                                          {"uid", entry.sender.uid},
                                          {"exe", entry.sender.exe},
                                          {"unit", entry.sender.unit},
                                          {"message", "its lines are read as untrusted-" + claim}});
  }

  const JournalConfig config_;
  const std::function<bool(LineBatch&&)> sink_;
  const std::string key_;
  const std::shared_ptr<const SourceInfo> info_;
  const std::shared_ptr<SourceStats> stats_;
  StatsBoard board_;
  JournalLineWriter writer_;
  std::unique_ptr<JournalReader> reader_;
  std::string cursor_;
  std::vector<std::string> claims_;
  Counter* untrusted_ = nullptr;
  int64_t reopen_ns_ = 0;
  bool readable_ = false, send_position_ = false, done_ = false;
};

Result<JournalConfig> read_journal_config(const YamlNode& section) {
  JournalConfig config;
  TESTUDO_TRY(config.common, read_common(section));
  const YamlNode* node = section.find("journalctl_filter");
  if (!node)
    return section.error("journalctl_filter is missing",
                         "add for example `journalctl_filter: [_SYSTEMD_UNIT=ssh.service]`");
  TESTUDO_TRY(const std::vector<std::string> arguments, node->as_strings("journalctl_filter"));
  auto filter = parse_journal_filter(arguments);
  if (!filter) return node->error(filter.error().message, filter.error().remedy);
  config.filter = std::move(*filter);
  if (const YamlNode* zone = section.find("timezone"))
    return zone->error("timezone has no meaning here: journal entries carry their own time",
                       "take the key out");
  if (const YamlNode* path = section.find("path")) {
    TESTUDO_TRY(config.filter.folder, path->as_string("path"));
  }
  if (const YamlNode* size = section.find("max_buffer_size")) {
    TESTUDO_TRY(const int64_t n, size->as_int("max_buffer_size"));
    if (n < 1024 || n > (16 << 20))
      return size->error("max_buffer_size must be 1024 to 16777216 bytes, not " + std::to_string(n));
    config.max_line = size_t(n);
  }
  config.name = "journalctl-";
  for (size_t i = 0; i < arguments.size(); ++i) config.name += (i ? "." : "") + arguments[i];
  return config;
}

Result<void> check_journal(const YamlNode& section) {
  TESTUDO_CHECK(read_journal_config(section));
  return {};
}

Result<std::unique_ptr<Source>> open_journal(const YamlNode& section, SourceContext& context) {
  TESTUDO_TRY(JournalConfig config, read_journal_config(section));
  return std::unique_ptr<Source>(std::make_unique<JournalSource>(std::move(config), context));
}

}  // namespace

extern const SourceKind journalctl_source;
const SourceKind journalctl_source = {"journalctl", "the systemd journal", kKeys, open_journal,
                                      check_journal};

}  // namespace testudo
