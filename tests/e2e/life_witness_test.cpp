// A log line is no witness, a handshake is: real programs, real connections, forged lines.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include "bpf/witness.h"
#include "support/daemon.h"
#include "xdp/map.h"

namespace testudo::life {
namespace {

constexpr auto kAttacker = Network::kAttacker;
constexpr auto kSecond = Network::kSecond;
constexpr uint16_t kPort = 2222;

Fd tcp_socket(const Fd& where, const std::string& address, uint16_t port) {
  const InNamespace inside(where);
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  ::inet_pton(AF_INET, address.c_str(), &at.sin_addr);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
    throw std::runtime_error("cannot bind " + address);
  return fd;
}

/// Connects to the guarded machine from an address of the attacker's and hangs up.
void connect_from(const Network& net, const std::string& address) {
  const Fd listener = tcp_socket(net.guarded(), Network::kGuarded, kPort);
  ASSERT_EQ(::listen(listener.get(), 4), 0);
  const Fd client = tcp_socket(net.attacker(), address, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(kPort);
  ::inet_pton(AF_INET, Network::kGuarded, &to.sin_addr);
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  const Fd accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  ASSERT_TRUE(bool(accepted));
}

/// What sshd of this very machine would write, `times` times.
std::string sshd_lines(const std::string& user, const std::string& address, int times = 7,
                       const std::string& machine = "") {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  const time_t at = ::time(nullptr);
  tm local{};
  ::localtime_r(&at, &local);
  char stamp[32];
  std::strftime(stamp, sizeof stamp, "%b %e %H:%M:%S", &local);
  std::string lines;
  for (int i = 0; i < times; ++i)
    lines += std::string(stamp) + " " + (machine.empty() ? host : machine) + " sshd[" +
             std::to_string(2100 + i) + "]: Failed password for " + user + " from " + address + " port " +
             std::to_string(40000 + i) + " ssh2\n";
  return lines;
}

class LifeOfAWitness : public testing::Test {
 protected:
  void SetUp() override { TESTUDO_NEED_DAEMON(); }
  void start(const std::string& witness = "{window: 1m}") {
    machine.plan.extra = "decide: {witness: " + witness + "}\n";
    machine.configure();
    daemon = std::make_unique<Daemon>(machine);
    ASSERT_TRUE(daemon->ready());
  }
  /// As if the witness had been attached since the machine was started: a new one is no judge.
  void grow_old() const {
    auto meta = xdp::Map::open(machine.path("bpf") + "/testudo/witness1/" TESTUDO_MAP_WITNESS_META, "meta");
    ASSERT_TRUE(meta) << meta.error().text();
    const uint32_t zero = 0;
    witness_meta value{};
    ASSERT_EQ(meta->get(&zero, &value), 0);
    value.attached_s = 0;
    ASSERT_EQ(meta->put(&zero, &value), 0);
  }
  bool answered(const std::string& answer, double times = 1) const {
    return eventually([&] { return machine.metric("testudo_witness_total", answer) == times; });
  }

  Machine machine;
  std::unique_ptr<Daemon> daemon;
};

TEST_F(LifeOfAWitness, WhoConnectedIsBannedAndWhomALogOnlyNamesIsNot) {
  start();
  grow_old();
  connect_from(machine.net, kAttacker);
  machine.append(sshd_lines("root", kAttacker));
  EXPECT_TRUE(eventually([&] { return machine.net.delivered(kAttacker) == 0; }));
  // Anybody who may write into a log, or whose words are written there.
  machine.append(sshd_lines("root", kSecond));
  EXPECT_TRUE(answered("absent"));
  EXPECT_EQ(machine.net.delivered(kSecond), 5);
  EXPECT_EQ(machine.metric("testudo_witness_total", "seen"), 1);
  const Ran why = machine.cli({"why", kSecond});
  EXPECT_NE(why.out.find("no witness on the wire"), std::string::npos) << why.all();
  EXPECT_NE(why.out.find("`witness: off`"), std::string::npos) << why.all();
  EXPECT_NE(why.out.find("completed no handshake"), std::string::npos) << why.all();
  EXPECT_NE(machine.cli({"why", kAttacker}).out.find("completed a handshake with port 2222"),
            std::string::npos);
  const Ran status = machine.cli({"status"});
  EXPECT_EQ(status.status, 0) << "protected all the same";
  EXPECT_NE(status.out.find("wire witness: on"), std::string::npos) << status.all();
  EXPECT_NE(status.out.find("1 ban was not enforced"), std::string::npos) << status.all();
  EXPECT_TRUE(daemon->says("decision.no_witness"));
}

TEST_F(LifeOfAWitness, ARestartForgetsNobody) {
  start();
  grow_old();
  connect_from(machine.net, kAttacker);
  daemon->stop();
  connect_from(machine.net, kSecond);
  daemon = std::make_unique<Daemon>(machine);
  ASSERT_TRUE(daemon->ready());
  machine.append(sshd_lines("root", kAttacker) + sshd_lines("root", kSecond) +
                 sshd_lines("root", Network::kThird));
  EXPECT_TRUE(answered("seen", 2));
  EXPECT_TRUE(answered("absent", 1));
}

TEST_F(LifeOfAWitness, InItsFirstMinutesItKeepsNobodyFromBeingBanned) {
  start();
  machine.append(sshd_lines("root", kAttacker));
  EXPECT_TRUE(eventually([&] { return machine.net.delivered(kAttacker) == 0; }));
  EXPECT_EQ(machine.metric("testudo_witness_total", "unknown"), 1);
}

TEST_F(LifeOfAWitness, LinesOfAnotherMachineNeedNone) {
  start();
  grow_old();
  machine.append(sshd_lines("root", kAttacker, 7, "some-other-machine"));
  EXPECT_TRUE(eventually([&] { return machine.net.delivered(kAttacker) == 0; }));
  EXPECT_EQ(machine.metric("testudo_witness_total", "off"), 1);
}

TEST_F(LifeOfAWitness, SwitchedOffItLeavesTheKernel) {
  start();
  grow_old();
  daemon->stop();
  start("{mode: off}");
  EXPECT_FALSE(file_exists(machine.path("bpf") + "/testudo/witness1"));
  machine.append(sshd_lines("root", kAttacker));
  EXPECT_TRUE(eventually([&] { return machine.net.delivered(kAttacker) == 0; }));
  const Ran status = machine.cli({"status"});
  EXPECT_NE(status.out.find("wire witness: off (decide.witness.mode is off)"), std::string::npos)
      << status.all();
}

// A parser that finds its words anywhere in the line, as many of the hub's do.
constexpr const char* kLooseParser =
    "name: test/loose-sshd\ndescription: unanchored\nonsuccess: next_stage\nfilter: evt.Parsed.program == "
    "'sshd'\n"
    "grok:\n  apply_on: message\n"
    "  pattern: 'Failed password for .* from %{IP:source_ip}'\n"
    "statics:\n  - {meta: service, value: ssh}\n  - {meta: log_type, value: ssh_failed-auth}\n"
    "  - {meta: source_ip, expression: evt.Parsed.source_ip}\n";
constexpr const char* kLooseScenario =
    "type: leaky\nname: test/loose-bf\ndescription: d\nfilter: evt.Meta.log_type == 'ssh_failed-auth'\n"
    "groupby: evt.Meta.source_ip\ncapacity: 5\nleakspeed: 10s\nlabels: {remediation: true}\n";

TEST_F(LifeOfAWitness, OfTheTwoAddressesInALineTheOneThatConnectedIsBanned) {
  namespace fs = std::filesystem;
  const std::string content = machine.path("content"),
                    shipped = TESTUDO_SOURCE_DIR "/config/content/parsers/s00-raw";
  for (const char* folder : {"/parsers/s00-raw", "/parsers/s01-parse", "/scenarios"})
    fs::create_directories(content + folder);
  fs::copy(shipped + "/syslog.yaml", content + "/parsers/s00-raw/syslog.yaml");
  machine.dir().write("content/parsers/s01-parse/loose.yaml", kLooseParser);
  machine.dir().write("content/scenarios/loose.yaml", kLooseScenario);
  machine.plan.content = content;
  start();
  grow_old();
  connect_from(machine.net, kAttacker);
  // Somebody at kAttacker logs in as `x from 198.18.77.67 port 1 ssh2`.
  machine.append(sshd_lines("invalid user x from " + std::string(kSecond) + " port 1 ssh2", kAttacker));
  EXPECT_TRUE(eventually([&] { return machine.net.delivered(kAttacker) == 0; }));
  EXPECT_TRUE(eventually([&] { return machine.alerts() == 2; }));
  EXPECT_EQ(machine.net.delivered(kSecond), 5) << "the victim";
  EXPECT_GE(machine.metric("testudo_lines_ambiguous_total"), 7);
  EXPECT_NE(machine.cli({"why", kSecond}).out.find("simulated: ambiguous line"), std::string::npos);
}

}  // namespace
}  // namespace testudo::life
