// engine/profile.h: where the time of a line goes: `replay --profile`.
//
// One line in kEvery is timed step by step, with the clock; a read of it costs some 20 ns, which are taken
// off. Buckets and completion are timed whole, batch by batch. Averages hide in lines that end at s00, so
// each step is told twice: per line, and per line that was parsed.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "parse/node_run.h"

namespace testudo {

class Profile {
 public:
  static constexpr uint64_t kEvery = 32;
  static constexpr size_t kMaxSteps = 24;

  /// `stages`: names of the parse stages, in order.
  explicit Profile(const std::vector<std::string>& stages);

  enum Step : size_t { read, transform, first_stage };
  size_t doubt() const { return first_stage + stages_; }
  size_t match() const { return doubt() + 1; }
  size_t buckets() const { return match() + 1; }
  size_t completion() const { return buckets() + 1; }

  static int64_t clock_ns();

  /// Times the steps of one line; used by one thread.
  class Watch : public parse::StageWatch {
   public:
    explicit Watch(Profile& profile) : profile_(profile) {}
    /// One line in kEvery is timed; the others cost a count.
    bool begin();
    void step(size_t step);  ///< what was done since the last call was this step
    void passed(size_t stage) override { step(first_stage + stage); }
    void end(bool parsed);

   private:
    Profile& profile_;
    std::array<int64_t, kMaxSteps> took_{};
    int64_t last_ = 0;
    uint64_t seen_ = 0;
  };
  void add(size_t step, int64_t ns) { all_[step].fetch_add(ns, std::memory_order_relaxed); }

  struct Row {
    std::string step;
    double per_line = 0, per_parsed_line = 0;  ///< nanoseconds
  };
  std::vector<Row> rows(uint64_t lines, uint64_t parsed) const;

 private:
  size_t stages_;
  std::vector<std::string> names_;
  int64_t clock_cost_ = 0;
  // Of sampled lines for the steps of a line, of all lines for the others.
  std::array<std::atomic<int64_t>, kMaxSteps> all_{}, parsed_{};
  std::atomic<uint64_t> lines_{0}, parsed_lines_{0};
};

}  // namespace testudo
