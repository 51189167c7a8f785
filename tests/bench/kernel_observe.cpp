// What counting packets by source (`enforce.observe`, for `source: xdp`) costs those that pass.
//
//   bench_kernel_observe [ROUNDS]        needs root; attaches to nothing
//
// The same program, loaded with and without: segments of open connections, datagrams, and a flood of SYNs
// whose sources are all new. Rounds in turn on CPU 1. Output: one JSON object a figure, median of the rounds,
// ns.
#include "bpf/observation.h"
#include "kernel_bench.h"
#include "xdp/observer.h"

namespace {

using namespace testudo;
using namespace testudo::bench;

// A flood is long: the first SYNs of each second are counted one by one.
constexpr uint32_t kFlood = 8'000'000;

/// As a daemon with a `source: xdp` writes it (acquire/xdp.cpp), thresholds that nobody here crosses.
void watch(xdp::Observer& observer) {
  observe_config config{};
  config.window_s = 10;
  config.syn_exact = 20'000;
  for (uint32_t kind = 0; kind < TESTUDO_OBSERVED_KINDS; ++kind)
    config.threshold[kind] = config.networks[kind] = 1u << 30;
  must(observer.configure(config));
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  pin_to(1);
  Installation off("off", {}, {"testudo-none"}, "auto", false), on("on", {});
  const auto observer = must(xdp::Observer::open(on.pin, [](const testudo_observation&) {}));
  watch(*observer);
  Sources clients_off(off.backend->program().fd(), 16384), clients_on(on.backend->program().fd(), 16384);
  Sources flood_off(off.backend->program().fd(), 0), flood_on(on.backend->program().fd(), 0);
  std::vector<Timed> cases{
      {"ack off", clients_off.fd(clients_off.skeleton->progs.test4), frame_tcp4(0x10)},
      {"ack on", clients_on.fd(clients_on.skeleton->progs.test4), frame_tcp4(0x10)},
      {"udp off", clients_off.fd(clients_off.skeleton->progs.test4), frame4()},
      {"udp on", clients_on.fd(clients_on.skeleton->progs.test4), frame4()},
      {"syn off", flood_off.fd(flood_off.skeleton->progs.test4), frame_tcp4(0x02), kFlood},
      {"syn on", flood_on.fd(flood_on.skeleton->progs.test4), frame_tcp4(0x02), kFlood},
  };
  run_in_turn(cases, rounds);
  if (observer->load().seen == 0) fail("nothing was counted: the measurement measures nothing");
  return 0;
}
