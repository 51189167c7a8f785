// What an innocent packet pays: the program's pass path by number of bans, and the cost of one change.
//
//   bench_kernel_pass [-o json]        needs root; attaches to nothing
//
// Frames come from 16,384 innocent sources, one run of the program each, so that caches see what a server's
// see: one address alone shows nothing. A call costs about 0.4 µs more than the program; the case with no
// bans holds the same, and the ratio of the program alone is shown by the repeated frame (`hot`). The peer is
// the same table without its filter (every packet asks the hash), which is what a plain XDP blocklist does.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "enforce/xdp_backend.h"

namespace {

using namespace testudo;

constexpr int kSources = 16384;
constexpr int kRounds = 9;

std::vector<uint8_t> frame_from(uint32_t address) {
  std::vector<uint8_t> frame(60, 0);
  frame[12] = 0x08;
  frame[14] = 0x45;
  for (int i = 0; i < 4; ++i) frame[size_t(26 + i)] = uint8_t(address >> (24 - 8 * i));
  return frame;
}

// Bans are odd, innocent sources even: both random over the whole space.
std::vector<DecisionChange> bans(size_t count) {
  std::mt19937 random(1);
  std::vector<DecisionChange> out(count);
  for (DecisionChange& change : out) {
    change.prefix = Prefix::host(Ip::v4(uint32_t(random()) | 1));
    change.until = now() + 24h;
    change.origin = "lists";
    change.scenario = "bench";
  }
  return out;
}

/// Of this thread, system calls included: what others do on the machine is not counted.
int64_t cpu_ns() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

struct Cost {
  double cold_ns = 1e9;  ///< one run of the program for each source, call included
  double hot_ns = 1e9;   ///< program alone, the same frame again and again
};

Cost measure(const XdpBackend& backend, const std::vector<std::vector<uint8_t>>& frames) {
  Cost cost;
  for (int round = 0; round < kRounds; ++round) {
    const int64_t start = cpu_ns();
    for (const auto& frame : frames)
      if (!backend.program().run(frame)) std::exit(1);
    cost.cold_ns = std::min(cost.cold_ns, double(cpu_ns() - start) / double(frames.size()));
    const auto timed = backend.program().time(frames[0], 1'000'000);
    if (timed) cost.hot_ns = std::min(cost.hot_ns, double(timed->nanoseconds));
  }
  return cost;
}

struct Row {
  std::string name;
  double ours, peer, goal;
  bool met() const { return goal == 0 || ours / peer <= goal; }
};

void print(const std::vector<Row>& rows, bool json) {
  if (!json) std::printf("%-44s %10s %10s %7s %6s %s\n", "case", "ours", "peer", "ratio", "goal", "met");
  for (const Row& row : rows) {
    if (json)
      std::printf("{\"case\":\"%s\",\"ours\":%.1f,\"peer\":%.1f,\"ratio\":%.3f,\"goal\":%.2f,\"met\":%s}\n",
                  row.name.c_str(), row.ours, row.peer, row.ours / row.peer, row.goal,
                  row.met() ? "true" : "false");
    else
      std::printf("%-44s %10.1f %10.1f %7.3f %6.2f %s\n", row.name.c_str(), row.ours, row.peer,
                  row.ours / row.peer, row.goal, row.met() ? "yes" : "no");
  }
}

[[noreturn]] void fail(const Error& error) {
  std::fprintf(stderr, "%s\n", error.text().c_str());
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc == 3 && std::strcmp(argv[1], "-o") == 0 && std::strcmp(argv[2], "json") == 0;
  EnforceOptions options;
  options.pin = "/sys/fs/bpf/testudo-bench-" + std::to_string(getpid());
  options.interfaces = {"testudo-none"};
  std::vector<std::vector<uint8_t>> frames;
  std::mt19937 random(2);
  for (int i = 0; i < kSources; ++i) frames.push_back(frame_from(uint32_t(random()) & ~1u));

  std::vector<Row> rows;
  Cost empty;
  for (const size_t count : {size_t(0), size_t(100'000), size_t(1'000'000), size_t(2'400'000)}) {
    // The same maps for all cases: a small filter is faster, and that is another question.
    auto backend = XdpBackend::open(options, {.bans = options.max_entries, .filter_words = 1u << 19});
    if (!backend) fail(backend.error());
    const auto changes = bans(count);
    const int64_t start = cpu_ns();
    if (auto done = (*backend)->reconcile(changes, {}); !done) fail(done.error());
    const double load_ms = double(cpu_ns() - start) / 1e6;
    const Cost cost = measure(**backend, frames);
    if (count == 0) empty = cost;
    const std::string name = std::to_string(count) + " bans";
    if (count > 0) {
      rows.push_back({name + ": pass, 16k sources, ns (peer: 0 bans)", cost.cold_ns, empty.cold_ns, 1.15});
      rows.push_back({name + ": pass, hot, ns (peer: 0 bans)", cost.hot_ns, empty.hot_ns, 1.25});
      rows.push_back({name + ": load, ms (peer: 0.5 us each)", load_ms, double(count) * 0.5e-3, 0});
      std::vector<DecisionChange> one(1);
      std::vector<double> changes_ns;
      for (int i = 0; i < 20000; ++i) {
        one[0] = changes[size_t(i)];
        one[0].prefix = Prefix::host(Ip::v4(0xc6120000u + uint32_t(i) * 2));
        const int64_t at =
            monotonic_ns();  // reading a thread's own clock is a system call as long as the change
        if (!(*backend)->apply(one)) return 1;
        changes_ns.push_back(double(monotonic_ns() - at));
      }
      std::sort(changes_ns.begin(), changes_ns.end());
      rows.push_back(
          {name + ": one change, median ns (peer: 2 us)", changes_ns[changes_ns.size() / 2], 2000, 1});
      rows.push_back(
          {name + ": one change, p99 ns (peer: 20 us)", changes_ns[changes_ns.size() * 99 / 100], 20000, 1});
      std::vector<uint64_t> full((*backend)->tables().filter(Table::ban4).words(), ~uint64_t(0));
      (*backend)->tables().filter(Table::ban4).replace_by(full);
      const Cost plain = measure(**backend, frames);
      rows.push_back({name + ": pass, 16k sources, ns (peer: hash alone)", cost.cold_ns, plain.cold_ns, 1});
    }
    backend->reset();
    if (auto done = remove_pinned(options.pin); !done) fail(done.error());
    if (count > 0) sleep(3);  // millions of freed entries keep a kernel thread busy
  }
  print(rows, json);
  return 0;
}
