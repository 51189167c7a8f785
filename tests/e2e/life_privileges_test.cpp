// What the daemon may still do once it runs, and that this is enough.
#include "base/files.h"
#include "support/daemon.h"

namespace testudo::life {
namespace {

/// CapEff, CapPrm … of a process, from /proc.
uint64_t capabilities(pid_t pid, const std::string& set) {
  const auto read = read_file("/proc/" + std::to_string(pid) + "/status", 64 << 10);
  const std::string text = read ? *read : "";
  const size_t at = text.find(set + ":\t");
  return at == std::string::npos ? ~uint64_t(0)
                                 : std::stoull(text.substr(at + set.size() + 2, 16), nullptr, 16);
}

constexpr uint64_t bit(int n) { return uint64_t(1) << n; }
constexpr uint64_t kAwake = bit(12) | bit(38) | bit(39);  // net_admin, perfmon, bpf
constexpr uint64_t kOverride = bit(1), kReadSearch = bit(2);

TEST(LifePrivileges, AreDroppedToTheFewThatAreWrittenDown) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  EXPECT_EQ(capabilities(daemon.pid(), "CapEff"), kAwake | kOverride);
  EXPECT_EQ(capabilities(daemon.pid(), "CapPrm"), kAwake | kOverride | kReadSearch);
  EXPECT_EQ(capabilities(daemon.pid(), "CapBnd"), kAwake | kOverride | kReadSearch);
  // Threads have capabilities of their own.
  for (const std::string& thread : list_directory("/proc/" + std::to_string(daemon.pid()) + "/task"))
    EXPECT_EQ(capabilities(std::stoi(thread), "CapPrm"), kAwake | kOverride | kReadSearch) << thread;
}

TEST(LifePrivileges, BansAndAFlushNeedNoMore) {
  TESTUDO_NEED_DAEMON();
  Machine machine;
  Daemon daemon(machine);
  ASSERT_TRUE(daemon.ready());
  machine.failures(Network::kAttacker);
  EXPECT_TRUE(eventually([&] { return machine.net.delivered(Network::kAttacker) == 0; }));
  machine.net.unplug();
  machine.net.plug();
  EXPECT_TRUE(eventually([&] { return machine.net.delivered(Network::kAttacker) == 0; }, 10s));
  EXPECT_EQ(machine.cli({"flush"}).status, 0);
  EXPECT_EQ(machine.net.delivered(Network::kAttacker), 5);
}

}  // namespace
}  // namespace testudo::life
