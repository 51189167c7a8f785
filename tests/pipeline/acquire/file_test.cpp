// What a file source promises while it runs.
#include <sys/stat.h>
#include <sys/wait.h>

#include "reading.h"

namespace testudo::acquire_test {
namespace {

class FileTest : public testing::Test {
 protected:
  std::string yaml(const std::string& more = "") const {
    return "filename: " + log + "\nlabels: {type: syslog}\n" + more;
  }
  void start(const std::string& more = "") {
    reading.start(yaml(more));
    ASSERT_TRUE(reading.began("file:" + log));
  }
  TempDir dir;
  const std::string log = dir / "auth.log";
  Reading reading;
};

TEST_F(FileTest, StartsAtTheEndOnANewInstallation) {
  append(log, "old 1\nold 2\n");
  start();
  append(log, "new 1\nnew 2\n");
  EXPECT_EQ(reading.lines(2), (Texts{"new 1", "new 2"}));
  EXPECT_FALSE(reading.all()[0].backlog);
}

TEST_F(FileTest, DeliversALineWhoseBeginningWasThereBeforeTheStartWhole) {
  append(log, "old\nhal");
  start();
  append(log, "f\n");
  EXPECT_EQ(reading.lines(1), Texts{"half"});
}

struct WitnessCase {
  const char* yaml;
  uint8_t asked;
};
TEST_F(FileTest, SaysWithItsLinesWhetherTheirAddressesMustHaveBeenOnTheWire) {
  const WitnessCase cases[] = {{"", witness::kByService},
                               {"witness: auto\n", witness::kByService},
                               {"witness: on\n", witness::kAlways},
                               {"witness: off\n", witness::kOff}};
  for (const WitnessCase& c : cases) {
    Reading one;
    const std::string file = dir / ("log" + std::to_string(c.asked) + std::to_string(&c - cases));
    one.start("filename: " + file + "\nlabels: {type: x}\n" + c.yaml);
    append(file, "line\n");
    one.lines(1);
    ASSERT_FALSE(one.all().empty()) << c.yaml;
    EXPECT_EQ(one.all()[0].witness, c.asked) << c.yaml;
  }
}

TEST_F(FileTest, WaitsForTheNewline) {
  append(log, "");
  start();
  append(log, "one\ntw");
  EXPECT_EQ(reading.lines(1), Texts{"one"});
  append(log, "o\n");
  EXPECT_EQ(reading.lines(2), (Texts{"one", "two"}));
}

TEST_F(FileTest, DropsCarriageReturnsAndEmptyLinesAndKeepsEveryOtherByte) {
  append(log, "");
  start();
  append(log, std::string("a\r\n\n\r\nb\xff\xfe\x80\n", 11) + std::string("c\0d\n", 4));
  EXPECT_EQ(reading.lines(3), (Texts{"a", "b\xff\xfe\x80", std::string("c\0d", 3)}));
  EXPECT_EQ(reading.status(log).binary, 1u);
}

TEST_F(FileTest, ReadsAFileThatAppearsLaterFromItsBeginning) {
  start();
  EXPECT_FALSE(reading.status(log).exists);
  EXPECT_EQ(reading.status(log).problem, "");
  append(log, "first\n");
  EXPECT_EQ(reading.lines(1), Texts{"first"});
  EXPECT_TRUE(reading.status(log).exists);
}

TEST_F(FileTest, ReadsAFileInAFolderThatAppearsLater) {
  reading.start("filename: " + (dir / "a/b/c.log") + "\nlabels: {type: syslog}\n");
  ASSERT_TRUE(reading.began("file:" + (dir / "a/b/c.log")));
  std::filesystem::create_directories(dir / "a/b");
  append(dir / "a/b/c.log", "deep\n");
  EXPECT_EQ(reading.lines(1), Texts{"deep"});
}

TEST_F(FileTest, TakesUpNewFilesAndFoldersThatAPatternMatches) {
  std::filesystem::create_directories(dir / "site1");
  append(dir / "site1/access.log", "old\n");
  reading.start("filenames: [" + (dir / "*/access.log") + "]\nlabels: {type: nginx}\n");
  ASSERT_TRUE(reading.began("file:" + (dir / "site1/access.log")));
  append(dir / "site1/access.log", "one\n");
  ASSERT_EQ(reading.lines(1), Texts{"one"});
  std::filesystem::create_directories(dir / "site2");
  append(dir / "site2/access.log", "two\n");
  EXPECT_EQ(reading.lines(2), (Texts{"one", "two"}));
  EXPECT_EQ(reading.all()[1].source, dir / "site2/access.log");
}

TEST_F(FileTest, LeavesOutExcludedCompressedAndRotatedNames) {
  for (const char* name : {"a.log", "a.log.1", "a.log-20260101", "a.log.2.gz", "debug.log"})
    append(dir / name, "");
  reading.start("filename: " + (dir / "*") + "\nexclude_regexps: ['debug']\nlabels: {type: nginx}\n");
  ASSERT_TRUE(reading.began("file:" + (dir / "a.log")));
  EXPECT_EQ(reading.acquirer().status().size(), 1u);
}

TEST_F(FileTest, FollowsARenameAndLosesNothingThatIsStillWrittenToTheOldFile) {
  append(log, "");
  start();
  std::ofstream writer(log, std::ios::app);
  writer << "1\n" << std::flush;
  ASSERT_EQ(reading.lines(1).size(), 1u);
  std::filesystem::rename(log, log + ".1");
  writer << "2\n" << std::flush;  // the writer has not reopened yet
  EXPECT_EQ(reading.lines(2).size(), 2u);
  append(log, "3\n");
  EXPECT_EQ(reading.lines(3).size(), 3u);
  writer << "4\n" << std::flush;
  append(log, "5\n");
  Texts lines = reading.lines(5);
  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(lines, (Texts{"1", "2", "3", "4", "5"}));
}

TEST_F(FileTest, DeliversTheRestWithoutNewlineOfARotatedFile) {
  append(log, "1\n");
  start();
  append(log, "2\nrest");
  ASSERT_EQ(reading.lines(1), Texts{"2"});
  std::filesystem::rename(log, log + ".1");
  append(log, "3\n");
  EXPECT_EQ(reading.lines(3), (Texts{"2", "3", "rest"}));
}

TEST_F(FileTest, StartsAgainAfterTruncation) {
  append(log, "a long first line\n");
  start();
  append(log, "before\n");
  ASSERT_EQ(reading.lines(1), Texts{"before"});
  overwrite(log, "after\n");
  EXPECT_EQ(reading.lines(2), (Texts{"before", "after"}));
}

TEST_F(FileTest, SeesThatAFileWasRewrittenToTheSameSize) {
  append(log, "");
  start();
  append(log, "line one\n");
  ASSERT_EQ(reading.lines(1), Texts{"line one"});
  overwrite(log, "line two\n");
  EXPECT_EQ(reading.lines(2), (Texts{"line one", "line two"}));
}

TEST_F(FileTest, FindsInTheCopyWhatCopytruncateTookAway) {
  append(log, "");
  start();
  append(log, "1\n");
  ASSERT_EQ(reading.lines(1), Texts{"1"});
  // What the reader sees when it comes too late for line 2: an old position, a copy, a file begun anew.
  const auto positions = reading.positions();
  reading.stop();
  append(log, "2\n");
  std::filesystem::copy_file(log, log + ".1");
  overwrite(log, "3\n");
  reading.restore(positions);
  start();
  EXPECT_EQ(reading.lines(3), (Texts{"1", "2", "3"}));
}

TEST_F(FileTest, SkipsTheHoleThatAWriterLeavesAfterTruncation) {
  std::ofstream writer(log);  // not appending: it goes on at its own offset
  writer << std::string(20000, 'x') << "\n" << std::flush;
  start();
  writer << "before\n" << std::flush;
  ASSERT_EQ(reading.lines(1), Texts{"before"});
  std::filesystem::resize_file(log, 0);
  writer << "after\n" << std::flush;
  EXPECT_EQ(reading.lines(2), (Texts{"before", "after"}));
}

TEST_F(FileTest, FollowsDeletionAndANewFile) {
  append(log, "");
  start();
  append(log, "1\n");
  ASSERT_EQ(reading.lines(1).size(), 1u);
  std::filesystem::remove(log);
  append(log, "2\n");
  EXPECT_EQ(reading.lines(2), (Texts{"1", "2"}));
}

TEST_F(FileTest, FollowsASymbolicLinkAndReadsItsTargetOnce) {
  append(dir / "real-1", "");
  std::filesystem::create_symlink(dir / "real-1", dir / "current");
  reading.start("filenames: [" + (dir / "current") + ", " + (dir / "real-*") + "]\nlabels: {type: syslog}\n");
  ASSERT_TRUE(reading.began("file:" + (dir / "current")));
  append(dir / "real-1", "1\n");
  ASSERT_EQ(reading.lines(1), Texts{"1"});
  append(dir / "fresh", "2\n");
  std::filesystem::create_symlink(dir / "fresh", dir / "next");
  std::filesystem::rename(dir / "next", dir / "current");
  EXPECT_EQ(reading.lines(2), (Texts{"1", "2"}));
}

TEST_F(FileTest, CutsALineOfTenMegabytesAtTheLimit) {
  append(log, "");
  start("max_buffer_size: 4096\n");
  append(log, std::string(10 << 20, 'x') + "\nnext\n");
  const Texts lines = reading.lines(2);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], std::string(4096, 'x'));
  EXPECT_EQ(lines[1], "next");
  EXPECT_EQ(reading.status(log).too_long, 1u);
}

