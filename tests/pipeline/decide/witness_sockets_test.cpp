// Who is connected to this host, as the kernel's list of sockets says.
#include "decide/witness_sockets.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/files.h"

namespace testudo {
namespace {

constexpr uint32_t kHere = 0x7f4d0001;    // 127.77.0.1
constexpr uint32_t kClient = 0x7f4d0002;  // 127.77.0.2

Fd bound(int type, uint32_t address, uint16_t& port) {
  Fd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(address);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  socklen_t size = sizeof at;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size);
  port = ntohs(at.sin_port);
  return fd;
}

bool connected(uint32_t address) {
  const auto peers = connected_peers();
  EXPECT_TRUE(peers) << peers.error().text();
  return peers && std::binary_search(peers->begin(), peers->end(), Ip::v4(address));
}

TEST(ConnectedPeers, AreThoseOfAcceptedConnectionsWhileTheyAreOpen) {
  uint16_t port = 0, from = 0;
  const Fd listener = bound(SOCK_STREAM, kHere, port);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  EXPECT_FALSE(connected(kClient));
  Fd client = bound(SOCK_STREAM, kClient, from);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(kHere);
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  EXPECT_TRUE(connected(kClient));
  EXPECT_FALSE(connected(kHere)) << "the other end: a connection that this host opened";
  Fd accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const linger at_once{1, 0};
  ::setsockopt(accepted.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  accepted.reset();
  client.reset();
  EXPECT_FALSE(connected(kClient));
}

TEST(UdpPorts, AreThoseThatAnybodyMayWriteTo) {
  uint16_t port = 0;
  const Fd fd = bound(SOCK_DGRAM, kHere, port);
  const auto ports = udp_ports();
  ASSERT_TRUE(ports) << ports.error().text();
  EXPECT_TRUE(ports->contains(port));
}

}  // namespace
}  // namespace testudo
