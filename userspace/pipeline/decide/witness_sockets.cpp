#include "decide/witness_sockets.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <mutex>

#include "base/files.h"
#include "base/log.h"
#include "decide/witness.h"

namespace testudo {
namespace {

constexpr size_t kMostPeers = 1'000'000;
constexpr uint32_t state(int number) { return 1u << number; }
// Behind a handshake in any case; SYN_RECV and TIME_WAIT are not: the latter is told by the kernel's map.
constexpr uint32_t kConnected = state(TCP_ESTABLISHED) | state(TCP_FIN_WAIT1) | state(TCP_FIN_WAIT2) |
                                state(TCP_CLOSE_WAIT) | state(TCP_LAST_ACK) | state(TCP_CLOSING);

/// Sockets of one family and protocol in `states`, each to `visit`.
Result<void> dump(int family, int protocol, uint32_t states,
                  const std::function<void(const inet_diag_msg&)>& visit) {
  const Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!fd) return errno_error("cannot ask the kernel for its sockets", errno);
  const timeval patience{2, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  struct {
    nlmsghdr header;
    inet_diag_req_v2 request;
  } ask{};
  ask.header.nlmsg_len = sizeof ask;
  ask.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  ask.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  ask.request.sdiag_family = uint8_t(family);
  ask.request.sdiag_protocol = uint8_t(protocol);
  ask.request.idiag_states = states;
  if (::send(fd.get(), &ask, sizeof ask, 0) != ssize_t(sizeof ask))
    return errno_error("cannot ask the kernel for its sockets", errno);
  static thread_local std::array<nlmsghdr, 4096> buffer;  // 64 KiB, aligned
  for (;;) {
    const ssize_t got = ::recv(fd.get(), buffer.data(), sizeof buffer, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return errno_error("the kernel does not tell its sockets", got < 0 ? errno : EPIPE);
    auto left = uint32_t(got);
    for (nlmsghdr* h = buffer.data(); NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
      if (h->nlmsg_type == NLMSG_DONE) return {};
      if (h->nlmsg_type == NLMSG_ERROR) {
        nlmsgerr error{};
        std::memcpy(&error, NLMSG_DATA(h), std::min<size_t>(sizeof error, h->nlmsg_len - NLMSG_HDRLEN));
        return errno_error("the kernel does not tell its sockets", -error.error);
      }
      inet_diag_msg message;
      if (h->nlmsg_len < NLMSG_LENGTH(sizeof message)) continue;
      std::memcpy(&message, NLMSG_DATA(h), sizeof message);
      visit(message);
    }
  }
}

Ip peer_of(const inet_diag_msg& message) {
  return (message.idiag_family == AF_INET ? Ip::v4_bytes(message.id.idiag_dst)
                                          : Ip::v6_bytes(message.id.idiag_dst))
      .unmapped();
}

/// Asks at most so often: a dump walks all sockets, and forged lines must not make it a habit.
constexpr int64_t kAskEvery = 10'000'000'000, kPortsEvery = 60'000'000'000;

class SocketWitness final : public WitnessSource {
 public:
  std::string_view name() const override { return "sockets"; }
  std::optional<TimePoint> seen(const Ip& address) override {
    const std::lock_guard lock(mutex_);
    if (asked_ns_ == 0 || monotonic_ns() - asked_ns_ > kAskEvery) {
      auto peers = connected_peers();
      if (!peers && !said_) log::warn("witness.sockets", {{"what", peers.error().text()}});
      said_ = !peers;
      peers_ = peers ? std::move(*peers) : std::vector<Ip>();
      asked_ = now();
      asked_ns_ = monotonic_ns();
    }
    if (!std::binary_search(peers_.begin(), peers_.end(), address)) return std::nullopt;
    return asked_;
  }

 private:
  std::mutex mutex_;
  std::vector<Ip> peers_;
  TimePoint asked_{};
  int64_t asked_ns_ = 0;
  bool said_ = false;
};

}  // namespace

Result<std::vector<Ip>> connected_peers() {
  std::set<uint16_t> listening;
  std::vector<Ip> peers;
  for (const int family : {AF_INET, AF_INET6})
    TESTUDO_CHECK(dump(family, IPPROTO_TCP, state(TCP_LISTEN),
                       [&](const inet_diag_msg& m) { listening.insert(ntohs(m.id.idiag_sport)); }));
  for (const int family : {AF_INET, AF_INET6})
    TESTUDO_CHECK(dump(family, IPPROTO_TCP, kConnected, [&](const inet_diag_msg& m) {
      if (peers.size() < kMostPeers && listening.contains(ntohs(m.id.idiag_sport)))
        peers.push_back(peer_of(m));
    }));
  std::sort(peers.begin(), peers.end());
  peers.erase(std::unique(peers.begin(), peers.end()), peers.end());
  return peers;
}

Result<std::set<uint16_t>> udp_ports() {
  std::set<uint16_t> ports;
  for (const int family : {AF_INET, AF_INET6})
    TESTUDO_CHECK(dump(family, IPPROTO_UDP, state(TCP_CLOSE),
                       [&](const inet_diag_msg& m) { ports.insert(ntohs(m.id.idiag_sport)); }));
  return ports;
}

std::shared_ptr<WitnessSource> socket_witness() { return std::make_shared<SocketWitness>(); }

bool serves_quic() {
  static std::mutex mutex;
  static int64_t asked_ns = 0;
  static bool answer = false;
  const std::lock_guard lock(mutex);
  if (asked_ns != 0 && monotonic_ns() - asked_ns < kPortsEvery) return answer;
  const auto ports = udp_ports();
  // Who cannot be asked is thought to serve it: a doubt must not disarm.
  answer = !ports || ports->contains(443) || ports->contains(8443);
  asked_ns = monotonic_ns();
  return answer;
}

}  // namespace testudo
