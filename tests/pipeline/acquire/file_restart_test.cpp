// What survives: restarts, rotation while nobody reads, crashes, a stopped process, missing permission.
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>

#include <csignal>
#include <functional>
#include <random>

#include "reading.h"

namespace testudo::acquire_test {
namespace {

class RestartTest : public testing::Test {
 protected:
  void start() {
    reading.start("filename: " + log + "\nlabels: {type: syslog}\n");
    ASSERT_TRUE(reading.began("file:" + log));
  }
  /// Reads "1", then stops.
  void read_one_and_stop() {
    append(log, "");
    start();
    append(log, "1\n");
    ASSERT_EQ(reading.lines(1), Texts{"1"});
    reading.stop();
  }
  TempDir dir;
  const std::string log = dir / "auth.log";
  Reading reading;
};

TEST_F(RestartTest, GoesOnWhereItWas) {
  read_one_and_stop();
  append(log, "2\n3\n");
  start();
  EXPECT_EQ(reading.lines(3), (Texts{"1", "2", "3"}));
  EXPECT_TRUE(reading.all()[1].backlog);
  append(log, "4\n");
  ASSERT_EQ(reading.lines(4).size(), 4u);
  EXPECT_FALSE(reading.all()[3].backlog) << "only what was there at the start is late";
}

TEST_F(RestartTest, ReadsLinesOfAFileThatWasSilentBefore) {
  append(log, "old\n");
  start();
  reading.stop();
  append(log, "1\n");
  start();
  EXPECT_EQ(reading.lines(1), Texts{"1"});
}

TEST_F(RestartTest, ReadsAFileThatCameWhileItWasDown) {
  start();
  reading.stop();
  append(log, "1\n");
  start();
  EXPECT_EQ(reading.lines(1), Texts{"1"});
}

TEST_F(RestartTest, ReadsAMatchOfAPatternThatCameWhileItWasDown) {
  const std::string yaml = "filename: " + (dir / "*.log") + "\nlabels: {type: syslog}\n";
  append(dir / "a.log", "old\n");
  reading.start(yaml);
  ASSERT_TRUE(reading.began("file-pattern:" + (dir / "*.log") + "|"));
  reading.stop();
  append(dir / "b.log", "1\n");
  reading.start(yaml);
  EXPECT_EQ(reading.lines(1), Texts{"1"});
}

TEST_F(RestartTest, FinishesARotatedFileBeforeTheNewOne) {
  read_one_and_stop();
  append(log, "2\n");
  std::filesystem::rename(log, log + ".1");
  append(log, "3\n");
  start();
  EXPECT_EQ(reading.lines(3), (Texts{"1", "2", "3"}));
}

TEST_F(RestartTest, ReadsEveryFileOfSeveralRotations) {
  read_one_and_stop();
  append(log, "2\n");
  for (int i = 3; i <= 6; ++i) {
    for (int n = 5; n >= 1; --n)
      if (std::filesystem::exists(log + "." + std::to_string(n)))
        std::filesystem::rename(log + "." + std::to_string(n), log + "." + std::to_string(n + 1));
    std::filesystem::rename(log, log + ".1");
    append(log, std::to_string(i) + "\n");
  }
  start();
  EXPECT_EQ(reading.lines(6), (Texts{"1", "2", "3", "4", "5", "6"}));
}

TEST_F(RestartTest, ReadsWhatCopytruncateLeftInSeveralCopies) {
  read_one_and_stop();
  append(log, "2\n");
  std::filesystem::copy_file(log, log + ".1");
  overwrite(log, "3\n");
  std::filesystem::rename(log + ".1", log + ".2");
  std::filesystem::copy_file(log, log + ".1");
  overwrite(log, "a longer line than all of the first file was\n");
  start();
  EXPECT_EQ(reading.lines(4), (Texts{"1", "2", "3", "a longer line than all of the first file was"}));
}

TEST_F(RestartTest, ReadsTheNewFileWhenTheOldOneIsCompressed) {
  read_one_and_stop();
  std::filesystem::rename(log, log + ".1.gz");  // whatever is in it: its name says that it is not for us
  append(log, "3\n");
  start();
  EXPECT_EQ(reading.lines(2), (Texts{"1", "3"}));
}

TEST_F(RestartTest, ReadsAnUncompressedRotationAfterACompressedOne) {
  read_one_and_stop();
  std::filesystem::remove(log);  // gone, as if compressed
  append(log + ".1", "2\n");
  append(log, "3\n");
  start();
  EXPECT_EQ(reading.lines(3), (Texts{"1", "2", "3"}));
}

TEST_F(RestartTest, StartsAgainAfterTruncationWhileItWasDown) {
  read_one_and_stop();
  overwrite(log, "a new file that is longer than the old one\n");
  start();
  EXPECT_EQ(reading.lines(2), (Texts{"1", "a new file that is longer than the old one"}));
}

TEST_F(RestartTest, ReadsOnlyWhatWasNotCommittedOnceMoreAfterACrash) {
  read_one_and_stop();
  const auto committed = reading.positions();
  start();
  append(log, "2\n");
  ASSERT_EQ(reading.lines(2).size(), 2u);
  reading.stop();
  reading.restore(committed);
  start();
  EXPECT_EQ(reading.lines(3), (Texts{"1", "2", "2"}));
  EXPECT_TRUE(reading.all()[2].backlog);
}

TEST_F(RestartTest, LosesAndDoublesNothingUnderRandomRotationAndRestarts) {
  std::mt19937 random(20260105);
  append(log, "");
  start();
  int written = 0;
  for (int step = 0; step < 150; ++step) {
    for (unsigned i = random() % 4; i > 0; --i) append(log, "line " + std::to_string(written++) + "\n");
    switch (random() % 5) {
      case 0:  // rename
        for (int n = 8; n >= 1; --n)
          if (std::filesystem::exists(log + "." + std::to_string(n)))
            std::filesystem::rename(log + "." + std::to_string(n), log + "." + std::to_string(n + 1));
        std::filesystem::rename(log, log + ".1");
        append(log, "");
        break;
      case 1:  // restart
        reading.stop();
        if (random() % 2) append(log, "line " + std::to_string(written++) + "\n");
        start();
        break;
      case 2:
        ::usleep(2000);
        break;
      default:
        break;
    }
  }
  Texts lines = reading.lines(size_t(written)), expected;
  for (int i = 0; i < written; ++i) expected.push_back("line " + std::to_string(i));
  std::sort(lines.begin(), lines.end());
  std::sort(expected.begin(), expected.end());
  Texts lost, doubled;
  std::set_difference(expected.begin(), expected.end(), lines.begin(), lines.end(), std::back_inserter(lost));
  std::set_difference(lines.begin(), lines.end(), expected.begin(), expected.end(),
                      std::back_inserter(doubled));
  EXPECT_EQ(lost, Texts{});
  EXPECT_EQ(doubled, Texts{});
}

// A child of its own uid and with the same source in it; `body` returns its exit status.
int in_child(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

TEST_F(RestartTest, NamesAnUnreadableFileAndReadsItWhenItIsAllowedTo) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  append(log, "old\n");
  ::chmod(dir.path().c_str(), 0755);
  ::chmod(log.c_str(), 0600);
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t opener = ::fork();
  if (opener == 0) {  // root: once the source has seen it closed, opens it and writes
    char byte;
    if (::read(ready[0], &byte, 1) == 1) {
      append(log, "1\n");
      ::chmod(log.c_str(), 0644);
    }
    ::_exit(0);
  }
  const int result = in_child([&] {
    if (::setuid(65534) != 0) return 10;
    Reading mine;
    mine.start("filename: " + log + "\nlabels: {type: syslog}\n");
    for (int i = 0; i < 200 && mine.status(log).problem.empty(); ++i) ::usleep(10'000);
    const std::string problem = mine.status(log).problem;
    if (problem.find("Permission denied") == std::string::npos ||
        problem.find("usermod -aG adm") == std::string::npos)
      return 11;
    if (::write(ready[1], "x", 1) != 1) return 12;
    if (mine.lines(1) != Texts{"1"}) return 13;
    if (!mine.status(log).problem.empty()) return 14;
    return 0;
  });
  ::close(ready[1]);
  ::waitpid(opener, nullptr, 0);
  EXPECT_EQ(result, 0);
}

TEST_F(RestartTest, MarksWhatCameWhileTheProcessWasStoppedAsBacklog) {
  append(log, "");
  int go[2];
  ASSERT_EQ(::pipe(go), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(30);
    Reading mine;
    mine.start("filename: " + log + "\nlabels: {type: syslog}\n");
    if (!mine.began("file:" + log) || ::write(go[1], "x", 1) != 1) ::_exit(10);
    if (mine.lines(2, std::chrono::seconds(15)).size() != 2) ::_exit(11);
    const bool right = mine.all()[0].backlog && mine.all()[1].backlog;
    append(log, "live\n");
    if (mine.lines(3).size() != 3) ::_exit(12);
    ::_exit(right && !mine.all()[2].backlog ? 0 : 13);
  }
  char byte;
  ASSERT_EQ(::read(go[0], &byte, 1), 1);
  ::kill(child, SIGSTOP);
  ASSERT_EQ(::waitpid(child, nullptr, WUNTRACED), child);
  append(log, "1\n");
  ::usleep(5'600'000);
  append(log, "2\n");
  ::kill(child, SIGCONT);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace testudo::acquire_test
