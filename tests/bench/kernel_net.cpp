// Real packets over a veth pair: how many a second one CPU drops, or passes to the stack, by what stands in
// their way.
//
//   bench_kernel_net drop|pass|life --guard NETNS --attack NETNS [--rounds N] [--seconds S]
//
// guard0 (receiver, its NAPI thread pinned to CPU 1) and attack0 (sender, CPU 0) are there already. The
// sender makes live frames of 64 bytes, as many as it can. Cases run in turn; one JSON object a figure,
// packets a second, median of the rounds.
//   drop: 100,000 bans, 256 banned sources: XDP native, XDP generic, nft ingress with a hash set
//   pass: random innocent sources, UDP to a closed port: 0 bans, 2.4 million bans (same maps), 2.4 million in
//         a list, a plain kernel hash with as many
//   life: packets of banned sources that reach the stack while the daemon's half is started anew 1,000 times
//   (each
//         adopts what is pinned and swaps the program) and is killed 100 times while it changes decisions
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <csignal>

#include <atomic>
#include <fstream>
#include <functional>
#include <thread>

#include "base/files.h"
#include "base/text.h"
#include "kernel_bench.h"

namespace {

using namespace testudo;
using namespace testudo::bench;

constexpr int kUpgrades = 1000, kKills = 100;

struct Args {
  std::string what, guard, attack;
  int rounds = 4;
  double seconds = 2;
};

void enter(const std::string& path) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || setns(fd.get(), CLONE_NEWNET) != 0) fail("cannot enter " + path + ": " + std::strerror(errno));
}

void shell(const std::string& command) {
  if (std::system(command.c_str()) != 0) fail("failed: " + command);
}

