// engine/source_clocks.h: how far the stamps of a source are off, learned from its live lines, and which
// lines are late by that.
//
// Not thread-safe, and order matters: the pipeline asks in the order of batches, whoever parsed them.
#pragma once

#include <unordered_map>

#include "base/time.h"
#include "model/line_batch.h"

namespace testudo {

class SourceClocks {
 public:
  /// Was a line of `batch`, written at `stamp`, read more than five seconds after that? The usual offset of
  /// the source is taken off; lines that are read while catching up teach nothing.
  bool late(const LineBatch& batch, TimePoint stamp);

 private:
  struct Clock {
    int64_t offset_ns = 0, candidate_ns = 0;
    TimePoint since{};  ///< arrival of the first line that agreed
    int agreeing = 0;
  };
  std::unordered_map<uint32_t, Clock> clocks_;  // by source id
};

}  // namespace testudo
