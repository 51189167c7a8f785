// The wire witness in a real kernel: real handshakes between two namespaces.
#include "xdp/witness.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "bpf/witness.h"
#include "sandbox.h"
#include "xdp/witness_cgroup.h"

namespace testudo::test {
namespace {

constexpr uint16_t kPort = 2222;

struct Address {
  sockaddr_storage at{};
  socklen_t size = 0;
};
Address address_of(const std::string& text, uint16_t port) {
  Address out;
  const Ip ip = *Ip::parse(text);
  if (ip.is_v4()) {
    auto& in = reinterpret_cast<sockaddr_in&>(out.at);
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, ip.bytes.data(), 4);
    out.size = sizeof in;
  } else {
    auto& in = reinterpret_cast<sockaddr_in6&>(out.at);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    std::memcpy(&in.sin6_addr, ip.bytes.data(), 16);
    out.size = sizeof in;
  }
  return out;
}

Fd tcp_socket(const std::string& name_space, const std::string& address, uint16_t port) {
  const Inside inside(name_space);
  const Address at = address_of(address, port);
  Fd fd(::socket(at.at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at.at), at.size) != 0)
    throw std::runtime_error("cannot bind " + address);
  return fd;
}

/// Both ends of one connection.
struct Connection {
  Fd client, server;
};

class WitnessTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_not_here(); !why.empty()) GTEST_SKIP() << why;
    net = std::make_unique<Sandbox>();
  }
  xdp::WitnessOptions options(uint32_t entries = 65536) const { return {net->pin(), entries}; }
  void open(uint32_t entries = 65536) {
    witness.reset();
    auto opened = xdp::Witness::open(options(entries));
    ASSERT_TRUE(opened) << opened.error().text();
    witness = std::make_unique<xdp::Witness>(std::move(*opened));
  }
  Connection connect(const std::string& from, const std::string& to, const std::string& listen_on = "") {
    const Fd listener = tcp_socket(net->server(), listen_on.empty() ? to : listen_on, kPort);
    EXPECT_EQ(::listen(listener.get(), 16), 0);
    Connection out;
    out.client = tcp_socket(net->client(), from, 0);
    const Address server = address_of(to, kPort);
    EXPECT_EQ(::connect(out.client.get(), reinterpret_cast<const sockaddr*>(&server.at), server.size), 0)
        << std::strerror(errno);
    out.server.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    EXPECT_TRUE(bool(out.server));
    return out;
  }
  std::optional<xdp::Sighting> seen(const std::string& address) const {
    return witness->seen(*Ip::parse(address));
  }
  /// The end of a connection is noted when the last packet has come back.
  bool closes(const std::string& address) const {
    for (int i = 0; i < 500; ++i) {
      const auto sighting = seen(address);
      if (sighting && !sighting->open) return true;
      ::usleep(2000);
    }
    return false;
  }

  std::unique_ptr<Sandbox> net;
  std::unique_ptr<xdp::Witness> witness;
};

TEST_F(WitnessTest, SeesWhoCompletesAHandshakeAndNobodyElse) {
  open();
  EXPECT_FALSE(seen("192.0.2.2"));
  const TimePoint before = now() - 2s;
  const Connection connection = connect("192.0.2.2", "192.0.2.1");
  const auto sighting = seen("192.0.2.2");
  ASSERT_TRUE(sighting);
  EXPECT_TRUE(sighting->open);
  EXPECT_EQ(sighting->port, kPort);
  EXPECT_GE(sighting->at, before);
  EXPECT_FALSE(seen("192.0.2.3"));
  EXPECT_FALSE(seen("192.0.2.1")) << "the server's own address: its connection was accepted elsewhere";
}

TEST_F(WitnessTest, IPv6IsKnownByItsNetwork) {
  open();
  const Connection connection = connect("2001:db8::2", "2001:db8::1");
  EXPECT_TRUE(seen("2001:db8::2"));
  EXPECT_TRUE(seen("2001:db8::ffff:7"));
  EXPECT_FALSE(seen("2001:db8:0:1::2"));
}

TEST_F(WitnessTest, IPv4OnASocketOfBothFamiliesIsIPv4) {
  open();
  const Connection connection = connect("192.0.2.4", "192.0.2.1", "::");
  EXPECT_TRUE(seen("192.0.2.4"));
  EXPECT_FALSE(seen("::ffff:192.0.2.4"));
}

