// testudo flush, the way out of a lock-out: at once, for good, whatever else is broken.
#include <signal.h>

#include "support/daemon.h"

namespace testudo::life {
namespace {

constexpr auto kAttacker = Network::kAttacker;

/// A machine on which kAttacker is banned, by its log.
std::unique_ptr<Daemon> banned(Machine& machine) {
  auto daemon = std::make_unique<Daemon>(machine);
  EXPECT_TRUE(daemon->ready());
  machine.failures(kAttacker);
  EXPECT_TRUE(eventually([&] { return machine.net.delivered(kAttacker) == 0; }));
  EXPECT_TRUE(eventually([&] { return machine.alerts() == 1; }));
  return daemon;
}

TEST(LifeFlush, WithoutADaemonItEmptiesTheKernelAndNothingComesBackAtTheNextStart) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  banned(machine)->kill_hard();
  ASSERT_EQ(machine.net.delivered(kAttacker), 0);
  const Ran flush = machine.cli({"flush"});
  EXPECT_EQ(flush.status, 0) << flush.all();
  EXPECT_EQ(machine.net.delivered(kAttacker), 5);
  for (int start = 0; start < 2; ++start) {
    Daemon daemon(machine);
    ASSERT_TRUE(daemon.ready());
    EXPECT_EQ(machine.net.delivered(kAttacker), 5);
    EXPECT_EQ(machine.decisions(), 0);
    EXPECT_EQ(machine.in_kernel(), 0);
    EXPECT_EQ(machine.alerts(), 1);  // what was seen stays known
  }
}

TEST(LifeFlush, LinesFromBeforeTheFlushBanNobodyAfterIt) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  banned(machine)->kill_hard();
  machine.failures(Network::kSecond, 7, now() - 30s);  // nobody has read these yet
  ASSERT_EQ(machine.cli({"flush"}).status, 0);
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  EXPECT_TRUE(eventually([&] { return machine.alerts() == 2; }));
  EXPECT_EQ(machine.decisions(), 0);
  EXPECT_EQ(machine.net.delivered(Network::kSecond), 5);
}

TEST(LifeFlush, WithADaemonRunningNothingComesBackEither) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  {
    auto daemon = banned(machine);
    const Ran flush = machine.cli({"flush"});
    EXPECT_EQ(flush.status, 0) << flush.all();
    EXPECT_EQ(machine.net.delivered(kAttacker), 5);
    EXPECT_EQ(machine.decisions(), 0);
    daemon->kill_hard();
  }
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  EXPECT_EQ(machine.net.delivered(kAttacker), 5);
  EXPECT_EQ(machine.decisions(), 0);
  // A new attack is a new attack.
  machine.failures(Network::kSecond, 7, now() + 1s);
  EXPECT_TRUE(eventually([&] { return machine.net.delivered(Network::kSecond) == 0; }));
}

TEST(LifeFlush, ADaemonThatDoesNotAnswerIsFlushedAllTheSame) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  auto daemon = banned(machine);
  daemon->signal(SIGSTOP);
  const int64_t from = monotonic_ns();
  bool passes = false;
  std::thread asking([&] { machine.cli({"flush"}); });
  passes = eventually([&] { return machine.net.delivered(kAttacker) == 5; }, 2s);
  const Duration took(monotonic_ns() - from);
  daemon->signal(SIGCONT);
  asking.join();
  EXPECT_TRUE(passes);
  EXPECT_LT(took, 2s);
  EXPECT_TRUE(eventually([&] { return machine.decisions() == 0; }));
  EXPECT_EQ(machine.net.delivered(kAttacker), 5);
}

TEST(LifeFlush, AConfigurationWithErrorsDoesNotStandInTheWay) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  banned(machine)->stop();
  machine.plan.extra = "nonsense: 1\ndecide: [is, no, mapping]\n";
  machine.configure();
  const Ran flush = machine.cli({"flush"});
  EXPECT_EQ(flush.status, 0) << flush.all();
  EXPECT_EQ(machine.net.delivered(kAttacker), 5);
  machine.plan.extra.clear();
  machine.configure();
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  EXPECT_EQ(machine.decisions(), 0);
  EXPECT_EQ(machine.net.delivered(kAttacker), 5);
}

TEST(LifeFlush, AConfigurationThatIsNoYamlAtAllDoesNotStandInTheWay) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  banned(machine)->stop();
  machine.plan.extra = "  bad: [indent\n\t}{\n";
  machine.configure();
  const Ran flush = machine.cli({"flush"});
  EXPECT_EQ(flush.status, 0) << flush.all();
  EXPECT_EQ(machine.net.delivered(kAttacker), 5) << flush.all();
  machine.plan.extra.clear();
  machine.configure();
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  EXPECT_EQ(machine.decisions(), 0);
  EXPECT_EQ(machine.net.delivered(kAttacker), 5);
}

TEST(LifeFlush, EndsWhatIsInForceInTheKernelAloneUntilTheNextReconcile) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  {
    auto daemon = banned(machine);
    ASSERT_EQ(machine.cli({"kernel", "flush"}).status, 0);
    EXPECT_EQ(machine.net.delivered(kAttacker), 5);
    EXPECT_EQ(machine.decisions(), 1);
  }
  Daemon daemon(machine);  // a start is a reconcile
  ASSERT_TRUE(daemon.ready());
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
}

}  // namespace
}  // namespace testudo::life
