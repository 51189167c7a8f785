// What goes wrong in the field: each with its message and remedy, and nothing lost.
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/daemon.h"

namespace testudo::life {
namespace {

constexpr auto kAttacker = Network::kAttacker;
constexpr auto kSecond = Network::kSecond;

bool dropped(Machine& machine, const char* address) {
  return eventually([&] { return machine.net.delivered(address) == 0; });
}

std::string second_plan(Machine& machine, bool own_state, bool own_pin) {
  const Plan before = machine.plan;
  if (own_state) machine.plan.state = machine.path("state2");
  if (own_pin) machine.plan.pin = machine.path("bpf") + "/second";
  machine.plan.run = machine.path("run2");
  machine.plan.metrics = "127.0.0.1:6061";
  const std::string file = machine.configure("second");
  machine.plan = before;
  return file;
}

TEST(LifeTrouble, ASecondDaemonOnTheSameStateFolderSaysWhoHoldsItAndHarmsNothing) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  Daemon second(machine, second_plan(machine, false, true));
  EXPECT_FALSE(second.ready());
  EXPECT_EQ(second.status(), 1);
  EXPECT_TRUE(second.says("is held by process " + std::to_string(daemon.pid()))) << second.log();
  EXPECT_TRUE(second.says("paths.state"));
  machine.failures(kAttacker);
  EXPECT_TRUE(dropped(machine, kAttacker));
}

TEST(LifeTrouble, ASecondDaemonOnTheSamePinsIsRefusedAndHarmsNothing) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  machine.failures(kAttacker);
  ASSERT_TRUE(dropped(machine, kAttacker));
  Daemon second(machine, second_plan(machine, true, false));
  EXPECT_FALSE(second.ready());
  EXPECT_EQ(second.status(), 1);
  EXPECT_TRUE(second.says(machine.path("bpf") + "/testudo")) << second.log();
  EXPECT_TRUE(second.says("enforce.pin"));
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
  EXPECT_EQ(machine.in_kernel(), 1);
}

TEST(LifeTrouble, ASecondDaemonOnTheSameInterfaceDoesNotTakeTheGuardAway) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  machine.failures(kAttacker);
  ASSERT_TRUE(dropped(machine, kAttacker));
  Daemon second(machine, second_plan(machine, true, true));
  EXPECT_TRUE(second.says("guard0 already has an XDP program")) << second.log();
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
}

TEST(LifeTrouble, WithoutRootItSaysThatItNeedsItAndEnds) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  for (const char* folder : {"state", "run"}) {
    ::mkdir(machine.path(folder).c_str(), 0755);
    ASSERT_EQ(::chown(machine.path(folder).c_str(), 65534, 65534), 0);
  }
  Daemon daemon(machine, "", [] {
    if (::setgroups(0, nullptr) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(126);
  });
  EXPECT_FALSE(daemon.ready());
  EXPECT_EQ(daemon.status(), 1);
  EXPECT_TRUE(daemon.says("run as root")) << daemon.log();
}

TEST(LifeTrouble, AStateFolderThatItMayNotWriteIsNamed) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  ::mkdir(machine.path("state").c_str(), 0755);
  ::mkdir(machine.path("run").c_str(), 0777);
  ::chmod(machine.path("run").c_str(), 0777);
  Daemon daemon(machine, "", [] {
    if (::setgroups(0, nullptr) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(126);
  });
  EXPECT_EQ(daemon.status(), 1);
  EXPECT_TRUE(daemon.says(machine.path("state"))) << daemon.log();
  EXPECT_TRUE(daemon.says("the user of the daemon must be able to write")) << daemon.log();
}

TEST(LifeTrouble, AFolderThatItCannotMakeIsNamedWithTheKeyThatAsksForIt) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  Daemon daemon(machine, "", [] {
    if (::setgroups(0, nullptr) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(126);
  });
  EXPECT_EQ(daemon.status(), 1);
  EXPECT_TRUE(daemon.says(machine.path("state"))) << daemon.log();
  EXPECT_TRUE(daemon.says("paths.state")) << daemon.log();
}

TEST(LifeTrouble, MountsTheBpfFileSystemWhereItIsMissing) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  machine.plan.pin = "/sys/fs/bpf/testudo-e2e-" + std::to_string(::getpid());
  machine.configure();
  Daemon daemon(machine, "", [] {
    if (::unshare(CLONE_NEWNS) != 0) ::_exit(126);
    while (::umount2("/sys/fs/bpf", MNT_DETACH) == 0) {
    }
  });
  ASSERT_TRUE(daemon.ready()) << daemon.log();
  EXPECT_TRUE(daemon.says("enforce.bpffs_mounted path=/sys/fs/bpf")) << daemon.log();
  machine.failures(kAttacker);
  EXPECT_TRUE(dropped(machine, kAttacker));
}

