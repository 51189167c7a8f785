// Decisions end by themselves, in the kernel and in the store; a short one's end lifts no longer one.
#include "support/daemon.h"

namespace testudo::life {
namespace {

constexpr auto kAttacker = Network::kAttacker;

std::string profile(const std::string& duration) {
  return "name: short\nfilters: ['Alert.Remediation == true']\ndecisions: [{type: ban, duration: " +
         duration + "}]\non_success: break\n";
}

TEST(LifeExpiry, ABanEndsInKernelAndStoreWhenItsTimeIsOver) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  machine.plan.profiles = machine.dir().write("profiles.yaml", profile("3s"));
  machine.configure();
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  machine.failures(kAttacker);
  ASSERT_TRUE(eventually([&] { return machine.net.delivered(kAttacker) == 0; }));
  const int64_t from = monotonic_ns();
  EXPECT_TRUE(eventually([&] { return machine.net.delivered(kAttacker) == 5; }, 6s));
  EXPECT_GE(Duration(monotonic_ns() - from), 1s);
  EXPECT_TRUE(eventually([&] { return machine.decisions() == 0; }, 2s));
  EXPECT_TRUE(eventually([&] { return machine.in_kernel() == 0; }, 2s));
  EXPECT_EQ(machine.alerts(), 1);
  EXPECT_EQ(machine.metric("testudo_decisions_active"), 0);
}

TEST(LifeExpiry, ABanEndsInTheKernelWithoutADaemon) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  machine.plan.profiles = machine.dir().write("profiles.yaml", profile("3s"));
  machine.configure();
  {
    Daemon daemon(machine);
    ASSERT_TRUE(daemon.ready());
    machine.failures(kAttacker);
    ASSERT_TRUE(eventually([&] { return machine.net.delivered(kAttacker) == 0; }));
  }
  EXPECT_TRUE(eventually([&] { return machine.net.delivered(kAttacker) == 5; }, 6s));
}

TEST(LifeExpiry, TheEndOfAShortDecisionDoesNotLiftALongerOne) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  machine.plan.profiles = machine.dir().write("profiles.yaml", profile("2s"));
  machine.configure();
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  const Ran added = machine.cli({"decisions", "add", "--ip", kAttacker, "--duration", "1h"});
  ASSERT_EQ(added.status, 0) << added.all();
  machine.failures(kAttacker);
  ASSERT_TRUE(eventually([&] { return machine.metric("testudo_decisions_active") == 2; }));
  ASSERT_TRUE(eventually([&] { return machine.metric("testudo_decisions_active") == 1; }, 6s));
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
  EXPECT_EQ(machine.decisions(), 1);
}

TEST(LifeExpiry, DeletingTheLongerOfTwoDecisionsLeavesTheShorterInForce) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  ASSERT_EQ(machine.cli({"decisions", "add", "--ip", kAttacker, "--duration", "1h"}).status, 0);
  ASSERT_EQ(machine.cli({"decisions", "add", "--ip", kAttacker, "--duration", "9h"}).status, 0);
  const auto left = [&] { return machine.cli({"kernel", "list", kAttacker, "-o", "json"}).out; };
  EXPECT_NE(left().find("\"8h59m"), std::string::npos) << left();
  const Ran deleted = machine.cli({"decisions", "delete", "--id", "2"});
  ASSERT_EQ(deleted.status, 0) << deleted.all();
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
  EXPECT_NE(left().find("\"59m"), std::string::npos) << left();
  ASSERT_EQ(machine.cli({"decisions", "delete", "--ip", kAttacker}).status, 0);
  EXPECT_EQ(machine.net.delivered(kAttacker), 5);
}

}  // namespace
}  // namespace testudo::life
