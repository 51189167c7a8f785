// xdp/observer.h: what the program counts of packets that pass, on pinned maps (bpf/observation.h).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "bpf/observation.h"
#include "xdp/map.h"

namespace testudo::xdp {

class Observer {
 public:
  using Visit = std::function<void(const testudo_observation&)>;

  /// Opens the maps that the owner of `pin` made; `not_found` while there are none.
  static Result<std::unique_ptr<Observer>> open(const std::string& pin, Visit visit);

  /// In force at the next packet. All zero: nothing is counted.
  Result<void> configure(const observe_config& config);
  /// Readable when there is something to read.
  int fd() const;
  /// Hands over what there is; the number of observations.
  Result<size_t> read();
  /// Sum over the CPUs.
  observe_load load() const;
  /// Sources that are counted now are forgotten: for tests.
  Result<uint64_t> forget() { return sources_.clear(); }

  ~Observer();
  Observer(const Observer&) = delete;

 private:
  struct Ring;
  explicit Observer(Visit visit);
  Map config_, load_, sources_, observations_;
  std::unique_ptr<Ring> ring_;
};

}  // namespace testudo::xdp
