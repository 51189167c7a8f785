#include "engine/engine.h"

#include "base/thread.h"
#include "engine/engine_metrics.h"

namespace testudo {
namespace {
constexpr size_t kQueue = 64;  // batches; each holds at most a mebibyte
constexpr Duration kTick = 1s;
}  // namespace

Engine::Engine(std::shared_ptr<const Program> program, EngineOptions options, Metrics& metrics,
               EngineHooks hooks)
    : options_(std::move(options)), hooks_(std::move(hooks)), queue_(kQueue), program_(std::move(program)) {
  told_ = std::make_unique<EngineMetrics>(metrics, [this] { return queue_.size(); });
  PipelineSink sink;
  sink.overflow = [this](detect::Emitted&& emitted) {
    told_->overflow(emitted);
    if (emitted.overflow.whitelisted) return;
    for (Alert& alert : emitted.overflow.alerts) hooks_.on_alert(std::move(alert));
  };
  sink.done = [this](Work& work, const CompletionCounts& counts) {
    told_->done(work, counts);
    if (!work.lines.resume.key.empty()) hooks_.on_done({std::move(work.lines.resume)});
  };
  pipeline_ = std::make_unique<Pipeline>(program_, options_, std::move(sink));
}

Engine::~Engine() { stop(); }

void Engine::start() {
  next_tick_ = monotonic_ns() + kTick.count();
  for (size_t i = 0; i < std::max<size_t>(1, options_.threads); ++i)
    threads_.emplace_back([this, i] { run(i); });
}

void Engine::stop() {
  queue_.close();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

bool Engine::push(LineBatch&& batch) { return queue_.push(std::move(batch)); }

void Engine::reload(std::shared_ptr<const Program> program) {
  const std::lock_guard lock(mutex_);
  program_ = std::move(program);
  pipeline_->set_program(program_);
}

std::shared_ptr<const Program> Engine::program() const {
  const std::lock_guard lock(mutex_);
  return program_;
}

std::vector<SourceProgress> Engine::progress() const { return told_->progress(); }
size_t Engine::buckets() const { return told_->buckets(); }

void Engine::run(size_t thread) {
  be_prompt(thread == 0 ? "testudo-engine" : "testudo-worker");
  const auto lane = pipeline_->open();
  while (pipeline_->step(*lane, [this](Work& work) { return fill(work); })) {
  }
}

bool Engine::fill(Work& work) {
  const int64_t left = next_tick_ - monotonic_ns();
  if (left > 0) {
    if (auto batch = queue_.pop(Duration(left))) {
      work.lines = std::move(*batch);
      return true;
    }
    if (queue_.closed()) {
      if (ended_) return false;
      ended_ = true;  // one more tick: what was counted since the last one is handed out
    }
  }
  // A batch without lines: timers are looked at in its place among the others.
  next_tick_ = monotonic_ns() + kTick.count();
  work.tick = work.lines.arrived = now();
  return true;
}

}  // namespace testudo
