// Logs of mode 0600 that belong to somebody else, read by a daemon that is not root.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "acquire/file_segment.h"
#include "base/privileges.h"
#include "support/temp_dir.h"

namespace testudo {
namespace {

/// Runs `work` in a process of user nobody that holds the given capabilities, as the unit gives them; its
/// answer.
bool as_service(uint64_t capabilities, const std::function<bool()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_KEEPCAPS, 1);
    bool good = ::setresgid(65534, 65534, 65534) == 0 && ::setresuid(65534, 65534, 65534) == 0;
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    data[0].permitted = data[0].effective = uint32_t(capabilities);
    data[1].permitted = data[1].effective = uint32_t(capabilities >> 32);
    good = good && ::syscall(SYS_capset, &header, data) == 0 && drop_privileges().ok();
    ::_exit(good && work() ? 0 : 1);
  }
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

constexpr uint64_t kReadSearch = uint64_t(1) << CAP_DAC_READ_SEARCH;

class UnreadableLogs : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
    log = dir.write("auth.log", "one line\n");
    ASSERT_EQ(::chmod(log.c_str(), 0600), 0);
    ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
  }
  support::TempDir dir;
  std::string log;
};

TEST_F(UnreadableLogs, AreOpenedWithTheRightThatSleepsOtherwise) {
  EXPECT_TRUE(as_service(kReadSearch, [&] { return FileSegment::open(log).ok(); }));
  EXPECT_TRUE(as_service(kReadSearch, [&] { return ::access(log.c_str(), R_OK) != 0; }));
  EXPECT_TRUE(as_service(kReadSearch,
                         [&] { return FileSegment::open(log).ok() && ::open(log.c_str(), O_RDONLY) < 0; }));
}

TEST_F(UnreadableLogs, StayClosedWithoutIt) {
  EXPECT_TRUE(as_service(0, [&] {
    const auto opened = FileSegment::open(log);
    return !opened && opened.error().code == Code::permission;
  }));
}

TEST_F(UnreadableLogs, ALinkToASecretIsNotFollowedWithIt) {
  const std::string link = dir.path() + "/link.log";
  ASSERT_EQ(::symlink(log.c_str(), link.c_str()), 0);
  EXPECT_TRUE(as_service(kReadSearch, [&] { return !FileSegment::open(link).ok(); }));
}

TEST_F(UnreadableLogs, AProgramThatIsRunDoesNotInheritIt) {
  EXPECT_TRUE(
      as_service(kReadSearch, [&] { return std::system(("cat " + log + " >/dev/null 2>&1").c_str()) != 0; }));
}

}  // namespace
}  // namespace testudo
