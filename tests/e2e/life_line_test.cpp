// From a line in a log to a packet that is dropped: real programs, real kernel, real packets.
#include "support/daemon.h"

namespace testudo::life {
namespace {

constexpr auto kAttacker = Network::kAttacker;
constexpr auto kSecond = Network::kSecond;

TEST(LifeOfALine, AttackersPacketsAreDroppedAndEverybodyElsesPass) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  EXPECT_EQ(machine.net.delivered(kAttacker), 5);
  machine.failures(kAttacker);
  EXPECT_TRUE(eventually([&] { return machine.net.delivered(kAttacker) == 0; }));
  EXPECT_EQ(machine.net.delivered(kSecond), 5);
  EXPECT_TRUE(eventually([&] { return machine.alerts() == 1; }));
  EXPECT_EQ(machine.decisions(), 1);
  EXPECT_EQ(machine.metric("testudo_lines_total", "result=\"read\""), 7);
  EXPECT_EQ(machine.metric("testudo_decisions_active"), 1);
  EXPECT_GE(machine.metric("testudo_dropped_packets_total", "testudo/ssh-bruteforce"), 5);
  EXPECT_NE(machine.cli({"why", kAttacker}).out.find("testudo/ssh-bruteforce"), std::string::npos);
  EXPECT_EQ(machine.cli({"status"}).status, 0);
}

TEST(LifeOfALine, FromWriteToFirstDropIsFarBelowASecond) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  machine.failures(kAttacker, 5);
  Stream stream(machine.net, kAttacker);
  ASSERT_TRUE(eventually([&] { return machine.metric("testudo_passed_packets_total") > 20; }))
      << "packets arrive";
  ASSERT_TRUE(
      eventually([&] { return machine.metric("cs_bucket_poured_total", "testudo/ssh-bruteforce\"") == 5; }));
  const int64_t written = monotonic_ns();
  machine.failures(kAttacker, 1);
  ASSERT_TRUE(eventually([&] { return machine.in_kernel() == 1; }));
  const Stream::Seen seen = stream.stop();
  ASSERT_GT(seen.received, 0);
  ASSERT_GT(seen.sent, seen.received);
  const Duration took(seen.last_received_ns - written);
  RecordProperty("last_packet_after_write_us", int(took / 1us));
  EXPECT_LT(took, 1s);
}

TEST(LifeOfALine, TheAllowlistWinsOverWhatTheLogSays) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  const Ran added = machine.cli({"allowlists", "add", "office", kAttacker});
  ASSERT_EQ(added.status, 0) << added.all();
  machine.failures(kAttacker);
  machine.failures(kSecond);
  EXPECT_TRUE(eventually([&] { return machine.net.delivered(kSecond) == 0; }));
  EXPECT_EQ(machine.net.delivered(kAttacker), 5);
  EXPECT_EQ(machine.metric("testudo_alerts_total", "allowlisted"), 1);
}

TEST(LifeOfALine, AllowlistingSomebodyWhoIsBannedLetsThemInAtOnce) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  machine.failures(kAttacker);
  ASSERT_TRUE(eventually([&] { return machine.net.delivered(kAttacker) == 0; }));
  ASSERT_EQ(machine.cli({"allowlists", "add", "office", kAttacker}).status, 0);
  EXPECT_EQ(machine.net.delivered(kAttacker), 5);
}

TEST(LifeOfALine, WithEnforcementOffDecisionsAreMadeAndNothingIsDropped) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  machine.plan.mode = "off";
  machine.configure();
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  machine.failures(kAttacker);
  EXPECT_TRUE(eventually([&] { return machine.decisions() == 1; }));
  EXPECT_EQ(machine.net.delivered(kAttacker), 5);
  const Ran status = machine.cli({"status"});
  EXPECT_EQ(status.status, 1);
  EXPECT_NE(status.all().find("enforcement is off"), std::string::npos) << status.all();
}

TEST(LifeOfALine, AnIdleDaemonHoldsLessThan40Megabytes) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  EXPECT_GT(daemon.resident(), 0u);
  EXPECT_LE(daemon.resident(), 40u << 20);
  RecordProperty("resident_kib", int(daemon.resident() >> 10));
}

}  // namespace
}  // namespace testudo::life
