// xdp/program.h: the program of bpf/, loaded on given maps.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "xdp/tables.h"

namespace testudo::xdp {

enum class Verdict : uint32_t { aborted = 0, drop = 1, pass = 2, tx = 3, redirect = 4 };

class Program {
 public:
  /// Loads the program. Maps that `tables` holds are used, the others are created and put into it; a new
  /// filter seed goes with new maps. 30–40 ms.
  /// `features`: of testudo_feature; code of the others is not in the loaded program. Without multi-buffer
  /// frames where `tables.next_prog` holds a program that cannot take them.
  static Result<Program> load(Tables& tables, const TableSizes& sizes, uint32_t features = 0);

  int fd() const { return fd_.get(); }
  /// Of the program for packets on their way out.
  int outgoing_fd() const { return outgoing_.get(); }
  /// One frame (14 to 1,500 bytes) through the program, as if it had arrived: 0.4 µs, counters included.
  Result<Verdict> run(std::span<const uint8_t> frame) const;

  struct Timed {
    Verdict verdict;
    uint32_t nanoseconds;  ///< mean a packet
  };
  /// The same frame `repeat` times, for measuring; pays about 16 ms a call.
  Result<Timed> time(std::span<const uint8_t> frame, uint32_t repeat) const;

  struct Answer {
    Verdict verdict;
    std::vector<uint8_t> frame;  ///< as the program left it
  };
  /// One frame, and what became of it.
  Result<Answer> answer(std::span<const uint8_t> frame) const;
  /// One frame on its way out: true when it is dropped.
  Result<bool> drops_outgoing(std::span<const uint8_t> frame) const;

 private:
  struct Kind {
    bool multi_buffer = true, attach_type = true;
  };
  static Result<Program> load_once(Tables& tables, const TableSizes& sizes, uint32_t features, Kind kind);
  Fd fd_, outgoing_;
};

}  // namespace testudo::xdp
