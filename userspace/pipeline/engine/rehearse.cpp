#include "engine/rehearse.h"

#include <glob.h>
#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "acquire/journal_reader.h"
#include "base/files.h"
#include "base/text.h"

namespace testudo {
namespace {

constexpr size_t kMaxLine = 64 * 1024;
constexpr size_t kBatch = 4096;
constexpr size_t kMaxSources = 100'000;

class Rehearser {
 public:
  Rehearser(std::shared_ptr<const Program> program, TimePoint since, TimePoint today,
            const parse::Zone& zone) {
    WorkerOptions options;
    options.replay = true;
    options.today = today;
    options.zone = zone;
    options.since = since;
    worker_ = std::make_unique<Worker>(std::move(program), options);
    out_.since = since;
  }

  void file(const std::string& path, const std::vector<std::pair<std::string, std::string>>& labels) {
    RehearsedFile report;
    report.name = path;
    gzFile in = ::gzopen(path.c_str(), "rb");  // reads plain files as they are
    if (!in) {
      report.problem = std::strerror(errno);
      out_.files.push_back(std::move(report));
      return;
    }
    begin(path, "file", labels);
    std::string line;
    char buffer[65536];
    while (::gzgets(in, buffer, sizeof buffer)) {
      const std::string_view part = buffer;
      if (line.size() < kMaxLine) line += part;
      if (!part.ends_with('\n')) continue;
      add(line);
      line.clear();
    }
    int error = 0;
    const char* text = ::gzerror(in, &error);
    if (error != Z_OK && error != Z_BUF_ERROR) report.problem = text;
    ::gzclose(in);
    add(line);
    flush();
    report.lines = counts_.read;
    report.parsed = counts_.parsed;
    out_.files.push_back(std::move(report));
  }

  void journal(const AcquisDocument& document, TimePoint since) {
    RehearsedFile report;
    report.name = "journal";
    SourceContext context;
    context.sink = [&](LineBatch&& batch) {
      batch.source = log_time(batch.source);
      report.name = "journal " + batch.source->name;
      run(batch);
      return true;
    };
    context.saved_position = [&](const std::string&) {
      return std::optional<std::string>(JournalReader::cursor_at(since));
    };
    auto source = document.kind->open(document.section, context);
    counts_ = {};
    if (!source) {
      report.problem = source.error().text();
    } else if (auto started = (*source)->start(); !started) {
      report.problem = started.error().text();
    } else {
      for (int calls = 0; (*source)->poll() && calls < 1'000'000; ++calls) {
      }
      for (const SourceStatus& s : (*source)->status())
        if (!s.problem.empty()) report.problem = s.problem;
    }
    report.lines = counts_.read;
    report.parsed = counts_.parsed;
    out_.files.push_back(std::move(report));
  }

  Rehearsal finish() {
    for (auto& [address, source] : by_address_) {
      if (const auto found = logins_.find(address); found != logins_.end()) source.logins = found->second;
      out_.sources.push_back(std::move(source));
    }
    const auto alerts = [](const RehearsedSource& s) {
      int n = 0;
      for (const auto& [name, count] : s.scenarios) n += count;
      return n;
    };
    std::stable_sort(out_.sources.begin(), out_.sources.end(),
                     [&](const auto& a, const auto& b) { return alerts(a) > alerts(b); });
    return std::move(out_);
  }

