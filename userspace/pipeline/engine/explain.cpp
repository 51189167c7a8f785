#include "engine/explain.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/files.h"
#include "base/text.h"
#include "engine/explain_near.h"
#include "engine/explain_trace.h"
#include "engine/worker.h"

namespace testudo {
namespace {

constexpr size_t kMaxLine = 64 * 1024;
constexpr size_t kMaxNear = 64;  // patterns that are asked how far they got

/// What scenarios do with the event.
struct PourRows : detect::PourTrace, detect::MatchTrace {
  std::vector<ExplainedPour> rows;
  std::vector<std::pair<std::string, std::string>> failed;
  void filter(const detect::Scenario& scenario, expr::Expression::Truth truth,
              std::string_view error) override {
    if (truth == expr::Expression::Truth::failed) failed.emplace_back(scenario.name, shortened(error));
  }
  void step(const detect::Scenario& poured, const detect::Scenario& owner,
            const detect::PourStep& step) override {
    ExplainedPour row;
    row.scenario = poured.name;
    if (owner.name != poured.name) row.owner = owner.name;
    row.type = detect::type_name(owner.type);
    row.group = shortened(step.group);
    row.result = result_name(step.result);
    row.capacity = step.capacity;
    row.level = step.level;
    row.total = step.total;
    row.fresh = step.fresh;
    row.marked = step.marked;
    rows.push_back(std::move(row));
  }

 private:
  static const char* result_name(detect::PourStep::Result result) {
    using Result = detect::PourStep::Result;
    switch (result) {
      case Result::poured:
        return "poured";
      case Result::seen:
        return "seen";
      case Result::cancelled:
        return "cancelled";
      case Result::overflowed:
        return "overflowed";
      case Result::blackholed:
        return "blackholed";
      case Result::filtered:
        return "filtered";
      case Result::no_source:
        return "no source";
    }
    return "";
  }
};

}  // namespace

struct Explainer::Impl {
  std::shared_ptr<const Program> program;
  std::shared_ptr<const SourceInfo> source;
  Worker worker;
  ExplainTrace trace;
  PourRows pours;
  NearMisses near;
  TimePoint today;
  ExplainedLine out;
  uint64_t number = 0;

  Impl(std::shared_ptr<const Program> p, const ExplainOptions& options)
      : program(std::move(p)),
        source(source_of(options)),
        worker(program, worker_options(options)),
        trace(*program->slots, *program->postoverflows),
        near(*program->grok),
        today(options.today) {
    worker.set_trace(&trace, &pours, &pours);
  }

  static std::shared_ptr<const SourceInfo> source_of(const ExplainOptions& options) {
    auto source = std::make_shared<SourceInfo>();
    source->id = 1;
    source->type = "file";
    source->name = options.source_name;
    source->labels = options.labels;
    source->labels.insert(source->labels.begin(), {"type", options.type});
    source->log_time = true;
    return source;
  }
  static WorkerOptions worker_options(const ExplainOptions& options) {
    WorkerOptions out;
    out.replay = true;
    out.today = options.today;
    out.since = options.since;
    return out;
  }

  const ExplainedLine& line(std::string_view text) {
    LineBatch batch;
    batch.bytes = std::make_shared<const std::string>(text);
    batch.lines = {*batch.bytes};
    batch.source = source;
    batch.arrived = today;
    out = {};
    out.number = ++number;
    out.text = shortened(text);
    trace.begin(&worker.event());
    pours.rows.clear();
    pours.failed.clear();
    const LineCounts counts =
        worker.run(batch, [this](detect::Emitted&& emitted) { overflowed(emitted.overflow); });
    using Outcome = ExplainedLine::Outcome;
    out.outcome = counts.failed        ? Outcome::failed
                  : counts.unparsed    ? Outcome::unparsed
                  : counts.whitelisted ? Outcome::whitelisted
                                       : Outcome::parsed;
    out.stages = trace.take();
    out.time = trace.value_of("evt.MarshaledTime");
    out.source = trace.value_of("evt.Meta.source_ip");
    if (counts.failed) out.error = shortened(worker.context().last_error);
    if (counts.whitelisted) out.whitelist_reason = shortened(worker.event().whitelist_reason);
    if (counts.unparsed) say_why();
    if (counts.ambiguous) say_who();
    out.pours = std::move(pours.rows);
    out.failed_filters = std::move(pours.failed);
    out.postoverflows = trace.take_postoverflows();
    return out;
  }

