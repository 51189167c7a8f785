// How long 2.4 million addresses take to load, what memory they hold, and what one change costs among them.
//
//   bench_kernel_load [ROUNDS]        needs root; attaches to nothing
//
// Output: one JSON object a figure: seconds (median), bytes that the kernel charges for the maps, ns of a
// change. The peer loads the same addresses into a plain kernel hash, in batches.
#include <sched.h>

#include <fstream>

#include "kernel_bench.h"

namespace {

using namespace testudo;
using namespace testudo::bench;

constexpr size_t kMany = 2'400'000;

double seconds_since(int64_t start) { return double(monotonic_ns() - start) / 1e9; }

/// As the kernel charges it (fdinfo), of all maps under the pins.
double memory_of(const std::string& pin) {
  double sum = 0;
  for (const xdp::TableName& table : xdp::table_names()) {
    const Fd fd(bpf_obj_get((pin + "/v" + std::to_string(TESTUDO_ABI_VERSION) + "/" + table.name).c_str()));
    std::ifstream info("/proc/self/fdinfo/" + std::to_string(fd.get()));
    for (std::string word; info >> word;)
      if (word == "memlock:") {
        double bytes = 0;
        info >> bytes;
        sum += bytes;
      }
  }
  return sum;
}

void change(Installation& at, const std::string& name, const std::vector<Prefix>& listed) {
  // Only this part: a load may use two processors, as it does in the daemon.
  cpu_set_t all;
  sched_getaffinity(0, sizeof all, &all);
  pin_to(0);
  std::vector<DecisionChange> one = bans_of({listed.front()});
  std::vector<double> adds, removals;
  for (uint32_t i = 0; i < 50'000; ++i) {
    one[0].prefix = Prefix::host(Ip::v4(0x7e000000u + i * 7));
    one[0].op = DecisionChange::Op::set;
    int64_t start = monotonic_ns();
    must(at.backend->apply(one));
    adds.push_back(double(monotonic_ns() - start));
    one[0].op = DecisionChange::Op::clear;
    start = monotonic_ns();
    must(at.backend->apply(one));
    removals.push_back(double(monotonic_ns() - start));
  }
  say(name + " add median", median(adds));
  say(name + " add p99", percentile(adds, 0.99));
  say(name + " remove median", median(removals));
  say(name + " remove p99", percentile(removals, 0.99));
  sched_setaffinity(0, sizeof all, &all);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 4;
  const auto listed = addresses(kMany);
  const auto bans = bans_of(listed);
  std::vector<double> stage1, stage2, again, plain;
  double empty_bytes = 0, bytes1 = 0, bytes2 = 0;
  for (int round = 0; round < rounds; ++round) {
    {
      Installation at("stage1", {});
      const int64_t start = monotonic_ns();
      must(at.backend->reconcile(bans, {}));
      stage1.push_back(seconds_since(start));
      bytes1 = memory_of(at.pin);
      if (round == 0) change(at, "change", listed);
    }
    sleep(3);  // millions of freed entries keep a kernel thread busy
    {
      Installation at("stage2", {});
      empty_bytes = memory_of(at.pin);
      const BlockList list{.name = "bench", .until = TimePoint::max(), .prefixes = listed};
      int64_t start = monotonic_ns();
      must(at.backend->put_list(list));
      stage2.push_back(seconds_since(start));
      bytes2 = memory_of(at.pin);
      start = monotonic_ns();
      must(at.backend->put_list(list));
      again.push_back(seconds_since(start));
    }
    {
      Sources at(-1, 0, false, 0, kMany);
      const int64_t start = monotonic_ns();
      at.fill_plain(listed);
      plain.push_back(seconds_since(start));
    }
    sleep(3);
  }
  say("load stage1", median(stage1));
  say("load stage2", median(stage2));
  say("load stage2 again", median(again));
  say("load plain hash", median(plain));
  say("memory stage1", bytes1);
  say("memory stage2", bytes2);
  say("memory empty", empty_bytes);
  return 0;
}