TEST_F(FileTest, FollowsWithoutInotify) {
  append(log, "old\n");
  start("poll_without_inotify: true\n");
  append(log, "1\n");
  ASSERT_EQ(reading.lines(1), Texts{"1"});
  std::filesystem::rename(log, log + ".1");
  append(log, "2\n");
  EXPECT_EQ(reading.lines(2), (Texts{"1", "2"}));
}

TEST_F(FileTest, ReadsOnceInLogTimeInModeCat) {
  append(log, "1\n2\nno newline");
  reading.start(yaml("mode: cat\n"));
  EXPECT_EQ(reading.lines(3), (Texts{"1", "2", "no newline"}));
  for (int i = 0; i < 100 && !reading.acquirer().done(); ++i) ::usleep(10'000);
  EXPECT_TRUE(reading.acquirer().done());
}

TEST_F(FileTest, ReadsTwoHundredFiles) {
  reading.start("filename: " + (dir / "*.log") + "\nlabels: {type: nginx}\n");
  ASSERT_TRUE(reading.began("file-pattern:" + (dir / "*.log") + "|"));
  for (int round = 0; round < 5; ++round)
    for (int i = 0; i < 200; ++i)
      append(dir / ("f" + std::to_string(i) + ".log"),
             std::to_string(i) + ":" + std::to_string(round) + "\n");
  Texts lines = reading.lines(1000);
  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(lines.size(), 1000u);
  EXPECT_EQ(std::unique(lines.begin(), lines.end()) - lines.begin(), 1000);
}

TEST_F(FileTest, RefusesWhatIsNotARegularFile) {
  ASSERT_EQ(::mkfifo(log.c_str(), 0600), 0);
  reading.start(yaml());
  for (int i = 0; i < 100 && reading.status(log).problem.empty(); ++i) ::usleep(10'000);
  EXPECT_NE(reading.status(log).problem.find("not a regular file"), std::string::npos);
}

TEST_F(FileTest, CountsForStatusAndMetrics) {
  append(log, "");
  start();
  append(log, "1\n22\n");
  ASSERT_EQ(reading.lines(2).size(), 2u);
  const SourceStatus status = reading.status(log);
  EXPECT_EQ(status.type, "file");
  EXPECT_EQ(status.log_type, "syslog");
  EXPECT_EQ(status.lines, 2u);
  EXPECT_EQ(status.bytes, 5u);
  EXPECT_LT(now() - status.last_line, 10s);
  EXPECT_EQ(reading.metrics
                .counter("cs_filesource_hits_total", "",
                         {{"source", log}, {"datasource_type", "file"}, {"acquis_type", "syslog"}})
                .value(),
            2u);
}

TEST_F(FileTest, StopsWithinASecondAlsoWhileItHasMuchToRead) {
  append(log, "");
  start();
  std::string text;
  for (int i = 0; i < 400'000; ++i) text += "a line of some length that is repeated\n";
  append(log, text);
  const int64_t before = monotonic_ns();
  reading.stop();
  EXPECT_LT(monotonic_ns() - before, 1'000'000'000);
}

}  // namespace
}  // namespace testudo::acquire_test
