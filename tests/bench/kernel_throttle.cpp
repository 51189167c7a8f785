// How exactly a throttle keeps its rate when two processors ask it at once.
//
//   bench_kernel_throttle [SECONDS]        needs root; attaches to nothing
//
// One source, throttled to RATE packets a second, floods the program from two pinned threads. Allowed is what
// the token bucket holds at first and what comes in the time; output is by how many percent more or less
// passed.
#include <atomic>
#include <thread>

#include "kernel_bench.h"

namespace {

using namespace testudo;
using namespace testudo::bench;

constexpr uint64_t kBurst = 1000;

double deviation(const std::string& name, uint64_t rate, double seconds) {
  Installation at("throttle-" + name, {});
  DecisionChange change;
  change.prefix = Prefix::host(Ip::v4(0x0b000001));
  change.until = now() + 1h;
  change.origin = "cscli";
  change.scenario = "bench";
  change.remediation = Remediation::throttle;
  change.terms.rate = rate;
  change.terms.burst = kBurst;
  must(at.backend->apply(std::vector{change}));

  std::vector<uint8_t> frame = frame4();
  const uint8_t source[] = {11, 0, 0, 1};
  std::copy(std::begin(source), std::end(source), frame.begin() + 26);
  const int fd = at.backend->program().fd();
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> passed{0};
  const auto flood = [&](int cpu) {
    pin_to(cpu);
    uint64_t mine = 0;
    while (!stop.load(std::memory_order_relaxed)) {
      LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(), .data_size_in = uint32_t(frame.size()),
                  .repeat = 1);
      if (bpf_prog_test_run_opts(fd, &options) != 0) fail("test run");
      mine += options.retval == XDP_PASS;
    }
    passed += mine;
  };
  const int64_t start = monotonic_ns();
  std::thread first(flood, 0), second(flood, 1);
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  first.join();
  second.join();
  const double allowed = double(kBurst) + double(rate) * double(monotonic_ns() - start) / 1e9;
  return 100 * (double(passed) - allowed) / allowed;
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 3;
  for (const uint64_t rate : {1'000, 100'000}) {
    const std::string name = std::to_string(rate);
    say("throttle " + name, deviation(name, rate, seconds));
  }
  return 0;
}
