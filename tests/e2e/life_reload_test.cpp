// SIGHUP and `testudo reload`: new rules at once; broken ones leave what runs running, and say why.
#include <signal.h>

#include "support/daemon.h"

namespace testudo::life {
namespace {

constexpr auto kAttacker = Network::kAttacker;
constexpr auto kSecond = Network::kSecond;

std::string profile(const std::string& duration) {
  return "name: mine\nfilters: ['Alert.Remediation == true']\ndecisions: [{type: ban, duration: " + duration +
         "}]\non_success: break\n";
}

/// A copy of the shipped content that a test may break.
void own_content(Machine& machine) {
  ASSERT_EQ(run({"cp", "-r", TESTUDO_SOURCE_DIR "/config/content", machine.path("content")}).status, 0);
  machine.plan.content = machine.path("content");
  machine.configure();
}

TEST(LifeReload, SighupKeepsTheDaemonAtWorkAndTakesNewProfiles) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  machine.plan.profiles = machine.dir().write("profiles.yaml", profile("4h"));
  machine.configure();
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  machine.failures(kAttacker);
  ASSERT_TRUE(eventually([&] { return machine.net.delivered(kAttacker) == 0; }));
  machine.dir().write("profiles.yaml", profile("30h"));
  daemon.signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return daemon.says("reload "); }));
  EXPECT_EQ(machine.net.delivered(kAttacker), 0);
  machine.failures(kSecond);
  ASSERT_TRUE(eventually([&] { return machine.net.delivered(kSecond) == 0; }));
  const std::string list = machine.cli({"kernel", "list", kSecond, "-o", "json"}).out;
  EXPECT_TRUE(list.find("\"29h59m") != std::string::npos || list.find("\"30h0m") != std::string::npos)
      << list;
}

TEST(LifeReload, ABrokenScenarioIsOffAndNamedAndTheOthersRun) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  own_content(machine);
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  machine.dir().write("content/scenarios/mine.yaml",
                      "type: leaky\nname: me/mine\ndescription: x\nfilter: \"evt.Meta.log_typ == 'x'\"\n"
                      "groupby: evt.Meta.source_ip\ncapacity: -3\nleakspeed: 10s\n");
  daemon.signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return daemon.says("content/scenarios/mine.yaml:"); }));
  machine.failures(kAttacker);
  EXPECT_TRUE(eventually([&] { return machine.net.delivered(kAttacker) == 0; }));
  EXPECT_NE(machine.cli({"status"}).all().find("1 content items are broken"), std::string::npos);
}

TEST(LifeReload, BrokenProfilesLeaveTheOldOnesRunningAndTheCommandSaysWhy) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  machine.plan.profiles = machine.dir().write("profiles.yaml", profile("4h"));
  machine.configure();
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  machine.dir().write("profiles.yaml",
                      "name: mine\nfilters: ['Alert.Nonsense == 1']\ndecisions: [{type: ban}]\n");
  const Ran reload = machine.cli({"reload"});
  EXPECT_EQ(reload.status, 1);
  EXPECT_NE(reload.err.find("profiles.yaml:2"), std::string::npos) << reload.all();
  daemon.signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return daemon.says("reload.failed"); }));
  machine.failures(kAttacker);
  EXPECT_TRUE(eventually([&] { return machine.net.delivered(kAttacker) == 0; }));
  machine.dir().write("profiles.yaml", profile("4h"));
  EXPECT_EQ(machine.cli({"reload"}).status, 0);
}

TEST(LifeReload, TheCommandTakesAScenarioThatIsNew) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  own_content(machine);
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  machine.dir().write("content/scenarios/mine.yaml",
                      "type: trigger\nname: me/at-once\ndescription: x\n"
                      "filter: \"evt.Meta.log_type == 'ssh_failed-auth'\"\ngroupby: evt.Meta.source_ip\n"
                      "labels: {remediation: true}\n");
  const Ran reload = machine.cli({"reload"});
  ASSERT_EQ(reload.status, 0) << reload.all();
  machine.failures(kAttacker, 1);
  EXPECT_TRUE(eventually([&] { return machine.net.delivered(kAttacker) == 0; }));
}

}  // namespace
}  // namespace testudo::life