 private:
  void begin(const std::string& name, const std::string& type,
             const std::vector<std::pair<std::string, std::string>>& labels) {
    auto info = std::make_shared<SourceInfo>();
    info->id = ++ids_;
    info->name = name;
    info->type = type;
    info->labels = labels;
    info->log_time = true;
    source_ = std::move(info);
    counts_ = {};
    text_ = std::make_shared<std::string>();
    ends_.clear();
  }
  static std::shared_ptr<const SourceInfo> log_time(const std::shared_ptr<const SourceInfo>& source) {
    auto copy = std::make_shared<SourceInfo>(*source);
    copy->log_time = true;
    return copy;
  }
  void add(std::string_view line) {
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    line = line.substr(0, kMaxLine);
    if (line.empty()) return;
    *text_ += line;
    ends_.push_back(text_->size());
    if (ends_.size() >= kBatch) flush();
  }
  void flush() {
    if (ends_.empty()) return;
    LineBatch batch;
    size_t start = 0;
    for (size_t end : ends_) {
      batch.lines.push_back(std::string_view(*text_).substr(start, end - start));
      start = end;
    }
    batch.bytes = text_;
    batch.source = source_;
    run(batch);
    text_ = std::make_shared<std::string>();
    ends_.clear();
  }
  void run(const LineBatch& batch) {
    alerts_.clear();
    const LineCounts counts = worker_->run(batch, alerts_);
    counts_.add(counts);
    out_.counts.add(counts);
    for (const Alert& alert : alerts_) {
      if (!alert.remediation || by_address_.size() >= kMaxSources) continue;
      auto [it, fresh] = by_address_.try_emplace(alert.source.value);
      RehearsedSource& s = it->second;
      if (fresh) {
        s.address = alert.source.value;
        s.first = alert.start_at;
        s.ambiguous = true;
      }
      ++s.scenarios[alert.scenario];
      s.last = alert.stop_at;
      s.ambiguous = s.ambiguous && alert.ambiguous;
    }
    for (std::string_view line : batch.lines) note_login(line);
  }
  /// sshd's "Accepted METHOD for USER from ADDRESS port N": somebody who belongs here.
  void note_login(std::string_view line) {
    const size_t at = line.find(": Accepted ");
    if (at == std::string_view::npos || line.find("sshd") > at) return;
    const auto words = split(line.substr(at + 2), ' ');
    if (words.size() < 6 || words[2] != "for" || words[4] != "from" || !Ip::parse(words[5])) return;
    auto& list = logins_[std::string(words[5])];
    // The stamp as the log has it: "Nov 24 18:22:49" or an ISO 8601 word.
    const bool iso = !line.empty() && line[0] >= '0' && line[0] <= '9';
    const std::string who =
        std::string(words[3]) + " at " + std::string(line.substr(0, iso ? line.find(' ') : 15));
    if (list.size() >= 3) list.erase(list.begin());
    list.push_back(who);
    if (logins_.size() > kMaxSources) logins_.erase(logins_.begin());
  }

  Rehearsal out_;
  std::unique_ptr<Worker> worker_;
  std::shared_ptr<const SourceInfo> source_;
  std::shared_ptr<std::string> text_;
  std::vector<size_t> ends_;
  std::vector<Alert> alerts_;
  LineCounts counts_;
  std::map<std::string, RehearsedSource> by_address_;
  std::map<std::string, std::vector<std::string>> logins_;
  uint32_t ids_ = 0;
};

std::vector<std::string> expand(const std::string& pattern) {
  std::vector<std::string> out;
  glob_t found{};
  if (::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0)
    for (size_t i = 0; i < found.gl_pathc; ++i) out.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

std::vector<std::string> with_rotated(const std::string& path, TimePoint since) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1),
                    base = path.substr(slash + 1);
  std::vector<std::pair<int64_t, std::string>> found;
  for (const std::string& name : list_directory(folder)) {
    const bool rotated = name.size() > base.size() + 1 && name.starts_with(base) &&
                         (name[base.size()] == '.' || name[base.size()] == '-') &&
                         name[base.size() + 1] >= '0' && name[base.size() + 1] <= '9';
    if (name != base && !rotated) continue;
    struct stat st {};
    const std::string full = folder == "." ? name : folder + name;
    if (::stat(full.c_str(), &st) != 0 || !S_ISREG(st.st_mode)) continue;
    if (st.st_mtime < unix_seconds(since)) continue;
    // NAME.3.gz is older than NAME.1, NAME-20261101 than NAME-20261108; NAME itself is the newest. Times of
    // writing say less: whoever compresses or copies a log changes them.
    int64_t order = 2'000'000'000;
    if (rotated) {
      const int64_t number = std::strtoll(name.c_str() + base.size() + 1, nullptr, 10);
      order = number >= 10'000'000 ? number : 1'000'000'000 - number;
    }
    found.emplace_back(order, full);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> out;
  for (auto& [time, name] : found) out.push_back(std::move(name));
  return out;
}

Rehearsal rehearse(std::shared_ptr<const Program> program, const std::vector<AcquisDocument>& documents,
                   TimePoint since, TimePoint today, const parse::Zone& zone) {
  Rehearser rehearser(std::move(program), since, today, zone);
  for (const AcquisDocument& document : documents) {
    if (document.kind->name == "journalctl") {
      rehearser.journal(document, since);
      continue;
    }
    std::vector<std::pair<std::string, std::string>> labels;
    if (const YamlNode* node = document.section.find("labels"))
      for (const auto& [key, value] : node->entries()) labels.emplace_back(key, value.text());
    for (const char* key : {"filename", "filenames"}) {
      const YamlNode* node = document.section.find(key);
      if (!node) continue;
      const auto patterns = node->as_strings(key);
      if (!patterns) continue;  // the document was accepted, so this does not happen
      for (const std::string& pattern : *patterns)
        for (const std::string& path : expand(pattern))
          for (const std::string& one : with_rotated(path, since)) rehearser.file(one, labels);
    }
  }
  return rehearser.finish();
}

}  // namespace testudo
