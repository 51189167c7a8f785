// engine/pipeline.h: batches through any number of threads, with the result of one.
//
//   a thread:  begin ─▶ parse ─▶ publish ─▶ shards (16, try-lock each) ─▶ completion (try-lock)
//                 │                 │              │ each takes batches strictly in order    │ in order
//                 └ numbers, window └ in order: late lines, line numbers                     └ sink
//
// No thread of its own and no barrier: whoever has parsed a batch goes on with whatever is ready. Who holds a
// shard looks again after letting it go, so nothing that is ready stays undone when all threads have
// returned. Nobody begins batch k while k − (oldest batch that is not completed) reaches the window.
//
// What comes out is a function of what went in: groups belong to shards by hash, however many threads there
// are; a shard sees its records in order; overflows are sorted by the record that caused them.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "detect/shards.h"
#include "engine/completion.h"
#include "engine/parse_worker.h"
#include "engine/source_clocks.h"

namespace testudo {

struct PipelineOptions : ParseOptions {
  detect::ShardOptions shard;  ///< bounds of all shards together
  size_t threads = 1;          ///< that will call step() at the same time
};

struct PipelineSink {
  OverflowSink overflow;
  /// A batch is completed, in order; its overflows were handed out before. May be empty.
  std::function<void(Work&, const CompletionCounts&)> done;
};

class Pipeline {
 public:
  Pipeline(std::shared_ptr<const Program> program, PipelineOptions options, PipelineSink sink);
  ~Pipeline();

  /// A thread's place in the pipeline.
  class Lane;
  std::unique_ptr<Lane> open();

  /// One batch: waits for a place in the window, lets `fill` put lines or a tick into a Work (one caller at a
  /// time: the order of these calls is the order of batches), carries it and whatever else is ready. False
  /// when `fill` said that there is nothing more.
  using Fill = std::function<bool(Work&)>;
  bool step(Lane& lane, const Fill& fill);

  /// From the next batch on. Buckets live on.
  void set_program(std::shared_ptr<const Program> program);

  // Between steps, while no other thread is in one:
  std::string save() const { return shards_->save(); }
  Result<size_t> restore(std::string_view bytes) { return shards_->restore(bytes); }
  size_t buckets() const { return shards_->buckets(); }
  void set_trace(Lane& lane, parse::Trace* trace, detect::MatchTrace* matches, detect::PourTrace* pours);

 private:
  /// Who is in a shard, and which batch it takes next. On a cache line of its own.
  struct alignas(64) Turn {
    std::atomic<bool> busy{false};
    std::atomic<uint64_t> next{0};
  };
  Work& work(uint64_t number) { return *ring_[number % ring_.size()]; }
  void wait_for_room(uint64_t in_flight);
  void adopt();
  void publish(Work& work);
  void settle(Work& work);
  void wait_for_earlier(uint64_t number);
  void carry_shard(uint32_t index);
  void take(Work& work, uint32_t index);
  void complete();

  PipelineOptions options_;
  PipelineSink sink_;
  std::vector<std::unique_ptr<Work>> ring_;

  std::mutex intake_;  ///< number_, program_, fresh_; held while `fill` waits for lines
  uint64_t number_ = 0;
  std::shared_ptr<const Program> program_;
  std::vector<ScenarioDelta> fresh_;  ///< counted for the program before this one
  mutable std::mutex next_mutex_;     ///< next_
  std::shared_ptr<const Program> next_;

  std::mutex front_;  ///< parsed_, clocks_, lines_
  std::condition_variable front_moved_;
  std::vector<bool> parsed_;  ///< by place in the ring
  SourceClocks clocks_;
  uint64_t lines_ = 0;
  std::atomic<uint64_t> published_{0};  ///< all batches before this one are parsed and settled

  parse::Stash stash_;  ///< lines use it in their order
  std::unique_ptr<detect::Shards> shards_;
  std::array<Turn, detect::kShards> turns_;
  std::atomic<bool> completing_{false};
  std::atomic<uint64_t> completed_{0};  ///< all batches before this one are done with
  std::mutex room_;
  std::condition_variable room_made_;
  std::unique_ptr<Completion> completion_;
};

class Pipeline::Lane : parse::StashTurn {
 public:
  ParseWorker& parser() { return parser_; }

 private:
  friend class Pipeline;
  explicit Lane(Pipeline& pipeline) : pipeline_(pipeline), parser_(pipeline.options_, *this) {}
  void before_stash() override { pipeline_.wait_for_earlier(number_); }

  Pipeline& pipeline_;
  uint64_t number_ = 0;  ///< of the batch that is being parsed
  ParseWorker parser_;
};

}  // namespace testudo