  void overflowed(const Overflow& overflow) {
    if (overflow.alerts.empty()) return;
    const Alert& alert = overflow.alerts.front();
    ExplainedOverflow row;
    row.scenario = alert.scenario;
    for (const Alert& one : overflow.alerts)
      row.sources.push_back(one.source.scope + ":" + shortened(one.source.value));
    row.events = alert.events_count;
    row.remediation = alert.remediation;
    row.ambiguous = alert.ambiguous;
    row.whitelisted = overflow.whitelisted;
    row.whitelist_reason = shortened(overflow.whitelist_reason);
    out.overflows.push_back(std::move(row));
  }

  void say_why() {
    if (out.stages.empty()) {
      out.why = "no parser is enabled";
      return;
    }
    out.ended_in = out.stages.back().name;
    if (trace.last_stage_ok()) {
      out.why =
          "nodes of " + out.ended_in + " took it, but none has onsuccess: next_stage, so it went no further";
      return;
    }
    int weight = 0;
    size_t asked = 0;
    for (const FailedPattern& failed : trace.failed()) {
      if (++asked > kMaxNear) break;
      const auto miss = near.find(failed.node->grok->pattern, failed.subject);
      if (!miss || miss->weight <= weight) continue;
      weight = miss->weight;
      out.nearest = ExplainedLine::Nearest{failed.node->name.empty() ? failed.top : failed.node->name,
                                           std::string(failed.subject),
                                           miss->begin,
                                           miss->end,
                                           miss->expected,
                                           shortened(failed.node->grok->pattern)};
    }
    if (!trace.failed().empty()) {
      out.why = "no pattern of " + out.ended_in + " matched";
      return;
    }
    out.why = "no node of " + out.ended_in + " wanted it";
    const std::vector<std::string>& wanted = trace.wanted();
    for (size_t i = 0; i < wanted.size(); ++i) out.why += (i ? "; " : ": they ask that ") + wanted[i];
  }

  void say_who() {
    out.ambiguous = true;
    for (const std::string& candidate : worker.candidates())
      if (candidate != out.source) out.candidates.push_back(candidate);
  }
};

Explainer::Explainer(std::shared_ptr<const Program> program, const ExplainOptions& options)
    : impl_(std::make_unique<Impl>(std::move(program), options)) {}
Explainer::~Explainer() = default;

const ExplainedLine& Explainer::line(std::string_view text) { return impl_->line(text); }

Result<void> for_each_line(const std::string& path, const std::function<bool(std::string_view)>& line) {
  const Fd fd(path == "-" ? ::dup(0) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("cannot open " + path, errno, {path});
  std::string rest;
  std::vector<char> buffer(256 * 1024);
  bool cut = false;  // the line goes on, but what is kept of it has been told
  const auto tell = [&](std::string_view text) {
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text.empty() || line(text);
  };
  for (;;) {
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("cannot read " + path, errno, {path});
    if (n == 0) break;
    std::string_view text(buffer.data(), size_t(n));
    while (!text.empty()) {
      const size_t end = text.find('\n');
      const std::string_view part = text.substr(0, end);
      if (!cut) rest.append(part.substr(0, kMaxLine - std::min(rest.size(), kMaxLine)));
      if (rest.size() >= kMaxLine) cut = true;
      if (end == std::string_view::npos) break;
      text.remove_prefix(end + 1);
      if (!tell(rest)) return {};
      rest.clear();
      cut = false;
    }
  }
  tell(rest);
  return {};
}

}  // namespace testudo
