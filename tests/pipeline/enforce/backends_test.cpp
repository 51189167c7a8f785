#include "enforce/backends.h"
#include "bpf/abi.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "xdp/bpffs.h"
#include "xdp/interfaces.h"

namespace testudo {
namespace {

EnforceOptions with_mode(const char* mode) {
  EnforceOptions options;
  options.mode = mode;
  return options;
}

TEST(Backends, EachRowHasANameOfItsOwnAndOneLineOfHelp) {
  std::set<std::string_view> names;
  for (const BackendKind* kind : all_backends()) {
    EXPECT_TRUE(names.insert(kind->name).second) << kind->name;
    EXPECT_FALSE(kind->summary.empty());
    EXPECT_NE(kind->open, nullptr);
  }
  EXPECT_TRUE(names.count("xdp") && names.count("off"));
}

TEST(Backends, AnUnknownModeIsRefusedWithTheNearestOne) {
  const auto opened = open_backend(with_mode("xpd"));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::bad_config);
  EXPECT_NE(opened.error().remedy.find("xdp"), std::string::npos);
}

TEST(Backends, AnUnknownModeInTheOrderIsRefusedBeforeAnythingIsOpened) {
  for (const std::vector<std::string>& order :
       {std::vector<std::string>{"xdp", "nftabels"}, {"off"}, {"auto"}, {}}) {
    EnforceOptions options = with_mode("auto");
    options.order = order;
    const auto opened = open_backend(options);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, Code::bad_config);
    EXPECT_NE(opened.error().message.find("enforce.order"), std::string::npos) << opened.error().text();
  }
}

TEST(Backends, AnInterfaceNameThatIsNoneIsRefused) {
  for (const char* name : {"", "a b", "eth0\"", "eth0\n", "much-too-long-a-name", "eth*"}) {
    SCOPED_TRACE(name);
    EnforceOptions options = with_mode("nftables");
    options.interfaces = {name};
    const auto opened = open_backend(options);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, Code::bad_config);
  }
}

TEST(Backends, OffTakesEveryChangeAndReportsThatNothingIsInForce) {
  const auto opened = open_backend(with_mode("off"));
  ASSERT_TRUE(opened.ok());
  Backend& off = **opened;
  DecisionChange change;
  change.prefix = *Prefix::parse("203.0.113.7");
  change.until = now() + 1h;
  EXPECT_TRUE(off.apply(std::vector{change}).ok());
  EXPECT_TRUE(off.reconcile(std::vector{change}, {}).ok());
  EXPECT_EQ(off.status().backend, "off");
  EXPECT_EQ(off.status().bans, 0u);
  EXPECT_TRUE(off.list()->empty());
  EXPECT_TRUE(off.flush().ok());
}

TEST(Backends, APinOutsideOfABpfFileSystemIsRefused) {
  for (const char* pin : {"", "relative", "/tmp/testudo", "/sys/fs/bpf/test.udo"}) {
    SCOPED_TRACE(pin);
    EnforceOptions options = with_mode("xdp");
    options.pin = pin;
    const auto opened = open_backend(options);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, Code::bad_config) << opened.error().text();
    EXPECT_FALSE(opened.error().remedy.empty());
  }
}

TEST(Backends, WithoutPrivilegesTheErrorNamesWhatIsMissing) {
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(3);
    bool clear = true;
    for (const char* mode : {"xdp", "nftables"}) {
      EnforceOptions options = with_mode(mode);
      options.pin = "/sys/fs/bpf/testudo-test-nobody";
      const auto opened = open_backend(options);
      const bool missing = !opened && opened.error().code == Code::permission &&
                           opened.error().remedy.find("root") != std::string::npos;
      if (!missing) std::fprintf(stderr, "%s\n", opened ? "it opened" : opened.error().text().c_str());
      clear = clear && missing;
    }
    _exit(clear ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  rmdir(("/sys/fs/bpf/testudo-test-nobody/v" + std::to_string(TESTUDO_ABI_VERSION)).c_str());
  rmdir("/sys/fs/bpf/testudo-test-nobody");
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(Pins, NothingPinnedIsNothingInForceAndNoErrorForTheWayOut) {
  const auto report = flush_pinned("/sys/fs/bpf/testudo-test-nothing-here");
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_FALSE(report->found);
  EXPECT_EQ(flush_mark_unix_ns("/sys/fs/bpf/testudo-test-nothing-here"), 0);
  EXPECT_EQ(list_pinned("/sys/fs/bpf/testudo-test-nothing-here").error().code, Code::not_found);
}

TEST(Pins, NamesOfInterfacesComeBackFromTheirFiles) {
  for (const char* name : {"eth0", "eth0.100", "br-1a2b"}) {
    const std::string path = xdp::link_path("/sys/fs/bpf/t", name);
    EXPECT_EQ(path.find('.'), std::string::npos) << path;
    EXPECT_EQ(xdp::interface_of_link(path.substr(path.rfind('/') + 1)), name);
  }
  EXPECT_EQ(xdp::interface_of_link("v1"), "");
}

TEST(Interfaces, AreThoseOfUsableDefaultRoutes) {
  const char* route4 =
      "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
      "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"   // the default route
      "eth1\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"   // a network
      "tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n"   // 0.0.0.0/1: half of the world
      "eth2\t00000000\t010200C0\t0002\t0\t0\t0\t00000000\t0\t0\t0\n";  // not up
  const char* route6 =
      "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
      "fe800000000000000000000000000001 "
      "00000400 00000001 00000000 00000003     wan6\n"
      "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
      "00000000000000000000000000000000 "
      "ffffffff 00000001 00000000 00200200       lo\n"
      "20010db8000000000000000000000000 40 00000000000000000000000000000000 00 "
      "00000000000000000000000000000000 "
      "00000100 00000001 00000000 00000001     eth1\n";
  EXPECT_EQ(xdp::default_interfaces(route4, route6), (std::vector<std::string>{"eth0", "wan6"}));
  EXPECT_TRUE(xdp::default_interfaces("", "").empty());
  EXPECT_TRUE(xdp::default_interfaces("garbage\n\n \t\n", "x y z").empty());
}

}  // namespace
}  // namespace testudo
