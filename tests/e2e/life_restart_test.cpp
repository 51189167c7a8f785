// Killed, stopped, started again: drops stay, nothing is lost, nothing doubled, nobody banned for old lines.
#include <signal.h>

#include "support/daemon.h"

namespace testudo::life {
namespace {

constexpr auto kAttacker = Network::kAttacker;
constexpr auto kSecond = Network::kSecond;
constexpr auto kThird = Network::kThird;

bool dropped(Machine& machine, const char* address) {
  return eventually([&] { return machine.net.delivered(address) == 0; });
}

TEST(LifeRestart, DropsStayInForceAfterKillAndARestartAdoptsThemWithoutAGap) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  {
    Daemon daemon(machine);
    ASSERT_TRUE(daemon.ready());
    machine.failures(kAttacker);
    ASSERT_TRUE(dropped(machine, kAttacker));
    ASSERT_TRUE(eventually([&] { return machine.alerts() == 1; }));
    Stream stream(machine.net, kAttacker);
    daemon.kill_hard();
    Daemon next(machine);
    ASSERT_TRUE(next.ready());
    EXPECT_EQ(machine.in_kernel(), 1);
    const Stream::Seen seen = stream.stop();
    EXPECT_GT(seen.sent, 100);
    EXPECT_EQ(seen.received, 0);
    EXPECT_EQ(machine.alerts(), 1);
    EXPECT_EQ(machine.decisions(), 1);
  }
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
}

TEST(LifeRestart, ReadsOnWhereItWasAfterKillAndLosesNoLine) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  {
    Daemon daemon(machine);
    ASSERT_TRUE(daemon.ready());
    machine.failures(kAttacker);
    ASSERT_TRUE(eventually([&] { return machine.alerts() == 1; }));
  }
  machine.failures(kSecond);
  machine.failures(kThird);
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  EXPECT_TRUE(dropped(machine, kSecond));
  EXPECT_TRUE(dropped(machine, kThird));
  EXPECT_TRUE(eventually([&] { return machine.alerts() >= 3; }));
  EXPECT_EQ(machine.alerts(), 3);
  EXPECT_EQ(machine.decisions(), 3);
}

TEST(LifeRestart, LinesThatAreReadTwiceAlertOnce) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  // Killed within the second in which alerts and positions wait for their commit: whatever was on disk, the
  // end is the same.
  for (const Duration after : {0ms, 15ms, 60ms, 300ms}) {
    const std::string address = "203.0.113." + std::to_string(after / 1ms % 250 + 1);
    Daemon daemon(machine);
    ASSERT_TRUE(daemon.ready());
    machine.failures(address);
    ASSERT_TRUE(eventually([&] { return machine.count({"kernel", "list", address}) == 1; }));
    const int64_t end = monotonic_ns() + after.count();
    while (monotonic_ns() < end) {
    }
    daemon.kill_hard();
  }
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  EXPECT_EQ(machine.in_kernel(), 4);
  EXPECT_TRUE(eventually([&] { return machine.alerts() >= 4; }));
  machine.failures(kAttacker);  // what comes after has been read, so has everything before
  EXPECT_TRUE(eventually([&] { return machine.alerts() >= 5; }));
  EXPECT_EQ(machine.alerts(), 5);
  EXPECT_EQ(machine.decisions(), 5);
}

TEST(LifeRestart, KilledAgainAndAgainWhileLinesComeItLosesAndDoublesNothing) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  int addresses = 0;
  for (const Duration after : {2ms, 5ms, 11ms, 40ms, 250ms, 700ms}) {
    Daemon daemon(machine);
    ASSERT_TRUE(daemon.ready());
    for (int i = 0; i < 20; ++i) machine.failures("203.0.113." + std::to_string(++addresses));
    std::this_thread::sleep_for(after);
    daemon.kill_hard();
    machine.failures("203.0.113." + std::to_string(++addresses));
  }
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  EXPECT_TRUE(eventually([&] { return machine.alerts() >= addresses && machine.in_kernel() >= addresses; }));
  EXPECT_EQ(machine.alerts(), addresses);
  EXPECT_EQ(machine.in_kernel(), addresses);
  EXPECT_EQ(machine.decisions(), addresses);
}

