// engine/engine.h: the daemon's engine: a bounded queue of batches, threads that carry them, reload between
// batches.
//
//   acquire ──push──▶ [queue] ──▶ pipeline: parse, detect ──▶ on_alert (same thread: the kernel is a
//   microsecond away)
//                                                         └───▶ on_done: read positions of what is finished
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "base/metrics.h"
#include "base/queue.h"
#include "engine/pipeline.h"

namespace testudo {

struct EngineOptions : PipelineOptions {};  ///< `threads`: detect.workers

struct EngineHooks {
  /// One at a time, in order, from any of the engine's threads.
  std::function<void(Alert&&)> on_alert;
  std::function<void(std::vector<Position>)> on_done;
};

/// What `status` says of one source.
struct SourceProgress {
  std::string type, name, log_type;
  LineCounts counts;
  std::vector<std::string> fed;  ///< scenarios that took an event from it, sorted
};

class EngineMetrics;

class Engine {
 public:
  Engine(std::shared_ptr<const Program> program, EngineOptions options, Metrics& metrics, EngineHooks hooks);
  ~Engine();  ///< stop()

  void start();
  /// Ends after the batches that are queued.
  void stop();
  /// Buckets as bytes, after stop(); and back, before start().
  std::string save_buckets() const { return pipeline_->save(); }
  Result<size_t> restore_buckets(std::string_view bytes) { return pipeline_->restore(bytes); }
  /// Waits while the queue is full; false when stopping.
  bool push(LineBatch&& batch);
  /// Takes effect at the next batch; buckets live on, no line is lost.
  void reload(std::shared_ptr<const Program> program);

  std::shared_ptr<const Program> program() const;
  std::vector<SourceProgress> progress() const;
  size_t queued() const { return queue_.size(); }
  size_t buckets() const;

 private:
  void run(size_t thread);
  bool fill(Work& work);

  EngineOptions options_;
  EngineHooks hooks_;
  BoundedQueue<LineBatch> queue_;
  std::unique_ptr<EngineMetrics> told_;
  std::unique_ptr<Pipeline> pipeline_;
  std::vector<std::thread> threads_;
  // Under the pipeline's intake:
  int64_t next_tick_ = 0;  ///< monotonic ns
  bool ended_ = false;
  mutable std::mutex mutex_;
  std::shared_ptr<const Program> program_;
};

}  // namespace testudo
