#include "engine/source_clocks.h"

#include <cstdlib>

namespace testudo {
namespace {
constexpr int64_t kLate = 5'000'000'000;    // a line read this long after its own stamp is a late one
constexpr int64_t kAgrees = 2'000'000'000;  // offsets this close are the same
constexpr int kEnough = 8;
}  // namespace

bool SourceClocks::late(const LineBatch& batch, TimePoint stamp) {
  Clock& clock = clocks_[batch.source->id];
  const int64_t lag = (batch.arrived - stamp).count();
  // Eight lines and a minute that agree. A minute, because a syslog daemon that was stuck hands over an hour
  // of lines in one second, and neighbours among those agree as well.
  if (!batch.backlog) {
    if (std::llabs(lag - clock.candidate_ns) < kAgrees) {
      if (++clock.agreeing >= kEnough && batch.arrived - clock.since >= 1min)
        clock.offset_ns = clock.candidate_ns;
    } else {
      clock.candidate_ns = lag;
      clock.since = batch.arrived;
      clock.agreeing = 1;
    }
  }
  return lag - clock.offset_ns > kLate;
}

}  // namespace testudo