/// Frames that a redirect brings need NAPI on the receiver; with GRO it has one whatever is attached.
void receive_by_thread_on_cpu1() {
  const Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ethtool_value value{ETHTOOL_SGRO, 1};
  ifreq request{};
  std::strcpy(request.ifr_name, "guard0");
  request.ifr_data = reinterpret_cast<char*>(&value);
  if (ioctl(fd.get(), SIOCETHTOOL, &request) != 0) fail("cannot switch GRO on");
  // sysfs shows the interfaces of the namespace that mounted it.
  shell("unshare --mount sh -c 'mount -t sysfs sysfs /sys && echo 1 > /sys/class/net/guard0/threaded'");
  usleep(100'000);
  int pinned = 0;
  for (const std::string& pid : list_directory("/proc")) {
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto comm = read_file("/proc/" + pid + "/comm", 64);
    if (!comm || comm->rfind("napi/guard0", 0) != 0) continue;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(1, &set);
    pinned += sched_setaffinity(std::atoi(pid.c_str()), sizeof set, &set) == 0;
  }
  if (pinned == 0) fail("guard0 has no NAPI thread");
}

std::vector<uint8_t> mac_of(const std::string& interface) {
  const Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
  if (ioctl(fd.get(), SIOCGIFHWADDR, &request) != 0) fail("no interface " + interface);
  const auto* bytes = reinterpret_cast<uint8_t*>(request.ifr_hwaddr.sa_data);
  return {bytes, bytes + 6};
}

/// UDP to a port of 198.18.0.1 that nobody reads.
std::vector<uint8_t> wire_frame(const std::vector<uint8_t>& to) {
  std::vector<uint8_t> frame = frame4();
  std::copy(to.begin(), to.end(), frame.begin());
  frame[11] = 2;
  const uint8_t target[] = {198, 18, 0, 1};
  std::copy(target, target + 4, frame.begin() + 30);
  frame[36] = 0x99;  // port
  frame[39] = 30;    // UDP length
  return frame;
}

class Sender {
 public:
  Sender(const std::string& net, const Sources& sources, std::vector<uint8_t> frame)
      : thread_([this, net, fd = sources.fd(sources.skeleton->progs.send4), frame = std::move(frame)] {
          pin_to(0);
          enter(net);
          while (!stop_) {
            LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
                        .data_size_in = uint32_t(frame.size()), .repeat = 1 << 18,
                        .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
            if (bpf_prog_test_run_opts(fd, &options) != 0)
              fail(std::string("sending: ") + std::strerror(errno));
          }
        }) {}
  ~Sender() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// A program on guard0 for the length of a scope.
class Attached {
 public:
  Attached(int program, uint32_t flags) {
    LIBBPF_OPTS(bpf_link_create_opts, options, .flags = flags);
    fd_.reset(bpf_link_create(program, int(if_nametoindex("guard0")), BPF_XDP, &options));
    if (!fd_) fail(std::string("cannot attach: ") + std::strerror(errno));
  }

 private:
  Fd fd_;
};

class NftIngress {
 public:
  explicit NftIngress(const std::vector<Prefix>& bans) {
    const std::string path = "/tmp/testudo-bench-" + std::to_string(getpid()) + ".nft";
    {
      std::ofstream out(path);
      out << "table netdev testudo_bench {\n"
          << "  set bans { type ipv4_addr; size " << bans.size() * 2 << "; }\n"
          << "  counter gone { }\n"
          << "  chain in { type filter hook ingress device \"guard0\" priority -500; policy accept;"
          << " ip saddr @bans counter name gone drop; }\n}\n";
      for (size_t i = 0; i < bans.size(); ++i)
        out << (i % 1000 == 0 ? "add element netdev testudo_bench bans { " : ", ") << bans[i].text()
            << (i % 1000 == 999 || i + 1 == bans.size() ? " }\n" : "");
    }
    shell("nft -f " + path);
    unlink(path.c_str());
  }
  ~NftIngress() { shell("nft delete table netdev testudo_bench"); }
  static uint64_t dropped() {
    FILE* pipe = popen("nft list counter netdev testudo_bench gone", "r");
    char text[1024] = {};
    const size_t size = fread(text, 1, sizeof text - 1, pipe);
    pclose(pipe);
    const char* at = size ? std::strstr(text, "packets ") : nullptr;
    if (!at) fail("nft shows no counter");
    return std::strtoull(at + 8, nullptr, 10);
  }
};

struct Case {
  std::string name;
  std::function<double(double seconds)> run;  ///< packets a second
  std::vector<double> rounds{};
};

double rate(const std::function<uint64_t()>& count, double seconds) {
  usleep(300'000);  // under way
  const int64_t start = monotonic_ns();
  const uint64_t before = count();
  usleep(useconds_t(seconds * 1e6));
  const uint64_t after = count();
  return double(after - before) / (double(monotonic_ns() - start) / 1e9);
}

void run(std::vector<Case>& cases, const Args& args) {
  for (int round = 0; round < args.rounds; ++round)
    for (Case& each : cases) each.rounds.push_back(each.run(args.seconds));
  for (const Case& each : cases) say(args.what + " " + each.name, median(each.rounds));
}

void drop(const Args& args, const std::vector<uint8_t>& frame, uint32_t wire) {
  auto bans = addresses(100'000 - 256);
  for (uint64_t i = 0; i < 256; ++i)
    bans.push_back(Prefix::host(Ip::v4(address_of(testudo_mix64(i + 0x1234567), true))));
  Installation at("drop", {.bans = 131072, .filter_words = 1u << 15});
  must(at.backend->reconcile(bans_of(bans), {}));
  const Sources sources(-1, 256, true, wire);
  const auto dropped = [&] { return at.backend->status().dropped_packets; };
  const auto xdp = [&](uint32_t flags) {
    return [&, flags](double seconds) {
      const Attached attached(at.backend->program().fd(), flags);
      const Sender sender(args.attack, sources, frame);
      return rate(dropped, seconds);
    };
  };
  std::vector<Case> cases{{"native", xdp(XDP_FLAGS_DRV_MODE)},
                          {"generic", xdp(XDP_FLAGS_SKB_MODE)},
                          {"nft ingress", [&](double seconds) {
                             const NftIngress nft(bans);
                             const Sender sender(args.attack, sources, frame);
                             return rate(NftIngress::dropped, seconds);
                           }}};
  run(cases, args);
}

void pass(const Args& args, const std::vector<uint8_t>& frame, uint32_t wire) {
  const auto listed = addresses(2'400'000);
  Installation none("none", kSame), bans("bans", kSame), lists("lists", kLists);
  must(bans.backend->reconcile(bans_of(listed), {}));
  must(lists.backend->put_list({.name = "bench", .until = TimePoint::max(), .prefixes = listed}));
  Sources plain(-1, 0, false, 0, 2'400'000);
  plain.fill_plain(listed);
  const Sources sources(-1, 0, false, wire);
  const auto by = [&](int fd, std::function<uint64_t()> count) {
    return [&, fd, count = std::move(count)](double seconds) {
      const Attached attached(fd, XDP_FLAGS_DRV_MODE);
      const Sender sender(args.attack, sources, frame);
      return rate(count, seconds);
    };
  };
  const auto ours = [&](Installation& at) {
    return by(at.backend->program().fd(), [&] { return at.backend->status().passed_packets; });
  };
  std::vector<Case> cases{{"0", ours(none)},
                          {"2.4M bans", ours(bans)},
                          {"2.4M listed", ours(lists)},
                          {"2.4M hash", by(plain.fd(plain.skeleton->progs.plain4), [&] {
                             return __atomic_load_n(&plain.skeleton->bss->passed, __ATOMIC_RELAXED);
                           })}};
  run(cases, args);
}

/// Datagrams that no socket took: what reached the stack of this namespace.
uint64_t reached() {
  std::ifstream file("/proc/thread-self/net/snmp");
  std::string line;
  while (std::getline(file, line))
    if (line.rfind("Udp: ", 0) == 0 && line.find("InDatagrams") == std::string::npos)
      return std::strtoull(line.c_str() + line.find(' ', 5), nullptr, 10);
  fail("/proc/net/snmp has no line of UDP");
}

void life(const Args& args, const std::vector<uint8_t>& frame, uint32_t wire) {
  std::vector<Prefix> banned;
  for (uint64_t i = 0; i < 256; ++i)
    banned.push_back(Prefix::host(Ip::v4(address_of(testudo_mix64(i + 0x1234567), true))));
  EnforceOptions options;
  options.pin = "/sys/fs/bpf/" + own_pins() + "life";
  options.interfaces = {"guard0"};
  options.mode = "xdp";
  const Sources sources(-1, 256, true, wire);
  {
    const uint64_t before = reached();
    const Sender sender(args.attack, sources, frame);
    usleep(300'000);
    if (reached() == before) fail("without a ban nothing arrived: the measurement measures nothing");
  }
  usleep(300'000);
  auto backend = must(XdpBackend::open(options, {}));
  must(backend->reconcile(bans_of(banned), {}));
  const uint64_t dropped = backend->status().dropped_packets;
  {
    const Sender sender(args.attack, sources, frame);
    uint64_t before = reached();
    for (int i = 0; i < kUpgrades; ++i) {
      backend.reset();
      backend = must(XdpBackend::open(options, {}));
      must(backend->reconcile(bans_of(banned), {}));
    }
    say("life upgrades", kUpgrades);
    say("life upgrades through", double(reached() - before));
    backend.reset();
    before = reached();
    for (int i = 0; i < kKills; ++i) {
      int ready[2];
      if (pipe(ready) != 0) fail("no pipe");
      const pid_t child = fork();
      if (child == 0) {
        auto owner = must(XdpBackend::open(options, {}));
        must(owner->reconcile(bans_of(banned), {}));
        if (write(ready[1], "", 1) != 1) fail("cannot write to a pipe");
        for (auto all = bans_of(banned);; must(owner->reconcile(all, {}))) must(owner->apply(all));
      }
      close(ready[1]);
      // Nine of ten while they change decisions, the others while they start.
      char byte;
      if (i % 10 != 0 && read(ready[0], &byte, 1) != 1)
        fail("a process that was to be killed ended by itself");
      close(ready[0]);
      usleep(useconds_t(i * 300));
      kill(child, SIGKILL);
      waitpid(child, nullptr, 0);
    }
    say("life kills", kKills);
    say("life kills through", double(reached() - before));
  }
  backend = must(XdpBackend::open(options, {}));
  say("life dropped", double(backend->status().dropped_packets - dropped));
  backend.reset();
  must(remove_pinned(options.pin));
}

}  // namespace

int main(int argc, char** argv) {
  Args args;
  args.what = argc > 1 ? argv[1] : "";
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string key = argv[i];
    if (key == "--guard") args.guard = argv[i + 1];
    if (key == "--attack") args.attack = argv[i + 1];
    if (key == "--rounds") args.rounds = std::atoi(argv[i + 1]);
    if (key == "--seconds") args.seconds = std::atof(argv[i + 1]);
  }
  if (args.guard.empty() || args.attack.empty() ||
      (args.what != "drop" && args.what != "pass" && args.what != "life")) {
    std::fprintf(stderr,
                 "bench_kernel_net drop|pass|life --guard NETNS --attack NETNS [--rounds N] [--seconds S]\n");
    return 2;
  }
  enter(args.attack);
  const uint32_t wire = if_nametoindex("attack0");
  enter(args.guard);
  receive_by_thread_on_cpu1();
  const auto frame = wire_frame(mac_of("guard0"));
  if (args.what == "drop")
    drop(args, frame, wire);
  else if (args.what == "life")
    life(args, frame, wire);
  else
    pass(args, frame, wire);
  return 0;
}