TEST(LifeTrouble, APinThatIsNotOnABpfFileSystemIsNamedWithItsRemedy) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  machine.plan.pin = machine.path("elsewhere");
  machine.configure();
  Daemon daemon(machine);
  EXPECT_EQ(daemon.status(), 1);
  EXPECT_TRUE(daemon.says(machine.path("elsewhere"))) << daemon.log();
  EXPECT_TRUE(daemon.says("mount -t bpf bpf")) << daemon.log();
}

TEST(LifeTrouble, AnInterfaceThatDisappearsAndComesBackIsGuardedAgain) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  machine.failures(kAttacker);
  ASSERT_TRUE(dropped(machine, kAttacker));
  machine.net.unplug();
  machine.net.plug();
  EXPECT_TRUE(eventually([&] { return machine.net.delivered(kAttacker) == 0; }, 2s));
  EXPECT_EQ(machine.net.delivered(kSecond), 5);
  EXPECT_EQ(machine.cli({"status"}).status, 0);
}

TEST(LifeTrouble, AnInterfaceThatDoesNotExistIsNamedAndTakenUpWhenItComes) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  machine.net.unplug();
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready()) << daemon.log();
  EXPECT_TRUE(daemon.says("no interface of this name exists now")) << daemon.log();
  const Ran status = machine.cli({"status"});
  EXPECT_EQ(status.status, 1);
  EXPECT_NE(status.all().find("guard0"), std::string::npos) << status.all();
  machine.failures(kAttacker);
  machine.net.plug();
  EXPECT_TRUE(eventually([&] { return machine.net.delivered(kAttacker) == 0; }, 2s));
}

TEST(LifeTrouble, WithTheDiskFullDropsGoOnTheRemedyIsNamedAndNothingIsLost) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  machine.mount_small("state", 1 << 20);
  {
    Daemon daemon(machine);
    ASSERT_TRUE(daemon.ready()) << daemon.log();
    machine.failures(kAttacker);
    ASSERT_TRUE(eventually([&] { return machine.alerts() == 1; }));
    // Whatever is left of the disk goes to somebody else.
    const Fd filler(::open(machine.path("state/filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const std::string page(4096, 'x');
    while (::write(filler.get(), page.data(), page.size()) > 0) {
    }
    for (int i = 1; i <= 30; ++i) machine.failures("203.0.113." + std::to_string(i));
    machine.failures(kSecond);
    EXPECT_TRUE(dropped(machine, kSecond));
    EXPECT_EQ(machine.net.delivered(kAttacker), 0);
    ASSERT_TRUE(eventually([&] { return daemon.says("store.commit_failed"); }));
    EXPECT_TRUE(daemon.says("free some space")) << daemon.log();
    EXPECT_EQ(machine.in_kernel(), 32);
    EXPECT_GT(machine.metric("testudo_store_pending_alerts"), 0);
    ASSERT_EQ(::unlink(machine.path("state/filler").c_str()), 0);
  }
  // Killed with the rows still in memory; the drops are there, and so are the lines.
  EXPECT_EQ(machine.net.delivered(kSecond), 0);
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready()) << daemon.log();
  EXPECT_TRUE(eventually([&] { return machine.alerts() == 32; })) << machine.alerts();
  EXPECT_EQ(machine.decisions(), 32);
  EXPECT_EQ(machine.in_kernel(), 32);
}

TEST(LifeTrouble, WhenThereIsRoomOnTheDiskAgainWhatWaitedIsWritten) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  machine.mount_small("state", 1 << 20);
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready()) << daemon.log();
  const Fd filler(::open(machine.path("state/filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const std::string page(4096, 'x');
  while (::write(filler.get(), page.data(), page.size()) > 0) {
  }
  for (int i = 1; i <= 30; ++i) machine.failures("203.0.113." + std::to_string(i));
  ASSERT_TRUE(eventually([&] { return daemon.says("store.commit_failed"); }));
  ASSERT_EQ(::unlink(machine.path("state/filler").c_str()), 0);
  ASSERT_EQ(::ftruncate(filler.get(), 0), 0);
  EXPECT_TRUE(eventually([&] { return daemon.says("store.recovered"); }, 8s));
  EXPECT_TRUE(eventually([&] { return machine.alerts() == 30; })) << machine.alerts();
}

TEST(LifeTrouble, ACorruptDatabaseIsNamedWithItsRemedyAndTheDropsStay) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  {
    Daemon daemon(machine);
    ASSERT_TRUE(daemon.ready());
    machine.failures(kAttacker);
    ASSERT_TRUE(eventually([&] { return machine.alerts() == 1; }));
    daemon.stop();
  }
  const std::string database = machine.path("state/testudo.db");
  {
    const Fd fd(::open(database.c_str(), O_WRONLY | O_CLOEXEC));
    const std::string garbage(16384, '\x5a');
    ASSERT_GT(::pwrite(fd.get(), garbage.data(), garbage.size(), 100), 0);
  }
  {
    Daemon daemon(machine);
    EXPECT_FALSE(daemon.ready());
    EXPECT_EQ(daemon.status(), 1);
    EXPECT_TRUE(daemon.says(database)) << daemon.log();
    EXPECT_TRUE(daemon.says("mv " + database)) << daemon.log();
  }
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
  // The remedy, as it was named: the entries of the kernel are taken over.
  for (const char* end : {"", "-wal", "-shm"})
    ::rename((database + end).c_str(), (database + ".broken" + end).c_str());
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready()) << daemon.log();
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
  EXPECT_EQ(machine.in_kernel(), 1);
  const Ran why = machine.cli({"why", kAttacker});
  EXPECT_NE(why.out.find("testudo/ssh-bruteforce"), std::string::npos) << why.all();
}

