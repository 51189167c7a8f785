// xdp/ring.h: reads the sampled events that the program puts into its ring (bpf/abi.h: drop_event).
//
// One reader at a time sees each event: two that open the same ring share what comes. Not thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "bpf/abi.h"
#include "xdp/map.h"

namespace testudo::xdp {

class Ring {
 public:
  using Visit = std::function<void(const drop_event& event)>;

  /// The ring that is pinned under `pin`. `not_found` when there are no tables.
  static Result<Ring> open(const std::string& pin);
  static Result<Ring> over(const Map& events);
  Ring(Ring&&) noexcept;
  Ring& operator=(Ring&&) noexcept;
  ~Ring();

  /// Readable when there are events.
  int fd() const;
  /// Shows what is there to `visit`; waits up to `milliseconds` for the first (0: not at all). The number
  /// seen.
  Result<int> poll(const Visit& visit, int milliseconds = 0);

 private:
  struct Impl;
  explicit Ring(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace testudo::xdp
