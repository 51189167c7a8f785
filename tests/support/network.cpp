#include "support/network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

#include "support/daemon.h"

namespace testudo::life {
namespace {

Fd current_namespace() { return Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)); }

Fd new_namespace() {
  Fd made;
  std::thread([&] {
    if (::unshare(CLONE_NEWNET) == 0) made = current_namespace();
  }).join();
  if (!made) throw std::runtime_error("cannot make a network namespace");
  return made;
}

sockaddr_in address_of(const std::string& text, uint16_t port = 0) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  if (::inet_pton(AF_INET, text.c_str(), &out.sin_addr) != 1) throw std::runtime_error("no address: " + text);
  return out;
}

Fd bound_socket(const Fd& where, const std::string& address) {
  const InNamespace inside(where);
  Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_in at = address_of(address);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
    throw std::runtime_error("cannot bind " + address);
  return fd;
}

/// A receiver in the guarded namespace, and senders that know where it listens.
class Wire {
 public:
  explicit Wire(Network& network)
      : network_(network), receiver_(bound_socket(network.guarded(), Network::kGuarded)) {
    const int room = 8 << 20;
    ::setsockopt(receiver_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    socklen_t size = sizeof to_;
    ::getsockname(receiver_.get(), reinterpret_cast<sockaddr*>(&to_), &size);
  }
  Fd sender(const std::string& from) { return bound_socket(network_.attacker(), from); }
  void send(const Fd& sender) {
    const int64_t at = monotonic_ns();
    ::sendto(sender.get(), &at, sizeof at, 0, reinterpret_cast<const sockaddr*>(&to_), sizeof to_);
  }
  /// Takes what has arrived from `from`.
  void take(const std::string& from, int& received, int64_t& last_sent_at, bool* others = nullptr) {
    const sockaddr_in wanted = address_of(from);
    for (;;) {
      int64_t at = 0;
      sockaddr_in source{};
      socklen_t size = sizeof source;
      if (::recvfrom(receiver_.get(), &at, sizeof at, 0, reinterpret_cast<sockaddr*>(&source), &size) <= 0)
        return;
      if (source.sin_addr.s_addr == wanted.sin_addr.s_addr) {
        ++received;
        last_sent_at = at;
      } else if (others) {
        *others = true;
      }
    }
  }
  /// Everything that was sent before has arrived, or never will.
  void settle(const std::string& from, int& received, int64_t& last_sent_at) {
    const Fd innocent = sender(Network::kInnocent);
    bool arrived = false;
    // Sent anew for a while: without a cable, or before the neighbour's address is known, it may be lost.
    for (int i = 0; i < 50 && !arrived; ++i) {
      send(innocent);
      pollfd wait{receiver_.get(), POLLIN, 0};
      ::poll(&wait, 1, 20);
      take(from, received, last_sent_at, &arrived);
    }
  }

 private:
  Network& network_;
  Fd receiver_;
  sockaddr_in to_{};
};

void must(const Fd& where, const std::vector<std::string>& command) {
  const Ran ran = run(command, where.get());
  if (ran.status != 0) throw std::runtime_error("'" + command[0] + " " + command[1] + "': " + ran.err);
}

}  // namespace

InNamespace::InNamespace(const Fd& fd) : home_(current_namespace()) {
  if (::setns(fd.get(), CLONE_NEWNET) != 0) throw std::runtime_error("cannot enter a network namespace");
}
InNamespace::~InNamespace() {
  if (::setns(home_.get(), CLONE_NEWNET) != 0) std::abort();
}

Network::Network() : guarded_(new_namespace()), attacker_(new_namespace()) {
  must(guarded_, {"ip", "link", "set", "lo", "up"});
  plug();
}

void Network::plug() {
  const std::string far = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(attacker_.get());
  must(guarded_, {"ip", "link", "add", "guard0", "type", "veth", "peer", "name", "attack0", "netns", far});
  must(guarded_, {"ip", "addr", "add", std::string(kGuarded) + "/24", "dev", "guard0"});
  for (const char* address : {kAttacker, kSecond, kThird, kInnocent})
    must(attacker_, {"ip", "addr", "add", std::string(address) + "/24", "dev", "attack0"});
  must(guarded_, {"ip", "link", "set", "guard0", "up"});
  must(attacker_, {"ip", "link", "set", "attack0", "up"});
}

void Network::unplug() { must(guarded_, {"ip", "link", "del", "guard0"}); }

int Network::delivered(const std::string& from, int count) {
  Wire wire(*this);
  const Fd sender = wire.sender(from);
  for (int i = 0; i < count; ++i) wire.send(sender);
  int received = 0;
  int64_t last = 0;
  wire.settle(from, received, last);
  return received;
}

Stream::Stream(Network& network, const std::string& from) {
  thread_ = std::thread([this, &network, from] {
    Wire wire(network);
    const Fd sender = wire.sender(from);
    while (!stop_) {
      wire.send(sender);
      ++seen_.sent;
      wire.take(from, seen_.received, seen_.last_received_ns);
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    wire.settle(from, seen_.received, seen_.last_received_ns);
  });
}

Stream::Seen Stream::stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
  return seen_;
}

}  // namespace testudo::life
