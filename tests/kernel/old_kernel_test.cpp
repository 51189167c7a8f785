// The oldest kernel that is promised: Debian 12's own, booted in an emulator (scripts/boot-test), runs this
// very program's packet tables.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace testudo::test {
namespace {

struct Booted {
  int status = -1;
  std::string said;
};

Booted boot(const std::string& arguments) {
  const std::string command =
      "TESTUDO_BOOT_SECONDS=300 " TESTUDO_SOURCE_DIR "/scripts/boot-test " + arguments + " 2>&1";
  Booted out;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  char buffer[4096];
  for (size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.said.append(buffer, n);
  const int status = ::pclose(pipe);
  out.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return out;
}

TEST(OldKernel, OfDebian12LoadsTheProgramAndAgreesAboutEveryPacket) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to install and fetch what is missing";
  const Booted done = boot("/proc/" + std::to_string(::getpid()) +
                           "/exe --gtest_filter=PacketTable.*:Tables.*:Remedies.*:Strict.*:Random.*");
  if (done.status == 77) GTEST_SKIP() << done.said;
  EXPECT_EQ(done.status, 0) << done.said;
  EXPECT_NE(done.said.find("boot-test: Linux 6.1."), std::string::npos) << done.said;
  // A run in which everything was skipped, since something is missing there, would prove nothing.
  EXPECT_EQ(done.said.find("SKIPPED"), std::string::npos) << done.said;
  EXPECT_NE(done.said.find("PASSED"), std::string::npos) << done.said;
}

}  // namespace
}  // namespace testudo::test
