// acquire/stats.h: what one thing that is read (a file, a journal filter) counts and says of itself.
//
// The I/O thread writes, anybody reads: a reader never waits for a source that waits for the engine.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "acquire/source.h"

namespace testudo {

class SourceStats {
 public:
  /// `metrics` may be null. Counters of one (source, type) are shared by whoever names them again.
  /// `title` is what people are shown instead of a long name; "" = the name.
  SourceStats(std::string type, std::string name, std::string log_type, Metrics* metrics,
              std::string title = "");

  void count(size_t lines, size_t bytes, TimePoint at);
  void count_too_long(size_t lines);
  void count_binary(size_t lines);
  /// "" = all is well again. Each change is logged; a new problem counts as an error.
  void set_problem(const std::string& problem);
  void set_exists(bool exists);
  SourceStatus snapshot() const;

 private:
  const std::string& shown() const { return title_.empty() ? name_ : title_; }

  const std::string type_, name_, log_type_, title_;
  std::atomic<uint64_t> lines_{0}, bytes_{0}, too_long_{0}, binary_{0};
  std::atomic<int64_t> last_line_{0};
  std::atomic<bool> exists_{true};
  mutable std::mutex mutex_;
  std::string problem_;
  Counter *hits_ = nullptr, *total_ = nullptr, *too_long_total_ = nullptr, *binary_total_ = nullptr,
          *errors_total_ = nullptr;
};

/// The stats of all that one source reads.
class StatsBoard {
 public:
  void add(std::shared_ptr<SourceStats> stats);
  void remove(const SourceStats* stats);
  std::vector<SourceStatus> snapshot() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<SourceStats>> rows_;
};

}  // namespace testudo