TEST(LifeRestart, AnHourOfDowntimeDoesNotBanTheAuthorOfSixTypos) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  {
    Daemon daemon(machine);
    ASSERT_TRUE(daemon.ready());
    daemon.stop();
  }
  machine.failures(kSecond, 6, now() - 55min, 10min);
  machine.failures(kAttacker, 7);
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  EXPECT_TRUE(dropped(machine, kAttacker));
  EXPECT_EQ(machine.net.delivered(kSecond), 5);
  EXPECT_TRUE(eventually([&] { return machine.alerts() >= 1; }));
  EXPECT_EQ(machine.alerts(), 1);
  EXPECT_EQ(machine.metric("testudo_lines_late_total"), 6);
}

TEST(LifeRestart, AnAttackWhoseBanWouldBeOverIsKeptAsAnAlertAndBansNobody) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  { ASSERT_TRUE(Daemon(machine).ready()); }
  machine.failures(kSecond, 8, now() - 5h, 1s);  // the shipped profile bans for four hours
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  EXPECT_TRUE(eventually([&] { return machine.alerts() == 1; }));
  EXPECT_EQ(machine.net.delivered(kSecond), 5);
  EXPECT_EQ(machine.decisions(), 0);
  EXPECT_EQ(machine.metric("testudo_alerts_total", "verdict=\"late\""), 1);
}

TEST(LifeRestart, AnAttackDuringTheDowntimeIsBannedForWhatIsLeft) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  { ASSERT_TRUE(Daemon(machine).ready()); }
  machine.failures(kSecond, 8, now() - 1h, 1s);
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  EXPECT_TRUE(dropped(machine, kSecond));
  const std::string left = machine.cli({"kernel", "list", "-o", "json"}).out;
  EXPECT_TRUE(left.find("\"2h59m") != std::string::npos || left.find("\"3h0m") != std::string::npos) << left;
}

TEST(LifeRestart, AStoppedProcessPoursWhatPiledUpInLogTime) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  machine.failures(kThird, 1);
  ASSERT_TRUE(eventually([&] { return machine.metric("testudo_lines_total", "result=\"read\"") == 1; }));
  daemon.signal(SIGSTOP);
  machine.failures(kSecond, 6, now() - 9min, 100s);  // as if it had stood for ten minutes
  machine.failures(kAttacker, 7, now() - 8s);
  daemon.signal(SIGCONT);
  EXPECT_TRUE(dropped(machine, kAttacker));
  EXPECT_EQ(machine.net.delivered(kSecond), 5);
  EXPECT_TRUE(eventually([&] { return machine.alerts() >= 1; }));
  EXPECT_EQ(machine.alerts(), 1);
  EXPECT_EQ(machine.metric("testudo_lines_total", "result=\"read\""), 14);
  EXPECT_EQ(machine.metric("testudo_lines_late_total"), 13);
}

TEST(LifeRestart, StopsWithinTwoSecondsAndDropsStayInForce) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  machine.failures(kAttacker);
  ASSERT_TRUE(dropped(machine, kAttacker));
  EXPECT_LT(daemon.stop(), 2s);
  EXPECT_EQ(daemon.status(), 0);
  EXPECT_TRUE(daemon.says("stay in force"));
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
  EXPECT_EQ(machine.in_kernel(), 1);
  Daemon next(machine);
  ASSERT_TRUE(next.ready());
  EXPECT_EQ(machine.alerts(), 1);
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
}

TEST(LifeRestart, StopsWithinTwoSecondsWhileItsQueuesAreFull) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  for (int i = 1; i <= 40; ++i) machine.failures("203.0.113." + std::to_string(i), 5000);
  EXPECT_LT(daemon.stop(), 2s);
  EXPECT_EQ(daemon.status(), 0);
  // And what had not been read by then is read by the next one.
  Daemon next(machine);
  ASSERT_TRUE(next.ready());
  EXPECT_TRUE(eventually([&] { return machine.in_kernel() == 40; }, 10s));
}

}  // namespace
}  // namespace testudo::life
