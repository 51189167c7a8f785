#include "engine/replay.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/files.h"

namespace testudo {
namespace {

constexpr size_t kChunk = 1 << 20;
constexpr size_t kMaxLine = 64 * 1024;

std::string absolute(const std::string& path) {
  char buffer[PATH_MAX];
  return ::realpath(path.c_str(), buffer) ? buffer : path;
}

}  // namespace

Result<ReplayResult> replay(std::shared_ptr<const Program> program, const ReplayOptions& options) {
  const Fd fd(::open(options.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("cannot open " + options.file, errno, {options.file});
  ReplayResult result;
  WorkerOptions worker_options;
  worker_options.replay = true;
  worker_options.today = options.today;
  Worker worker(program, worker_options);
  auto source = std::make_shared<SourceInfo>();
  source->id = 1;
  source->type = "file";
  source->name = absolute(options.file);
  source->labels = options.labels;
  source->labels.insert(source->labels.begin(), {"type", options.type});
  source->log_time = true;

  const int64_t start = monotonic_ns();
  LineBatch batch;
  batch.source = source;
  batch.arrived = options.today;
  auto buffer = std::make_shared<std::string>();
  std::string rest;
  bool skipping = false;
  for (bool end = false; !end;) {
    buffer->assign(rest);
    const size_t had = buffer->size();
    buffer->resize(had + kChunk);
    ssize_t n;
    do n = ::read(fd.get(), buffer->data() + had, kChunk);
    while (n < 0 && errno == EINTR);
    if (n < 0) return errno_error("cannot read " + options.file, errno, {options.file});
    buffer->resize(had + size_t(n));
    end = n == 0;
    batch.lines.clear();
    std::string_view text = *buffer;
    const auto take = [&](std::string_view line) {
      if (line.size() > kMaxLine) {
        line = line.substr(0, kMaxLine);
        ++result.cut;
      }
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!line.empty()) batch.lines.push_back(line);
    };
    for (;;) {
      const void* newline = std::memchr(text.data(), '\n', text.size());
      if (!newline) break;
      const auto length = size_t(static_cast<const char*>(newline) - text.data());
      if (!skipping) take(text.substr(0, length));
      skipping = false;
      text.remove_prefix(length + 1);
    }
    if (end) {
      if (!skipping && !text.empty()) take(text);
      text = {};
    } else if (text.size() > kMaxLine) {
      // Longer than any line may be: what is there is the line, the rest up to the newline is left out.
      if (!skipping) take(text);
      skipping = true;
      text = {};
    }
    batch.bytes = buffer;
    result.counts.add(worker.run(batch, result.alerts));
    rest.assign(text);
  }
  result.seconds = double(monotonic_ns() - start) / 1e9;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  result.peak_rss_bytes = uint64_t(usage.ru_maxrss) * 1024;
  std::stable_sort(result.alerts.begin(), result.alerts.end(), [](const Alert& a, const Alert& b) {
    return std::tie(a.line_number, a.scenario, a.source.value) <
           std::tie(b.line_number, b.scenario, b.source.value);
  });
  return result;
}

}  // namespace testudo