TEST(LifeTrouble, FlushWorksOnAFullDiskToo) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  machine.mount_small("state", 1 << 20);
  {
    Daemon daemon(machine);
    ASSERT_TRUE(daemon.ready()) << daemon.log();
    machine.failures(kAttacker);
    ASSERT_TRUE(eventually([&] { return machine.alerts() == 1; }));
    daemon.stop();
  }
  const Fd filler(::open(machine.path("state/filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const std::string page(4096, 'x');
  while (::write(filler.get(), page.data(), page.size()) > 0) {
  }
  const Ran flush = machine.cli({"flush"});
  EXPECT_EQ(machine.net.delivered(kAttacker), 5) << flush.all();
  ASSERT_EQ(::unlink(machine.path("state/filler").c_str()), 0);
  ASSERT_EQ(::ftruncate(filler.get(), 0), 0);
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready()) << daemon.log();
  EXPECT_EQ(machine.decisions(), 0) << flush.all();
  EXPECT_EQ(machine.net.delivered(kAttacker), 5);
}

TEST(LifeTrouble, AStartOnAFullDiskSaysSoAndLeavesTheDropsInForce) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  machine.mount_small("state", 1 << 20);
  {
    Daemon daemon(machine);
    ASSERT_TRUE(daemon.ready()) << daemon.log();
    machine.failures(kAttacker);
    ASSERT_TRUE(eventually([&] { return machine.alerts() == 1; }));
    daemon.stop();
  }
  const Fd filler(::open(machine.path("state/filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const std::string page(4096, 'x');
  while (::write(filler.get(), page.data(), page.size()) > 0) {
  }
  {
    Daemon daemon(machine);
    if (!daemon.ready()) {
      EXPECT_EQ(daemon.status(), 1);
    }
    EXPECT_TRUE(daemon.says("df -h")) << daemon.log();
    EXPECT_EQ(machine.net.delivered(kAttacker), 0);
  }
  ASSERT_EQ(::unlink(machine.path("state/filler").c_str()), 0);
  ASSERT_EQ(::ftruncate(filler.get(), 0), 0);
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready()) << daemon.log();
  EXPECT_EQ(machine.alerts(), 1);
  EXPECT_EQ(machine.decisions(), 1);
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
}

TEST(LifeTrouble, AMetricsPortThatIsTakenIsNamed) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  machine.plan.state = machine.path("state2");
  machine.plan.run = machine.path("run2");
  machine.plan.mode = "off";
  Daemon second(machine, machine.configure("second"));
  EXPECT_EQ(second.status(), 1);
  EXPECT_TRUE(second.says("127.0.0.1:6060")) << second.log();
}

TEST(LifeTrouble, TwoDaemonsWithFilesAndNamespacesOfTheirOwnDoNotMeet) {
  TESTUDO_NEED_DAEMON();
  Machine here, there;
  Daemon one(here), two(there);
  ASSERT_TRUE(one.ready());
  ASSERT_TRUE(two.ready());
  here.failures(kAttacker);
  there.failures(kSecond);
  EXPECT_TRUE(dropped(here, kAttacker));
  EXPECT_TRUE(dropped(there, kSecond));
  EXPECT_EQ(here.net.delivered(kSecond), 5);
  EXPECT_EQ(there.net.delivered(kAttacker), 5);
}

}  // namespace
}  // namespace testudo::life
