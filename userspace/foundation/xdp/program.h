// xdp/program.h: the program of bpf/, loaded on given maps.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "xdp/tables.h"

namespace testudo::xdp {

enum class Verdict : uint32_t { aborted = 0, drop = 1, pass = 2, tx = 3, redirect = 4 };

class Program {
 public:
  /// Loads the program. Maps that `tables` holds are used, the others are created and put into it; a new
  /// filter seed goes with new maps. 30–40 ms.
  /// `features`: of testudo_feature; code of the others is not in the loaded program.
  static Result<Program> load(Tables& tables, const TableSizes& sizes, uint32_t features = 0);

  int fd() const { return fd_.get(); }
  /// One frame (14 to 1,500 bytes) through the program, as if it had arrived: 0.4 µs, counters included.
  Result<Verdict> run(std::span<const uint8_t> frame) const;

  struct Timed {
    Verdict verdict;
    uint32_t nanoseconds;  ///< mean a packet
  };
  /// The same frame `repeat` times, for measuring; pays about 16 ms a call.
  Result<Timed> time(std::span<const uint8_t> frame, uint32_t repeat) const;

 private:
  Fd fd_;
};

}  // namespace testudo::xdp
