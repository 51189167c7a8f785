// decide/witness_kernel.cpp: the kernel's map of handshakes as a source of sightings.
#include <algorithm>

#include "decide/witness.h"
#include "xdp/witness.h"

namespace testudo {
namespace {

// Counting the addresses walks the map: a scrape every second must not.
constexpr int64_t kCountEvery = 10'000'000'000;

class KernelWitness final : public WitnessSource {
 public:
  explicit KernelWitness(xdp::Witness witness) : witness_(std::move(witness)) {}

  std::string_view name() const override { return "handshakes"; }

  std::optional<TimePoint> seen(const Ip& address) override {
    const auto sighting = witness_.seen(address);
    if (!sighting) return std::nullopt;
    return sighting->at;
  }

  TimePoint complete_since(Family family, Duration window) override {
    return witness_.overrun(family, window) ? TimePoint::max() : witness_.since();
  }

  std::string describe(const Ip& address) override {
    const auto sighting = witness_.seen(address);
    const std::string since = format_rfc3339_seconds(witness_.since());
    if (!sighting)
      return "has completed no handshake that is remembered (they are noted since " + since + ")";
    const std::string where = "completed a handshake with port " + std::to_string(sighting->port);
    if (sighting->open) return where + "; a connection is open";
    return where + "; its last connection ended " +
           format_duration_short(std::max<Duration>(now() - sighting->at, 0s)) + " ago";
  }

  std::optional<WitnessRoom> room() override {
    const std::lock_guard lock(mutex_);
    if (counted_ns_ == 0 || monotonic_ns() - counted_ns_ > kCountEvery) {
      const xdp::WitnessCounts counts = witness_.counts();
      room_ = {counts.addresses4, counts.addresses6, counts.room, counts.since};
      counted_ns_ = monotonic_ns();
    }
    return room_;
  }

 private:
  const xdp::Witness witness_;
  std::mutex mutex_;
  WitnessRoom room_;
  int64_t counted_ns_ = 0;
};

}  // namespace

Result<std::shared_ptr<WitnessSource>> kernel_witness(const std::string& pin, uint32_t entries) {
  TESTUDO_TRY(xdp::Witness witness, xdp::Witness::open({pin, entries}));
  return std::shared_ptr<WitnessSource>(std::make_shared<KernelWitness>(std::move(witness)));
}

void remove_kernel_witness(const std::string& pin) { xdp::remove_witness(pin); }

}  // namespace testudo
