// engine/worker.h: the whole pipeline for one thread: lines in, overflows out, before run() returns.
//
// What replay, hub tests, explain and rehearse use. The daemon and a replay of many threads use the pipeline
// itself (engine/pipeline.h), which gives the same.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/pipeline.h"

namespace testudo {

struct WorkerOptions : PipelineOptions {
  /// Each line goes all the way before the next one is parsed, so that traces come in order.
  bool line_by_line = false;
};

class Worker {
 public:
  Worker(std::shared_ptr<const Program> program, WorkerOptions options);
  ~Worker();

  /// A batch's lines in order; returns what became of them. The sink gets whitelisted overflows too.
  LineCounts run(const LineBatch& batch, const OverflowSink& sink);
  /// The same; alerts of what is not whitelisted are appended, one per source.
  LineCounts run(const LineBatch& batch, std::vector<Alert>& alerts);
  /// Live: wall-clock timers. Call about once a second.
  void tick(TimePoint t, const OverflowSink& sink);

  /// Content was reloaded: buckets live on.
  void adopt(std::shared_ptr<const Program> program);
  const Program& program() const { return *program_; }

  /// Null stops watching. Matches are told before the buckets they reach, line after line.
  void set_trace(parse::Trace* trace, detect::MatchTrace* matches = nullptr,
                 detect::PourTrace* pours = nullptr);
  /// As the last line left them.
  Event& event();
  const std::vector<std::string>& candidates() const { return lane_->parser().candidates(); }
  parse::RunContext& context();

  std::string save() const { return pipeline_->save(); }
  Result<size_t> restore(std::string_view bytes) { return pipeline_->restore(bytes); }
  size_t buckets() const { return pipeline_->buckets(); }

 private:
  void step(const LineBatch& batch, size_t first, size_t end);

  std::shared_ptr<const Program> program_;
  WorkerOptions options_;
  const OverflowSink* sink_ = nullptr;  ///< of the call that runs
  LineCounts counts_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<Pipeline::Lane> lane_;
};

}  // namespace testudo
