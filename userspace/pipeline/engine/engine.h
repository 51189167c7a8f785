// engine/engine.h: carries lines: a bounded queue of batches, a worker thread, reload at a batch's border.
//
//   acquire ──push──▶ [queue] ──▶ worker: parse, detect ──▶ on_alert (same thread: the kernel is a
//   microsecond away)
//                                                     └───▶ on_done: read positions of what is finished
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "base/metrics.h"
#include "base/queue.h"
#include "engine/worker.h"

namespace testudo {

struct EngineHooks {
  std::function<void(Alert&&)> on_alert;
  std::function<void(std::vector<Position>)> on_done;
};

/// What `status` says of one source.
struct SourceProgress {
  std::string type, name, log_type;
  LineCounts counts;
  std::vector<std::string> fed;  ///< scenarios that took an event from it, sorted
};

class Engine {
 public:
  Engine(std::shared_ptr<const Program> program, WorkerOptions options, Metrics& metrics, EngineHooks hooks);
  ~Engine();  ///< stop()

  void start();
  /// Ends after the batches that are queued.
  void stop();
  /// Buckets as bytes, after stop(); and back, before start(). Shards::save(), Shards::restore().
  std::string save_buckets() const { return worker_->shards().save(); }
  Result<size_t> restore_buckets(std::string_view bytes) { return worker_->shards().restore(bytes); }
  /// Waits while the queue is full; false when stopping.
  bool push(LineBatch&& batch);
  /// Takes effect at the next batch; buckets live on.
  void reload(std::shared_ptr<const Program> program);

  std::shared_ptr<const Program> program() const;
  std::vector<SourceProgress> progress() const;
  size_t queued() const { return queue_.size(); }
  size_t buckets() const { return buckets_.load(std::memory_order_relaxed); }

 private:
  struct SourceState;
  void run();
  void account(const LineBatch& batch, const LineCounts& counts);
  SourceState& state_of(const SourceInfo& source);
  void count_nodes(SourceState& source);
  void count_scenarios(SourceState& source);

  Metrics& metrics_;
  EngineHooks hooks_;
  BoundedQueue<LineBatch> queue_;
  std::unique_ptr<Worker> worker_;
  std::thread thread_;
  mutable std::mutex mutex_;  // program_, pending_, sources_
  std::shared_ptr<const Program> program_, pending_;
  std::map<uint32_t, std::unique_ptr<SourceState>> sources_;
  std::vector<detect::ScenarioCounters> fresh_;  ///< of scenarios, since the last account
  std::vector<uint32_t> changed_;
  std::atomic<size_t> buckets_{0};
};

}  // namespace testudo
