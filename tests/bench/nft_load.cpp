// What the nftables backend costs: 2.4 million addresses loaded, one change, one change of a range.
//
//   bench_nft_load [-o json]      needs root and the program nft; in a network namespace of its own
//
// The peer is `nft -f` with the same addresses and ends in a set with time-outs, and with one element for the
// single change. Rounds alternate, medians are shown. What each holds afterwards is compared by asking for
// addresses that must be there and one that must not.
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "enforce/nft_backend.h"

namespace {

using namespace testudo;

constexpr int kRounds = 3;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

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

std::string script_of(const std::vector<DecisionChange>& changes) {
  std::string text =
      "add table inet peer\nadd counter inet peer c\n"
      "add map inet peer b { type ipv4_addr : counter; flags timeout; }\nadd element inet peer b { ";
  for (const DecisionChange& change : changes) text += change.prefix.ip.text() + " timeout 24h : c, ";
  return text + "}\n";
}

double ms_of(int64_t since) { return double(monotonic_ns() - since) / 1e6; }
double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}
double p99(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() * 99 / 100];
}

struct Row {
  std::string name;
  double ours, peer, goal;  ///< milliseconds
};

struct Costs {
  std::vector<double> load, peer_load, one, peer_one, range;
};

void measure_ours(const EnforceOptions& options, const std::vector<DecisionChange>& changes, Costs& costs) {
  auto backend = NftBackend::open(options);
  if (!backend) fail(backend.error().text());
  const int64_t start = monotonic_ns();
  if (auto done = (*backend)->reconcile(changes, {}); !done) fail(done.error().text());
  costs.load.push_back(ms_of(start));
  for (const size_t at : {size_t(0), changes.size() / 2, changes.size() - 1})
    if (nft_list(&changes[at].prefix, nft_table(options.pin))->size() != 1) fail("an address is missing");
  const Prefix innocent = Prefix::host(Ip::v4(0x0a000000));
  if (!nft_list(&innocent, nft_table(options.pin))->empty()) fail("an address too many");

  std::vector<DecisionChange> one(1, changes[0]);
  for (int i = 0; i < 4000; ++i) {
    one[0].prefix = Prefix::host(Ip::v4(0xc6120000u + uint32_t(i / 2) * 2));
    one[0].op = i % 2 ? DecisionChange::Op::clear : DecisionChange::Op::set;
    const int64_t at = monotonic_ns();
    if (!(*backend)->apply(one)) fail("a change failed");
    costs.one.push_back(ms_of(at));
  }
  // Ranges nested in one another, 10,000 of them present.
  std::vector<DecisionChange> ranges(10000, changes[0]);
  std::mt19937 random(3);
  for (DecisionChange& change : ranges) {
    change.prefix = Prefix::of(Ip::v4(uint32_t(random())), 16 + int(random() % 13));
    change.until += std::chrono::minutes(random() % 600);
  }
  if (auto done = (*backend)->apply(ranges); !done) fail(done.error().text());
  for (int i = 0; i < 2000; ++i) {
    one[0] = ranges[size_t(i)];
    one[0].op = DecisionChange::Op::clear;
    const int64_t at = monotonic_ns();
    if (!(*backend)->apply(one)) fail("a change failed");
    costs.range.push_back(ms_of(at));
  }
}

void measure_peer(const std::string& file, Costs& costs) {
  const int64_t start = monotonic_ns();
  if (std::system(("nft -f " + file).c_str()) != 0) fail("nft -f failed");
  costs.peer_load.push_back(ms_of(start));
  for (int i = 0; i < 20; ++i) {
    const std::string element =
        "nft add element inet peer b '{ 198.18.0." + std::to_string(i * 2) + " timeout 24h : c }'";
    const int64_t at = monotonic_ns();
    if (std::system(element.c_str()) != 0) fail("nft add element failed");
    costs.peer_one.push_back(ms_of(at));
  }
  if (std::system("nft delete table inet peer") != 0) fail("nft delete failed");
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc == 3 && std::strcmp(argv[1], "-o") == 0 && std::strcmp(argv[2], "json") == 0;
  if (::unshare(CLONE_NEWNET) != 0) fail("needs root: a network namespace of its own");
  constexpr size_t kCount = 2'400'000;
  EnforceOptions options;
  options.pin = "/sys/fs/bpf/testudo-bench";
  const auto changes = bans(kCount);
  char file[] = "/tmp/nft-bench-XXXXXX";
  const int fd = mkstemp(file);
  if (fd < 0) fail("cannot write a script");
  close(fd);
  std::ofstream(file) << script_of(changes);

  Costs costs;
  for (int round = 0; round < kRounds; ++round) {
    measure_ours(options, changes, costs);
    if (auto done = nft_remove(nft_table(options.pin)); !done) fail(done.error().text());
    sleep(3);  // millions of freed elements keep a kernel thread busy
    measure_peer(file, costs);
    sleep(3);
  }
  unlink(file);
  rusage used{};
  getrusage(RUSAGE_SELF, &used);

  const Row rows[] = {
      {"2,400,000 addresses: load, ms (peer: nft -f)", median(costs.load), median(costs.peer_load), 3000},
      {"one address, median ms (peer: nft add element)", median(costs.one), median(costs.peer_one), 1},
      {"one address, p99 ms (peer: nft add element)", p99(costs.one), p99(costs.peer_one), 1},
      {"one of 10,000 ranges, median ms (peer: 1 ms)", median(costs.range), 1, 1},
      {"one of 10,000 ranges, p99 ms (peer: 1 ms)", p99(costs.range), 1, 1},
  };
  if (!json) std::printf("%-52s %10s %10s %7s %6s %s\n", "case", "ours", "peer", "ratio", "goal", "met");
  for (const Row& row : rows) {
    const bool met = row.ours <= row.goal;
    if (json)
      std::printf("{\"case\":\"%s\",\"ours\":%.4f,\"peer\":%.3f,\"ratio\":%.4f,\"goal\":%.0f,\"met\":%s}\n",
                  row.name.c_str(), row.ours, row.peer, row.ours / row.peer, row.goal,
                  met ? "true" : "false");
    else
      std::printf("%-52s %10.4f %10.3f %7.4f %6.0f %s\n", row.name.c_str(), row.ours, row.peer,
                  row.ours / row.peer, row.goal, met ? "yes" : "no");
  }
  if (!json) std::printf("memory of this process at its highest: %ld MB\n", used.ru_maxrss / 1024);
  return 0;
}
