// A reboot: pins are gone, the network is not up yet, the clock may be wrong.
#include <fcntl.h>
#include <sys/stat.h>

#include "base/files.h"
#include "support/daemon.h"

namespace testudo::life {
namespace {

constexpr auto kAttacker = Network::kAttacker;
constexpr auto kSecond = Network::kSecond;

/// `testudod --restore` in the guarded namespace.
Ran restore(Machine& machine) {
  return run({TESTUDO_BINARY_DIR "/bin/testudod", "--config", machine.configure(), "--restore"},
             machine.net.guarded().get());
}

/// What a reboot takes: programs, links and maps.
void forget_kernel(Machine& machine) { ASSERT_EQ(machine.cli({"kernel", "remove", "--yes"}).status, 0); }

TEST(LifeRestore, BansAreInForceBeforeAnyDaemonRunsAndStayWhenTheCommandEnds) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  {
    Daemon daemon(machine);
    ASSERT_TRUE(daemon.ready());
    ASSERT_EQ(machine.cli({"decisions", "add", "--ip", kAttacker}).status, 0);
    ASSERT_EQ(machine.cli({"allowlists", "add", "office", kSecond}).status, 0);
    ASSERT_EQ(machine.cli({"decisions", "add", "--range", "203.0.113.0/24"}).status, 0);
    daemon.stop();
  }
  forget_kernel(machine);
  ASSERT_EQ(machine.net.delivered(kAttacker), 5);
  const Ran done = restore(machine);
  EXPECT_EQ(done.status, 0) << done.all();
  EXPECT_NE(done.out.find("2 bans"), std::string::npos) << done.all();
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
  EXPECT_EQ(machine.net.delivered(kSecond), 5);
  Daemon next(machine);
  ASSERT_TRUE(next.ready());
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
  EXPECT_EQ(machine.in_kernel(), 2);
}

TEST(LifeRestore, TheInterfacesOfTheLastRunAreGuardedWhereNoRouteNamesThemYet) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  {
    Daemon daemon(machine);
    ASSERT_TRUE(daemon.ready());
    ASSERT_EQ(machine.cli({"decisions", "add", "--ip", kAttacker}).status, 0);
    ASSERT_TRUE(eventually([&] { return file_exists(machine.path("state") + "/interfaces"); }, 10s));
    daemon.stop();
  }
  forget_kernel(machine);
  machine.plan.interfaces = "auto";  // and the namespace has no default route
  EXPECT_EQ(restore(machine).status, 0);
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
}

TEST(LifeRestore, AClockThatWokeUpInThePastExtendsNoBan) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  {
    Daemon daemon(machine);
    ASSERT_TRUE(daemon.ready());
    ASSERT_EQ(machine.cli({"decisions", "add", "--ip", kAttacker, "--duration", "96h"}).status, 0);
    ASSERT_EQ(machine.cli({"decisions", "add", "--ip", kSecond, "--duration", "24h"}).status, 0);
    daemon.stop();
  }
  forget_kernel(machine);
  // The store was last written two days from now: so the clock is at least two days behind.
  const int64_t later = unix_nanos(now() + 48h) / 1'000'000'000;
  const timespec times[] = {{later, 0}, {later, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (machine.path("state") + "/testudo.db").c_str(), times, 0), 0);
  const Ran done = restore(machine);
  EXPECT_EQ(done.status, 0) << done.all();
  EXPECT_NE(done.err.find("restore.clock"), std::string::npos) << done.all();
  const std::string list = machine.cli({"kernel", "list", "-o", "raw"}).out;
  EXPECT_NE(list.find(std::string(kAttacker) + ",ban,cscli"), std::string::npos) << list;
  // Of the 96 hours 48 are over.
  EXPECT_TRUE(list.find(",48h0m") != std::string::npos || list.find(",47h59m") != std::string::npos) << list;
  EXPECT_EQ(list.find(kSecond), std::string::npos) << list;
}

TEST(LifeRestore, WhereNothingWasEverDecidedItMakesNothing) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  const Ran done = restore(machine);
  EXPECT_EQ(done.status, 0) << done.all();
  EXPECT_FALSE(file_exists(machine.path("state") + "/testudo.db"));
}

TEST(LifeRestore, BesideARunningDaemonItLeavesEverythingToIt) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  ASSERT_EQ(machine.cli({"decisions", "add", "--ip", kAttacker}).status, 0);
  const Ran done = restore(machine);
  EXPECT_EQ(done.status, 0) << done.all();
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
}

}  // namespace
}  // namespace testudo::life