TEST_F(WitnessTest, KnowsWhetherAConnectionIsOpenAndWhenItEnded) {
  open();
  Connection first = connect("192.0.2.5", "192.0.2.1"), second = connect("192.0.2.5", "192.0.2.1");
  first = {};
  ::usleep(20'000);
  ASSERT_TRUE(seen("192.0.2.5"));
  EXPECT_TRUE(seen("192.0.2.5")->open) << "the second one";
  second.server.reset();
  second.client.reset();
  EXPECT_TRUE(closes("192.0.2.5"));
  EXPECT_LE(now() - seen("192.0.2.5")->at, 5s);
}

uint16_t checksum(const std::vector<uint8_t>& bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 2) sum += uint32_t(bytes[i] << 8 | bytes[i + 1]);
  sum = (sum >> 16) + (sum & 0xffff);
  return uint16_t(~(sum + (sum >> 16)));
}

/// A SYN whose sender has not the address that it names.
void spoof_syn(const std::string& client_namespace, const Ip& from, const Ip& to, uint16_t port) {
  std::vector<uint8_t> tcp(20), pseudo(from.bytes.begin(), from.bytes.begin() + 4);
  tcp[0] = 0x9c, tcp[1] = 0x40;  // port 40000
  tcp[2] = uint8_t(port >> 8), tcp[3] = uint8_t(port);
  tcp[7] = 1;  // sequence number
  tcp[12] = 5 << 4, tcp[13] = TH_SYN, tcp[14] = 0xff;
  pseudo.insert(pseudo.end(), to.bytes.begin(), to.bytes.begin() + 4);
  pseudo.insert(pseudo.end(), {0, IPPROTO_TCP, 0, 20});
  pseudo.insert(pseudo.end(), tcp.begin(), tcp.end());
  const uint16_t sum = checksum(pseudo);
  tcp[16] = uint8_t(sum >> 8), tcp[17] = uint8_t(sum);
  std::vector<uint8_t> packet(20);
  packet[0] = 0x45, packet[3] = 40, packet[8] = 64, packet[9] = IPPROTO_TCP;
  std::copy_n(from.bytes.begin(), 4, packet.begin() + 12);
  std::copy_n(to.bytes.begin(), 4, packet.begin() + 16);
  packet.insert(packet.end(), tcp.begin(), tcp.end());
  const Inside inside(client_namespace);
  const Fd raw(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));  // the kernel sums up the IP header
  const Address target = address_of(to.text(), 0);
  ASSERT_EQ(::sendto(raw.get(), packet.data(), packet.size(), 0,
                     reinterpret_cast<const sockaddr*>(&target.at), target.size),
            ssize_t(packet.size()));
}

// Three packets make a handshake; the first is anybody's.
TEST_F(WitnessTest, ASynFromASpoofedAddressIsNoHandshake) {
  open();
  const Fd listener = tcp_socket(net->server(), "192.0.2.1", kPort);
  ASSERT_EQ(::listen(listener.get(), 16), 0);
  spoof_syn(net->client(), *Ip::parse("192.0.2.77"), *Ip::parse("192.0.2.1"), kPort);
  const Inside inside(net->server());
  bool half_open = false;
  for (int i = 0; i < 100 && !half_open; ++i) {
    std::ifstream sockets("/proc/thread-self/net/tcp");
    for (std::string line; std::getline(sockets, line);)
      half_open = half_open || line.find(" 4D0200C0:9C40 03 ") != std::string::npos;
    ::usleep(2000);
  }
  EXPECT_TRUE(half_open) << "the server took the SYN";
  EXPECT_FALSE(seen("192.0.2.77"));
}

TEST_F(WitnessTest, ARestartedDaemonKnowsWhoCameMeanwhile) {
  open();
  const TimePoint since = witness->since();
  (void)connect("192.0.2.2", "192.0.2.1");
  witness.reset();
  (void)connect("192.0.2.3", "192.0.2.1");
  open();
  EXPECT_TRUE(seen("192.0.2.2"));
  EXPECT_TRUE(seen("192.0.2.3"));
  EXPECT_LE(std::chrono::abs(witness->since() - since), 1s);
  const auto counts = xdp::witness_pinned(net->pin());
  ASSERT_TRUE(counts) << counts.error().text();
  EXPECT_EQ(counts->addresses4, 2u);
  EXPECT_EQ(counts->room, 65536u);
}

TEST_F(WitnessTest, AnotherSizeForgetsNobody) {
  open();
  const TimePoint since = witness->since();
  (void)connect("192.0.2.2", "192.0.2.1");
  open(131072);
  EXPECT_TRUE(seen("192.0.2.2"));
  EXPECT_EQ(witness->counts().room, 131072u);
  EXPECT_LE(std::chrono::abs(witness->since() - since), 1s);
  (void)connect("192.0.2.3", "192.0.2.1");
  EXPECT_TRUE(seen("192.0.2.3"));
}

