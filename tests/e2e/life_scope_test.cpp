// Decisions on countries, and decisions that hold for less than everything, with real packets.
#include <signal.h>

#include <filesystem>

#include "support/daemon.h"
#include "support/mmdb.h"

namespace testudo::life {
namespace {

constexpr auto kAttacker = Network::kAttacker;
constexpr auto kSecond = Network::kSecond;

/// A machine whose database says that `networks` are the country XA.
struct Scopes : testing::Test {
  void put(const std::vector<std::string>& networks) {
    MmdbWriter database;
    for (const std::string& network : networks) database.add(network, "XA");
    const std::string folder = machine.path("state") + "/data", file = folder + "/GeoLite2-Country.mmdb";
    std::filesystem::create_directories(folder);
    ASSERT_TRUE(write_file_atomic(file, database.bytes(), 0644));
  }
  Ran add(std::vector<std::string> options) {
    options.insert(options.begin(), {"decisions", "add"});
    return machine.cli(options);
  }
  Machine machine;
};

TEST_F(Scopes, ACountryIsDroppedAndItsDatabaseIsFollowed) {
  TESTUDO_NEED_DAEMON();
  put({"198.18.77.64/30"});
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready()) << daemon.log();
  ASSERT_EQ(machine.net.delivered(kAttacker), 5);
  const Ran added = add({"--scope", "Country", "--value", "XA"});
  ASSERT_EQ(added.status, 0) << added.all();
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
  EXPECT_EQ(machine.net.delivered(kSecond), 0);
  EXPECT_EQ(machine.net.delivered(Network::kThird), 5) << "it is none of the country's";
  put({"198.18.77.67/32", "198.18.77.68/32"});
  daemon.signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return machine.net.delivered(kAttacker) == 5; }));
  EXPECT_EQ(machine.net.delivered(kSecond), 0);
  EXPECT_EQ(machine.net.delivered(Network::kThird), 0);
  ASSERT_EQ(machine.cli({"decisions", "delete", "--scope", "Country"}).status, 0);
  EXPECT_EQ(machine.net.delivered(kSecond), 5);
  EXPECT_EQ(machine.in_kernel(), 0);
}

TEST_F(Scopes, ACountryStaysInForceOverAKillAndARestart) {
  TESTUDO_NEED_DAEMON();
  put({"198.18.77.64/30"});
  {
    Daemon daemon(machine);
    ASSERT_TRUE(daemon.ready()) << daemon.log();
    ASSERT_EQ(add({"--scope", "Country", "--value", "XA"}).status, 0);
    daemon.kill_hard();
  }
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
  Daemon again(machine);
  ASSERT_TRUE(again.ready()) << again.log();
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
  EXPECT_EQ(machine.decisions(), 1) << "nothing was adopted";
  ASSERT_EQ(machine.cli({"decisions", "delete", "--scope", "Country"}).status, 0);
  EXPECT_EQ(machine.net.delivered(kAttacker), 5);
}

TEST_F(Scopes, TheCountryOfThisMachineIsRefusedUnlessForced) {
  TESTUDO_NEED_DAEMON();
  put({"198.18.77.0/28", "198.18.77.64/30"});
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready()) << daemon.log();
  const Ran refused = add({"--scope", "Country", "--value", "XA"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("own address of guard0 (198.18.77.1) is in it"), std::string::npos)
      << refused.all();
  EXPECT_NE(refused.err.find("--force"), std::string::npos) << refused.all();
  EXPECT_EQ(machine.net.delivered(kAttacker), 5);
}

TEST_F(Scopes, ANarrowBanDropsWhatItNamesAndAThrottleHoldsBesideIt) {
  TESTUDO_NEED_DAEMON();
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready()) << daemon.log();
  ASSERT_EQ(add({"--ip", kAttacker, "--protocol", "tcp"}).status, 0);
  EXPECT_EQ(machine.net.delivered(kAttacker), 5) << "the datagrams are UDP";
  ASSERT_EQ(add({"--ip", kAttacker, "--type", "throttle", "--rate", "1/s", "--burst", "2"}).status, 0);
  EXPECT_LT(machine.net.delivered(kAttacker), 5);
  ASSERT_EQ(add({"--ip", kAttacker, "--protocol", "udp", "-d", "1h"}).status, 0);
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
}

TEST_F(Scopes, ASimulatedBanCountsWhatItWouldHaveDropped) {
  TESTUDO_NEED_DAEMON();
  machine.plan.extra = "decide: {simulation: true}\n";
  machine.configure();
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready()) << daemon.log();
  machine.failures(kAttacker);
  ASSERT_TRUE(eventually([&] { return machine.in_kernel() == 1; }));
  EXPECT_EQ(machine.net.delivered(kAttacker), 5);
  const std::string entry = machine.cli({"kernel", "list", "-o", "json"}).out;
  EXPECT_NE(entry.find("log-only"), std::string::npos) << entry;
  EXPECT_NE(entry.find("\"packets\": 5"), std::string::npos) << entry;
}

}  // namespace
}  // namespace testudo::life
