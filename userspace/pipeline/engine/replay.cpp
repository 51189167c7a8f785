#include "engine/replay.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <thread>

#include "base/files.h"
#include "base/text.h"
#include "engine/file_feed.h"

namespace testudo {
namespace {

std::string absolute(const std::string& path) {
  char buffer[PATH_MAX];
  return ::realpath(path.c_str(), buffer) ? buffer : path;
}

std::shared_ptr<const SourceInfo> source_of(const ReplayOptions& options) {
  auto source = std::make_shared<SourceInfo>();
  source->id = 1;
  source->type = options.module;
  source->name = absolute(options.file);
  source->labels = options.labels;
  source->labels.insert(source->labels.begin(), {"type", options.type});
  source->log_time = true;
  source->transform = options.transform;
  return source;
}

/// The calling thread is the first of them.
void run_threads(Pipeline& pipeline, size_t threads, const Pipeline::Fill& fill) {
  const auto run = [&] {
    const auto lane = pipeline.open();
    while (pipeline.step(*lane, fill)) {
    }
  };
  std::vector<std::thread> others;
  for (size_t i = 1; i < threads; ++i) others.emplace_back(run);
  run();
  for (std::thread& thread : others) thread.join();
}

/// Alerts are kept until the end, and there may be a hundred thousand.
BriefAlert brief_of(const Alert& alert, std::string_view scenario, Arena& texts) {
  const auto text = [&](const std::string& from) { return texts.copy(from); };
  return {alert.line_number,
          scenario,
          alert.source.scope == "Ip" ? std::string_view("Ip") : text(alert.source.scope),
          text(alert.source.value),
          text(alert.start_text),
          text(alert.stop_text),
          alert.events_count,
          alert.ambiguous,
          alert.remediation};
}

bool earlier(const Alert& a, const Alert& b) {
  return std::tie(a.line_number, a.scenario, a.source.value) <
         std::tie(b.line_number, b.scenario, b.source.value);
}
bool earlier_brief(const BriefAlert& a, const BriefAlert& b) {
  return std::tie(a.line_number, a.scenario, a.value) < std::tie(b.line_number, b.scenario, b.value);
}

/// The kernel's VmHWM and not ru_maxrss, which begins, behind fork and exec, with what the parent held.
uint64_t peak_rss_bytes() {
  constexpr std::string_view kKey = "VmHWM:";
  const auto status = read_file("/proc/self/status");
  if (!status) return 0;
  for (const std::string_view line : split(*status, '\n'))
    if (line.starts_with(kKey)) {
      const std::string_view number = trim(line.substr(kKey.size()));
      uint64_t kilobytes = 0;
      std::from_chars(number.data(), number.data() + number.size(), kilobytes);
      return kilobytes * 1024;
    }
  return 0;
}

}  // namespace

Result<ReplayResult> replay(std::shared_ptr<const Program> program, const ReplayOptions& options) {
  Fd fd(::open(options.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("cannot open " + options.file, errno, {options.file});
  ReplayResult result;
  result.program = program;
  result.texts = std::make_unique<Arena>();
  PipelineOptions run;
  run.replay = true;
  run.brief = options.brief;
  run.today = options.today;
  run.resolver = options.resolver;
  run.threads = std::max<size_t>(1, options.threads);
  std::unique_ptr<Profile> profile;
  if (options.profile) {
    std::vector<std::string> stages;
    for (const auto& stage : program->parsers->stages) stages.push_back(stage.name);
    profile = std::make_unique<Profile>(stages);
    run.profile = profile.get();
  }
  PipelineSink sink;
  sink.overflow = [&](detect::Emitted&& emitted) {
    if (emitted.overflow.whitelisted) {
      ++result.whitelisted;
      return;
    }
    for (Alert& alert : emitted.overflow.alerts)
      if (options.brief)
        result.brief.push_back(
            brief_of(alert, program->scenarios->scenarios[emitted.scenario]->name, *result.texts));
      else
        result.alerts.push_back(std::move(alert));
  };
  sink.done = [&](Work& work, const CompletionCounts& counts) {
    result.counts.add(work.counts);
    result.counts.expression_errors += counts.expression_errors;
    result.cut += work.cut;
  };
  const int64_t start = monotonic_ns();
  FileFeed feed(std::move(fd), options.file, source_of(options), options.today,
                std::max<size_t>(1, options.piece));
  {
    Pipeline pipeline(program, run, std::move(sink));
    run_threads(pipeline, run.threads, [&](Work& work) {
      const int64_t before = profile ? Profile::clock_ns() : 0;
      const bool more = feed.fill(work);
      if (profile) profile->add(Profile::read, Profile::clock_ns() - before);
      return more;
    });
  }
  if (feed.error()) return *feed.error();
  result.seconds = double(monotonic_ns() - start) / 1e9;
  result.peak_rss_bytes = peak_rss_bytes();
  if (profile) result.profile = profile->rows(result.counts.read, result.counts.parsed);
  std::stable_sort(result.alerts.begin(), result.alerts.end(), earlier);
  std::stable_sort(result.brief.begin(), result.brief.end(), earlier_brief);
  return result;
}

}  // namespace testudo
