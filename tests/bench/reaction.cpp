// tests/bench/reaction.cpp: from write() of the log line that is one too many to the first dropped packet.
//
// It sees the whole path from outside and asks nobody inside: for each attacker it appends the lines of a
// brute-force attack, the last one at t0, and then sends numbered UDP packets from the attacker's address,
// one every few microseconds, noting when each was sent. The first number that does not arrive was the first
// to be dropped:
//
//     reaction = time of sending that packet - t0      (so too long by up to one gap, never too short)
//
// Sockets stay in the network namespace in which they were made: one thread serves both ends of the cable.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

namespace {

constexpr uint16_t kPort = 9;
constexpr int kLines = 6;                 // testudo/ssh-bruteforce holds five
constexpr int64_t kGiveUp = 200'000'000;  // ns without a drop: this attacker was missed
constexpr int64_t kGap = 4'000;           // ns between packets, if the machine can
constexpr size_t kLostBeforeDone = 40;    // packets in a row that did not arrive

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

int64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

void enter(const std::string& net) {
  const int fd = open(net.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setns(fd, CLONE_NEWNET) != 0) die(net);
  close(fd);
}

uint16_t checksum(const void* data, size_t size) {
  const auto* words = static_cast<const uint16_t*>(data);
  uint32_t sum = 0;
  for (size_t i = 0; i < size / 2; ++i) sum += words[i];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return uint16_t(~sum);
}

struct Packet {
  iphdr ip;
  udphdr udp;
  uint32_t attacker, number;
};

class Cable {
 public:
  Cable(const std::string& guard_net, const std::string& attack_net) {
    enter(guard_net);
    receive_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(kPort);
    if (receive_ < 0 || bind(receive_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) die("receiver");
    const int room = 8 << 20;
    setsockopt(receive_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    enter(attack_net);
    send_ = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    if (send_ < 0) die("raw socket");
  }

  /// Sends packet `number` as `source` (host order); false when the queue was full.
  bool send(uint32_t source, uint32_t number) {
    Packet p{};
    p.ip.version = 4;
    p.ip.ihl = 5;
    p.ip.tot_len = htons(sizeof p);
    p.ip.ttl = 64;
    p.ip.protocol = IPPROTO_UDP;
    p.ip.saddr = htonl(source);
    p.ip.daddr = htonl(kGuard);
    p.ip.check = checksum(&p.ip, sizeof p.ip);
    p.udp.source = htons(40000);
    p.udp.dest = htons(kPort);
    p.udp.len = htons(sizeof p - sizeof p.ip);  // checksum 0: none
    p.attacker = source;
    p.number = number;
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(kGuard);
    return sendto(send_, &p, sizeof p, 0, reinterpret_cast<sockaddr*>(&to), sizeof to) == ssize_t(sizeof p);
  }

  /// Marks in `arrived` what has come from `source`; packets of others are leftovers.
  void drain(uint32_t source, std::vector<char>& arrived) {
    uint32_t got[2];
    while (recv(receive_, got, sizeof got, 0) == ssize_t(sizeof got))
      if (got[0] == source && got[1] < arrived.size()) arrived[got[1]] = 1;
  }

 private:
  static constexpr uint32_t kGuard = 0xc6120001;  // 198.18.0.1
  int receive_ = -1, send_ = -1;
};

std::string line_for(uint32_t source, int count) {
  in_addr a{htonl(source)};
  char ip[INET_ADDRSTRLEN], stamp[32];
  inet_ntop(AF_INET, &a, ip, sizeof ip);
  const time_t now = time(nullptr);
  tm parts{};
  gmtime_r(&now, &parts);
  strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S+00:00", &parts);
  return std::string(stamp) + " guarded sshd[" + std::to_string(1000 + count) +
         "]: Failed password for root from " + ip + " port 40000 ssh2\n";
}

void append(int log, const std::string& text) {
  if (write(log, text.data(), text.size()) != ssize_t(text.size())) die("log");
}

/// Nanoseconds from the last line to the first lost packet, or -1.
int64_t attack_once(Cable& cable, int log, uint32_t source) {
  for (int i = 1; i < kLines; ++i) append(log, line_for(source, i));
  usleep(3000);  // these are read and the daemon sleeps again, as it does when an attacker comes

  std::vector<int64_t> sent;
  std::vector<char> arrived;
  const std::string last = line_for(source, kLines);
  const int64_t t0 = now_ns();
  append(log, last);
  size_t newest = 0;  // one behind the newest that arrived
  while (true) {
    const int64_t at = now_ns();
    if (at - t0 > kGiveUp) return -1;
    if (cable.send(source, uint32_t(sent.size()))) {
      sent.push_back(at);
      arrived.push_back(0);
    }
    cable.drain(source, arrived);
    while (newest < arrived.size() && arrived[newest]) ++newest;
    if (sent.size() - newest > kLostBeforeDone) {
      // Late is not lost: whatever is still under way has a millisecond.
      usleep(1000);
      cable.drain(source, arrived);
      const auto lost = std::find(arrived.begin(), arrived.end(), 0);
      if (std::find(lost, arrived.end(), 1) == arrived.end())
        return sent[size_t(lost - arrived.begin())] - t0;
      newest = arrived.size();  // a gap with arrivals behind it: a full queue, not a ban
    }
    while (now_ns() - at < kGap) {
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::string guard, attack, path;
  uint32_t bans = 1000;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string key = argv[i];
    if (key == "--guard") guard = argv[i + 1];
    if (key == "--attack") attack = argv[i + 1];
    if (key == "--log") path = argv[i + 1];
    if (key == "--bans") bans = uint32_t(std::strtoul(argv[i + 1], nullptr, 10));
  }
  if (guard.empty() || attack.empty() || path.empty() || bans == 0 || bans > 60000) {
    std::fprintf(stderr, "usage: bench_reaction --guard NETNS --attack NETNS --log FILE [--bans N]\n");
    return 2;
  }
  const int log = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (log < 0) die(path);
  // The last core for the attacker, the others for the daemon: two machines would not share one either.
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(int(sysconf(_SC_NPROCESSORS_ONLN)) - 1, &cpus);
  sched_setaffinity(0, sizeof cpus, &cpus);

  Cable cable(guard, attack);
  std::vector<double> took;
  for (uint32_t i = 0; i < bans; ++i) {
    const int64_t ns = attack_once(cable, log, 0xc6130001 + (i / 250) * 256 + i % 250);  // 198.19.x.y
    if (ns >= 0) took.push_back(double(ns) / 1000);
  }
  std::sort(took.begin(), took.end());
  const auto at = [&](double share) {
    return took.empty() ? 0 : took[std::min(took.size() - 1, size_t(share * double(took.size())))];
  };
  std::printf(
      "{\"bans\": %u, \"dropped\": %zu, \"min_us\": %.1f, \"median_us\": %.1f, \"p99_us\": %.1f, \"max_us\": "
      "%.1f}\n",
      bans, took.size(), at(0), at(0.5), at(0.99), at(1));
  return took.empty() ? 1 : 0;
}
