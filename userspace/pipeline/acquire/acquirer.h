// acquire/acquirer.h: the I/O thread that drives all sources.
//
// One epoll set: each source's descriptor, and one to be woken for the stop. A source is polled when its
// descriptor is readable, when its interval has passed, or when it said that there is more. The thread waits
// inside the sink while the engine's queue is full: that slows the reading down and loses nothing.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "acquire/acquis.h"
#include "base/files.h"

namespace testudo {

class Acquirer {
 public:
  /// Opens a source for each document. Every document that is refused is an error in `errors`; the others
  /// run.
  static std::unique_ptr<Acquirer> open(const std::vector<AcquisDocument>& documents, SourceContext context,
                                        Errors& errors);
  ~Acquirer();

  /// Starts sources and thread, once. A source that cannot start is said in its status and tried again.
  Result<void> start();
  /// Ends the thread, within a second if the sink returns (close the engine's queue first); idempotent.
  /// Nothing is handed over afterwards.
  void stop();

  /// Of everything that is read; any thread.
  std::vector<SourceStatus> status() const;
  size_t sources() const { return slots_.size(); }
  /// All sources were read to their end (mode: cat); never true while one follows.
  bool done() const { return done_.load(); }

 private:
  struct Slot {
    std::string kind;
    std::unique_ptr<Source> source;
    bool started = false;
    bool ready = false;
    int fd = -1;         ///< in the epoll set
    int64_t due_ns = 0;  ///< boot clock
    std::string problem;
  };
  explicit Acquirer(SourceContext context);
  void run();
  void start_source(Slot& slot);
  void poll_source(Slot& slot);
  void watch(Slot& slot);
  int wait_ms() const;

  SourceContext context_;
  std::vector<std::unique_ptr<Slot>> slots_;
  mutable std::mutex problems_;  ///< of the slots
  Fd epoll_, wake_;
  std::atomic<bool> stop_{false}, done_{false};
  std::thread thread_;
};

}  // namespace testudo
