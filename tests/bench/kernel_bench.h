// What the benchmarks of the kernel share: sources as kernel_sources.bpf.c makes them, backends with bans,
// interleaved rounds, rows.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "base/files.h"
#include "enforce/xdp_backend.h"
#include "kernel_sources.skel.h"

namespace testudo::bench {

/// Whatever ends a benchmark, no pin of it stays.
inline std::string own_pins() { return "testudo-bench-" + std::to_string(getpid()) + "-"; }

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  for (const std::string& name : list_directory("/sys/fs/bpf"))
    if (name.rfind(own_pins(), 0) == 0) static_cast<void>(remove_pinned("/sys/fs/bpf/" + name));
  std::_Exit(1);
}

template <typename T>
T must(Result<T> result) {
  if (!result) fail(result.error().text());
  return std::move(*result);
}
inline void must(Result<void> result) {
  if (!result) fail(result.error().text());
}

inline void pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) fail("cannot pin to a CPU");
}

/// Address N of those that source4() gives, host order; odd = banned.
inline uint32_t address_of(uint64_t random, bool banned) {
  const uint32_t address = 0x0b000000 + uint32_t((random >> 32) * 0x73000000 >> 32);
  return banned ? address | 1 : address & ~1u;
}
inline std::vector<Prefix> addresses(size_t count, uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::vector<Prefix> out(count);
  for (Prefix& prefix : out) prefix = Prefix::host(Ip::v4(address_of(random(), true)));
  return out;
}

inline std::vector<DecisionChange> bans_of(const std::vector<Prefix>& prefixes) {
  std::vector<DecisionChange> out(prefixes.size());
  for (size_t i = 0; i < prefixes.size(); ++i) {
    out[i].prefix = prefixes[i];
    out[i].until = now() + 24h;
    out[i].origin = "lists";
    out[i].scenario = "bench";
  }
  return out;
}

/// A backend on pins of its own, removed at the end.
struct Installation {
  std::string pin;
  std::unique_ptr<XdpBackend> backend;

  explicit Installation(const std::string& name, const xdp::TableSizes& sizes,
                        std::vector<std::string> interfaces = {"testudo-none"},
                        const std::string& mode = "auto", bool observe = true) {
    EnforceOptions options;
    options.observe = observe;
    options.pin = pin = "/sys/fs/bpf/" + own_pins() + name;
    options.interfaces = std::move(interfaces);
    options.mode = mode;
    backend = must(XdpBackend::open(options, sizes));
  }
  Installation(const Installation&) = delete;
  ~Installation() {
    backend.reset();
    if (const auto gone = remove_pinned(pin); !gone)
      std::fprintf(stderr, "%s\n", gone.error().text().c_str());
  }
};

/// For any number of bans: the same maps in every case, so that only what is in them differs.
inline constexpr xdp::TableSizes kSame{.bans = 2'500'000, .filter_words = 1u << 19};
/// For millions in a list: a table of bans of that size beside it would double the filter.
inline constexpr xdp::TableSizes kLists{.filter_words = kSame.filter_words};

/// Programs that make the sources, in front of one under test.
struct Sources {
  kernel_sources_bpf* skeleton;

  explicit Sources(int program_fd, uint64_t count, bool banned = false, uint32_t wire = 0,
                   uint32_t plain_entries = 1) {
    skeleton = kernel_sources_bpf__open();
    if (!skeleton) fail("cannot open kernel_sources");
    skeleton->rodata->sources = count;
    skeleton->rodata->banned = banned;
    skeleton->rodata->wire = wire;
    bpf_map__set_max_entries(skeleton->maps.plain, plain_entries);
    if (kernel_sources_bpf__load(skeleton) != 0) fail("cannot load kernel_sources");
    if (program_fd >= 0) put_under_test(program_fd);
  }
  Sources(const Sources&) = delete;
  ~Sources() { kernel_sources_bpf__destroy(skeleton); }
  void put_under_test(int fd) {
    const uint32_t zero = 0;
    if (bpf_map_update_elem(bpf_map__fd(skeleton->maps.under_test), &zero, &fd, BPF_ANY) != 0)
      fail("cannot put the program under test");
  }
  void fill_plain(const std::vector<Prefix>& prefixes) {
    const std::vector<ban_value> values(8192);
    std::vector<uint32_t> keys;
    for (size_t i = 0; i <= prefixes.size(); ++i) {
      if (keys.size() == values.size() || (i == prefixes.size() && !keys.empty())) {
        uint32_t count = uint32_t(keys.size());
        if (bpf_map_update_batch(bpf_map__fd(skeleton->maps.plain), keys.data(), values.data(), &count,
                                 nullptr) != 0)
          fail("cannot fill the plain hash");
        keys.clear();
      }
      if (i < prefixes.size()) {
        uint32_t address;
        std::memcpy(&address, prefixes[i].ip.bytes.data(), 4);
        keys.push_back(address);
      }
    }
  }
  int fd(bpf_program* program) const { return bpf_program__fd(program); }
};

inline std::vector<uint8_t> frame4() {
  std::vector<uint8_t> frame(64, 0);
  frame[12] = 0x08;
  frame[14] = 0x45;
  frame[17] = 50;  // total length
  frame[22] = 64;
  frame[23] = 17;
  return frame;
}
/// The same as TCP, with these flags.
inline std::vector<uint8_t> frame_tcp4(uint8_t flags) {
  std::vector<uint8_t> frame = frame4();
  frame[23] = 6;
  frame[37] = 22;           // port
  frame[34 + 12] = 5 << 4;  // words of the header
  frame[34 + 13] = flags;
  return frame;
}
inline std::vector<uint8_t> frame6() {
  std::vector<uint8_t> frame(64, 0);
  frame[12] = 0x86;
  frame[13] = 0xdd;
  frame[14] = 0x60;
  frame[20] = 59;  // no next header
  return frame;
}

/// ns a packet: `repeat` frames through the program.
inline uint32_t time_of(int fd, const std::vector<uint8_t>& frame, uint32_t repeat, uint32_t expect) {
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(), .data_size_in = uint32_t(frame.size()),
              .repeat = int(repeat));
  if (bpf_prog_test_run_opts(fd, &options) != 0) fail(std::string("test run: ") + std::strerror(errno));
  if (options.retval != expect) fail("a packet got verdict " + std::to_string(options.retval));
  return options.duration;
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}
inline double percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[size_t(double(values.size() - 1) * share)];
}

/// One figure as scripts/lib/bench/kernel.py reads it.
inline void say(const std::string& name, double value) {
  std::printf("{\"name\":\"%s\",\"value\":%.3f}\n", name.c_str(), value);
  std::fflush(stdout);
}

/// A program with one kind of frame, timed in turn with others by run_in_turn().
struct Timed {
  std::string name;
  int fd;
  std::vector<uint8_t> frame;
  uint32_t repeat = 1'000'000;
  std::vector<double> rounds{};  ///< ns a packet
};

/// Each packet must pass. Says each one's median.
inline void run_in_turn(std::vector<Timed>& cases, int rounds) {
  for (int round = 0; round < rounds; ++round)
    for (Timed& each : cases) each.rounds.push_back(time_of(each.fd, each.frame, each.repeat, XDP_PASS));
  for (const Timed& each : cases) say(each.name, median(each.rounds));
}

}  // namespace testudo::bench