TEST_F(WitnessTest, RemovedNothingOfItIsLeft) {
  open();
  (void)connect("192.0.2.2", "192.0.2.1");
  witness.reset();
  ASSERT_TRUE(remove_pinned(net->pin()).ok());
  EXPECT_FALSE(file_exists(net->pin()));
  EXPECT_EQ(xdp::witness_pinned(net->pin()).error().code, Code::not_found);
  open();
  EXPECT_FALSE(seen("192.0.2.2")) << "it began anew";
  EXPECT_LE(now() - witness->since(), 5s);
}

TEST_F(WitnessTest, WithoutABpfFileSystemItLastsAsLongAsTheProcess) {
  auto opened = xdp::Witness::open({"/tmp/testudo-no-bpffs", 1024});
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_FALSE(opened->pinned());
  (void)connect("192.0.2.6", "192.0.2.1");
  EXPECT_TRUE(opened->seen(*Ip::parse("192.0.2.6")));
}

TEST_F(WitnessTest, SaysWhenSoManyCameThatItMayHaveForgotten) {
  open(1024);
  EXPECT_FALSE(witness->overrun(Family::v4, 10min));
  // As the program counts them: the pace of this very slice.
  auto pace = xdp::Map::open(net->pin() + "/witness1/" TESTUDO_MAP_WITNESS_PACE, "pace");
  ASSERT_TRUE(pace);
  const auto slice = uint32_t(boottime_ns() / 1'000'000'000 / TESTUDO_WITNESS_PACE_S);
  const uint32_t row = testudo_witness_pace_row(slice, 0);
  const witness_pace many{slice, 512};
  ASSERT_EQ(pace->put(&row, &many), 0);
  EXPECT_TRUE(witness->overrun(Family::v4, 10min));
  EXPECT_FALSE(witness->overrun(Family::v6, 10min));
  const witness_pace old{slice - TESTUDO_WITNESS_SLICES, 512};
  ASSERT_EQ(pace->put(&row, &old), 0);
  EXPECT_FALSE(witness->overrun(Family::v4, 10min));
}

TEST_F(WitnessTest, CountsEachNewAddressOnce) {
  open();
  (void)connect("192.0.2.2", "192.0.2.1");
  (void)connect("192.0.2.2", "192.0.2.1");
  (void)connect("192.0.2.3", "192.0.2.1");
  auto pace = xdp::Map::open(net->pin() + "/witness1/" TESTUDO_MAP_WITNESS_PACE, "pace");
  ASSERT_TRUE(pace);
  uint32_t fresh = 0;
  ASSERT_TRUE(pace->for_each(
      [&](const void*, const void* value) { fresh += static_cast<const witness_pace*>(value)->fresh; }));
  EXPECT_EQ(fresh, 2u);
}

enum class Outcome { opened, refused, other, no_child };

/// Opens a witness as nobody, with these capabilities alone.
Outcome as_nobody(const std::vector<int>& capabilities) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_KEEPCAPS, 1);
    if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) ::_exit(3);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2] = {};
    for (const int c : capabilities) {
      data[c / 32].permitted |= 1u << (c % 32);
      data[c / 32].effective |= 1u << (c % 32);
    }
    if (::syscall(SYS_capset, &header, data) != 0) ::_exit(3);
    const auto witness = xdp::Witness::open({"/tmp/testudo-no-bpffs", 1024});
    ::_exit(witness ? 0 : witness.error().code == Code::permission ? 1 : 2);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) <= 2 ? Outcome(WEXITSTATUS(status)) : Outcome::no_child;
}

TEST_F(WitnessTest, NeedsTwoCapabilitiesAndSaysWhenItHasThemNot) {
  EXPECT_EQ(as_nobody({CAP_BPF, CAP_NET_ADMIN}), Outcome::opened);
  EXPECT_EQ(as_nobody({CAP_BPF}), Outcome::refused);
  EXPECT_EQ(as_nobody({CAP_NET_ADMIN}), Outcome::refused);
  EXPECT_EQ(as_nobody({}), Outcome::refused);
}

struct MountCase {
  const char* sentence;
  const char* mountinfo;
  const char* path;
};
const MountCase mount_cases[] = {
    {"the unified hierarchy", "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n",
     "/sys/fs/cgroup"},
    {"beside version 1",
     "31 24 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
     "32 24 0:28 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw\n",
     "/sys/fs/cgroup/unified"},
    {"the whole before a part",
     "33 24 0:28 /system.slice /mnt/part rw - cgroup2 none rw\n34 24 0:28 / /mnt/a\\040b rw - cgroup2 none "
     "rw\n",
     "/mnt/a b"},
    {"none", "31 24 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n- cgroup2\n", ""},
};

TEST(WitnessCgroup, IsFoundAmongTheMounts) {
  for (const MountCase& c : mount_cases) EXPECT_EQ(xdp::cgroup2_mount(c.mountinfo), c.path) << c.sentence;
}

}  // namespace
}  // namespace testudo::test
