// What an innocent packet pays, by what is loaded: the program as it is attached, behind one that gives each
// packet another source.
//
//   bench_kernel_pass [ROUNDS]        needs root; attaches to nothing
//
// "0" and "2.4 M" have the same maps; all cases of a table are loaded at once and run in turn, each a million
// packets a round, on CPU 1. The peer is a program that asks a kernel hash for every packet. Test runs
// overlap the cache misses of neighbouring packets: what they say of ratios holds, bench_kernel_net says what
// a machine feels. Output: one JSON object a figure, median of the rounds, in ns.
#include <map>

#include "kernel_bench.h"

namespace {

using namespace testudo;
using namespace testudo::bench;

constexpr size_t kMany = 2'400'000;

std::vector<Prefix> prefixes4(size_t count) {
  std::mt19937_64 random(5);
  std::vector<Prefix> out;
  while (out.size() < count) {
    // Mostly /24, as lists of networks are; some narrower, some wider.
    const int length = random() % 4 ? 24 : int(16 + random() % 13);
    out.push_back(Prefix::of(Ip::v4(address_of(random(), true)), length));
  }
  return out;
}

Prefix network6(uint64_t random, int length) {
  uint8_t bytes[16] = {0x2a};
  std::memcpy(bytes + 1, &random, 7);
  bytes[7] |= 1;  // innocent sources have an even eighth byte
  return Prefix::of(Ip::v6_bytes(bytes), length);
}

/// Frames with no bit of a ban in them, through the real program, for a number of sources.
void pass4(int rounds) {
  const auto listed = addresses(kMany);
  Installation none("none", kSame), bans("bans", kSame), lists("lists", kLists);
  must(bans.backend->reconcile(bans_of(listed), {}));
  must(lists.backend->put_list({.name = "bench", .until = TimePoint::max(), .prefixes = listed}));
  Sources plain(-1, 0, false, 0, kMany);
  plain.fill_plain(listed);
  for (const uint64_t sources : {uint64_t(16384), uint64_t(0)}) {
    const std::string kind = sources ? "16k" : "random";
    Sources of_none(none.backend->program().fd(), sources), of_bans(bans.backend->program().fd(), sources),
        of_lists(lists.backend->program().fd(), sources), of_nothing(-1, sources);
    of_nothing.put_under_test(of_nothing.fd(of_nothing.skeleton->progs.nothing));
    Sources of_plain(plain.fd(plain.skeleton->progs.plain4), sources);
    std::vector<Timed> cases{
        {"pass4 " + kind + " generator", of_nothing.fd(of_nothing.skeleton->progs.test4), frame4()},
        {"pass4 " + kind + " 0", of_none.fd(of_none.skeleton->progs.test4), frame4()},
        {"pass4 " + kind + " 2.4M bans", of_bans.fd(of_bans.skeleton->progs.test4), frame4()},
        {"pass4 " + kind + " 2.4M listed", of_lists.fd(of_lists.skeleton->progs.test4), frame4()},
        {"pass4 " + kind + " hash", of_plain.fd(of_plain.skeleton->progs.test4), frame4()}};
    run_in_turn(cases, rounds);
  }
}

void prefixes(int rounds) {
  Installation none("none", {}), v4("v4", {}), v6("v6", {});
  must(v4.backend->reconcile(bans_of(prefixes4(10'000)), {}));
  std::mt19937_64 random(6);
  std::vector<Prefix> networks;
  for (int i = 0; i < 10'000; ++i) networks.push_back(network6(random(), i % 4 ? 48 : 40));
  must(v6.backend->reconcile(bans_of(networks), {}));
  Sources of_none(none.backend->program().fd(), 16384), of_v4(v4.backend->program().fd(), 16384),
      of_v6(v6.backend->program().fd(), 16384);
  std::vector<Timed> cases{
      {"prefixes4 0", of_none.fd(of_none.skeleton->progs.test4), frame4()},
      {"prefixes4 10k", of_v4.fd(of_v4.skeleton->progs.test4), frame4()},
      {"prefixes6 0", of_none.fd(of_none.skeleton->progs.test6), frame6()},
      {"prefixes6 10k", of_v6.fd(of_v6.skeleton->progs.test6), frame6()},
  };
  // A few of the innocent lie in a banned prefix: their verdict is a drop, and any verdict goes here.
  for (int round = 0; round < rounds; ++round)
    for (Timed& each : cases) {
      LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = each.frame.data(),
                  .data_size_in = uint32_t(each.frame.size()), .repeat = int(each.repeat));
      if (bpf_prog_test_run_opts(each.fd, &options) != 0) fail("test run");
      each.rounds.push_back(options.duration);
    }
  for (const Timed& each : cases) say(each.name, median(each.rounds));
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  pin_to(1);
  prefixes(rounds);
  pass4(rounds);
  return 0;
}
