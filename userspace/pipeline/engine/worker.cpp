#include "engine/worker.h"

namespace testudo {

Worker::Worker(std::shared_ptr<const Program> program, WorkerOptions options)
    : program_(std::move(program)), options_(std::move(options)) {
  options_.threads = 1;
  PipelineSink sink;
  sink.overflow = [this](detect::Emitted&& emitted) {
    if (sink_ && *sink_) (*sink_)(std::move(emitted));
  };
  sink.done = [this](Work& work, const CompletionCounts&) { counts_.add(work.counts); };
  pipeline_ = std::make_unique<Pipeline>(program_, options_, std::move(sink));
  lane_ = pipeline_->open();
}
Worker::~Worker() = default;

void Worker::step(const LineBatch& batch, size_t first, size_t end) {
  pipeline_->step(*lane_, [&](Work& work) {
    LineBatch& lines = work.lines;
    lines.bytes = batch.bytes;
    lines.lines.assign(batch.lines.begin() + ptrdiff_t(first), batch.lines.begin() + ptrdiff_t(end));
    if (!batch.stamps.empty())
      lines.stamps.assign(batch.stamps.begin() + ptrdiff_t(first), batch.stamps.begin() + ptrdiff_t(end));
    lines.source = batch.source;
    lines.arrived = batch.arrived;
    lines.arrived_mono = batch.arrived_mono;
    lines.backlog = batch.backlog;
    return true;
  });
}

LineCounts Worker::run(const LineBatch& batch, const OverflowSink& sink) {
  sink_ = &sink;
  counts_ = {};
  const size_t n = batch.lines.size();
  if (!options_.line_by_line)
    step(batch, 0, n);
  else
    for (size_t i = 0; i < n; ++i) step(batch, i, i + 1);
  sink_ = nullptr;
  return counts_;
}

LineCounts Worker::run(const LineBatch& batch, std::vector<Alert>& alerts) {
  return run(batch, [&alerts](detect::Emitted&& emitted) {
    if (emitted.overflow.whitelisted) return;
    for (Alert& alert : emitted.overflow.alerts) alerts.push_back(std::move(alert));
  });
}

void Worker::tick(TimePoint t, const OverflowSink& sink) {
  sink_ = &sink;
  pipeline_->step(*lane_, [&](Work& work) {
    work.tick = work.lines.arrived = t;
    return true;
  });
  sink_ = nullptr;
}

void Worker::adopt(std::shared_ptr<const Program> program) {
  program_ = std::move(program);
  pipeline_->set_program(program_);
  lane_->parser().adopt(program_);
}

void Worker::set_trace(parse::Trace* trace, detect::MatchTrace* matches, detect::PourTrace* pours) {
  pipeline_->set_trace(*lane_, trace, matches, pours);
}

Event& Worker::event() { return lane_->parser().event(); }
parse::RunContext& Worker::context() { return lane_->parser().context(); }

}  // namespace testudo
