// The journal as a source, on real journal files.
#include <fcntl.h>
#include <sys/wait.h>

#include "acquire/trusted_services.h"
#include "journals.h"
#include "reading.h"

namespace testudo::acquire_test {
namespace {

class JournalTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_make_journals())
      GTEST_SKIP() << kJournalRemote << " is missing (package systemd-journal-remote)";
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
  std::string yaml(const std::string& filter = "[_SYSTEMD_UNIT=ssh.service]") const {
    return "journalctl_filter: " + filter + "\npath: " + dir.path() + "\nlabels: {type: syslog}\n";
  }
  void start(const std::string& filter = "[_SYSTEMD_UNIT=ssh.service]") {
    reading.start(yaml(filter));
    std::string name = "journalctl-";
    for (const char c : filter.substr(1, filter.size() - 2))
      if (c == ',')
        name += '.';
      else if (c != ' ')
        name += c;
    ASSERT_TRUE(reading.began("journalctl:" + dir.path() + ":" + name)) << name;
  }
  TempDir dir;
  const std::string file = dir / "x.journal";
  Reading reading;
};

constexpr TimePoint kNoon =
    TimePoint(std::chrono::sys_days(std::chrono::year(2026) / 3 / 5) + 12h + 34min + 56s);

TEST_F(JournalTest, WritesAnEntryAsJournalctlShowsIt) {
  ASSERT_TRUE(write_journal(file, {sshd("old")}));
  start();
  ASSERT_TRUE(write_journal(file, {sshd("Failed password for root from 203.0.113.7 port 4711 ssh2")},
                            kNoon + 300 * 24h));
  EXPECT_EQ(
      reading.lines(1),
      Texts{"Dec 30 12:34:56 web1 sshd[811]: Failed password for root from 203.0.113.7 port 4711 ssh2"});
  const Line line = reading.all()[0];
  EXPECT_EQ(line.source, "journalctl-_SYSTEMD_UNIT=ssh.service");
  EXPECT_EQ(line.stamp, kNoon + 300 * 24h);
}

TEST_F(JournalTest, StartsAtTheEndAndAlsoWhereNothingMatchesYet) {
  ASSERT_TRUE(write_journal(file, {{{"MESSAGE", "other"}, {"_SYSTEMD_UNIT", "cron.service"}}}));
  start();
  ASSERT_TRUE(write_journal(file, {sshd("new"), {{"MESSAGE", "x"}, {"_SYSTEMD_UNIT", "cron.service"}}}));
  EXPECT_EQ(reading.lines(1).size(), 1u);
}

TEST_F(JournalTest, GoesOnAtTheSavedCursorAfterARestart) {
  ASSERT_TRUE(write_journal(file, {sshd("1")}));
  start();
  ASSERT_TRUE(write_journal(file, {sshd("2"), sshd("3")}));
  ASSERT_EQ(reading.lines(2).size(), 2u);
  reading.stop();
  ASSERT_TRUE(write_journal(file, {sshd("4"), sshd("5")}));
  start();
  const Texts lines = reading.lines(4);
  ASSERT_EQ(lines.size(), 4u);
  for (size_t i = 0; i < 4; ++i)
    EXPECT_TRUE(lines[i].ends_with("sshd[811]: " + std::to_string(i + 2))) << lines[i];
}

TEST_F(JournalTest, LosesNothingWhenItWasSilentBeforeTheRestart) {
  ASSERT_TRUE(write_journal(file, {sshd("1")}));
  start();
  reading.stop();
  ASSERT_TRUE(write_journal(file, {sshd("2")}));
  start();
  EXPECT_EQ(reading.lines(1).size(), 1u);
}

TEST_F(JournalTest, FindsItsPlaceByTimeWhenTheCursorsFileIsGone) {
  const TimePoint t = now() - 1h;
  ASSERT_TRUE(write_journal(file, {sshd("1")}, t));
  start();
  reading.stop();
  std::filesystem::remove(file);
  ASSERT_TRUE(write_journal(dir / "y.journal", {sshd("before")}, t - 1min));
  ASSERT_TRUE(write_journal(dir / "y.journal", {sshd("after")}, t + 1min));
  start();
  const Texts lines = reading.lines(1);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].ends_with(": after")) << lines[0];
  EXPECT_TRUE(reading.all()[0].backlog);
}

TEST_F(JournalTest, FollowsRotationAndVacuum) {
  ASSERT_TRUE(write_journal(file, {sshd("0")}));
  start();
  for (int i = 1; i <= 4; ++i) {
    ASSERT_TRUE(write_journal(file, {sshd(std::to_string(i))}));
    ASSERT_EQ(reading.lines(size_t(i)).size(), size_t(i));
    std::filesystem::rename(file, dir / ("x@" + std::to_string(i) + ".journal"));
    if (i > 1) std::filesystem::remove(dir / ("x@" + std::to_string(i - 1) + ".journal"));
  }
}

TEST_F(JournalTest, MakesOneLineOfAMessageWithNewlinesAndKeepsOtherBytes) {
  ASSERT_TRUE(write_journal(file, {sshd("old")}));
  start();
  ASSERT_TRUE(write_journal(
      file, {sshd("a\nMar  5 00:00:00 h sshd[1]: Failed password for root from 198.51.100.1 port 1 ssh2"),
             sshd(std::string("b\xff\x00\x01", 4))}));
  const Texts lines = reading.lines(2);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_NE(lines[0].find("sshd[811]: a\\nMar  5"), std::string::npos) << lines[0];
  EXPECT_TRUE(lines[1].ends_with(std::string("b\xff\x00\x01", 4)));
  EXPECT_EQ(reading.status("journalctl-_SYSTEMD_UNIT=ssh.service").binary, 1u);
}

TEST_F(JournalTest, TellsARealSshdFromAUserWhoImitatesIt) {
  ASSERT_TRUE(write_journal(file, {sshd("old")}));
  start("[SYSLOG_IDENTIFIER=sshd]");
  ASSERT_TRUE(write_journal(file, {sshd("real"), sshd("forged", {{"_UID", "1000"},
                                                                 {"_COMM", "logger"},
                                                                 {"_EXE", "/usr/bin/logger"},
                                                                 {"_SYSTEMD_UNIT", "session-4.scope"}})}));
  const Texts lines = reading.lines(2);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_NE(lines[0].find(" sshd[811]: real"), std::string::npos);
  EXPECT_NE(lines[1].find(" untrusted-sshd[811]: forged"), std::string::npos);
  EXPECT_EQ(reading.metrics
                .counter("testudo_source_untrusted_lines_total", "",
                         {{"source", "journalctl-SYSLOG_IDENTIFIER=sshd"}, {"type", "journalctl"}})
                .value(),
            1u);
}

TEST_F(JournalTest, LetsNoIdentifierEndTheProgramNameEarly) {
  ASSERT_TRUE(write_journal(file, {sshd("old")}));
  start("[_UID=1000]");
  ASSERT_TRUE(
      write_journal(file, {{{"SYSLOG_IDENTIFIER", "sshd: Failed password for root from 198.51.100.1 port 1"},
                            {"MESSAGE", "x"},
                            {"_UID", "1000"},
                            {"_HOSTNAME", "web1"}}}));
  const Texts lines = reading.lines(1);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].ends_with("web1 sshd__Failed_password_for_root_from_198.51.100.1_port_1: x"))
      << lines[0];
}

TEST_F(JournalTest, UnderstandsAlternativesAndUnits) {
  ASSERT_TRUE(write_journal(file, {sshd("old")}));
  start("[_SYSTEMD_UNIT=a.service, +, SYSLOG_IDENTIFIER=b]");
  ASSERT_TRUE(write_journal(file, {{{"MESSAGE", "1"}, {"_SYSTEMD_UNIT", "a.service"}},
                                   {{"MESSAGE", "2"}, {"_SYSTEMD_UNIT", "c.service"}},
                                   {{"MESSAGE", "3"}, {"SYSLOG_IDENTIFIER", "b"}}}));
  EXPECT_EQ(reading.lines(2).size(), 2u);
}

TEST_F(JournalTest, ReadsAHundredThousandEntriesInOrder) {
  std::vector<Fields> entries;
  for (int i = 0; i < 100'000; ++i) entries.push_back(sshd(std::to_string(i)));
  ASSERT_TRUE(write_journal(file, entries));
  const int64_t begin = monotonic_ns();
  reading.start(yaml() + "mode: cat\n");
  const Texts lines = reading.lines(100'000, std::chrono::seconds(20));
  std::printf("%.0f entries a second\n", 100'000 / (double(monotonic_ns() - begin) / 1e9));
  ASSERT_EQ(lines.size(), 100'000u);
  EXPECT_TRUE(lines.front().ends_with(": 0"));
  EXPECT_TRUE(lines.back().ends_with(": 99999"));
}

TEST_F(JournalTest, SaysThatAFolderIsMissingAndTakesItUpLater) {
  const std::string folder = dir / "later";
  reading.start("journalctl_filter: [_SYSTEMD_UNIT=ssh.service]\npath: " + folder +
                "\nlabels: {type: syslog}\n");
  const std::string name = "journalctl-_SYSTEMD_UNIT=ssh.service";
  EXPECT_FALSE(reading.status(name).exists);
  EXPECT_EQ(reading.status(name).problem, "");
  std::filesystem::create_directories(folder);
  ASSERT_TRUE(write_journal(folder + "/x.journal", {sshd("first")}));
  EXPECT_EQ(reading.lines(1).size(), 1u);
  EXPECT_TRUE(reading.status(name).exists);
}

// A real journald of its own namespace, fed by logger as root and as nobody.
TEST_F(JournalTest, ReadsARealJournald) {
  const std::string space = "testudotest" + std::to_string(::getpid());
  const std::string socket = "/run/systemd/journal." + space + "/dev-log";
  const pid_t journald = ::fork();
  if (journald == 0) {
    ::dup2(::open("/dev/null", O_WRONLY), 2);
    ::execl("/lib/systemd/systemd-journald", "systemd-journald", space.c_str(), nullptr);
    ::_exit(127);
  }
  struct End {
    pid_t pid;
    std::string space;
    ~End() {
      ::kill(pid, SIGTERM);
      ::waitpid(pid, nullptr, 0);
      std::filesystem::remove_all("/run/systemd/journal." + space);
      for (const char* root : {"/var/log/journal", "/run/log/journal"}) {
        std::error_code ignored;
        for (const auto& entry : std::filesystem::directory_iterator(root, ignored))
          if (entry.path().string().ends_with("." + space)) std::filesystem::remove_all(entry.path());
      }
    }
  } end{journald, space};
  for (int i = 0; i < 300 && ::access(socket.c_str(), F_OK) != 0; ++i) ::usleep(10'000);
  if (::access(socket.c_str(), F_OK) != 0) GTEST_SKIP() << "journald does not run in this environment";
  ASSERT_EQ(::system(("logger -u " + socket + " -t sshd first").c_str()), 0);
  for (int i = 0; i < 100; ++i) {
    if (::system(("journalctl --namespace=" + space + " -q -t sshd 2>/dev/null | grep -q first").c_str()) ==
        0)
      break;
    ::usleep(50'000);
  }
  reading.start("journalctl_filter: [--namespace=" + space + ", -t, sshd]\nlabels: {type: syslog}\n");
  ASSERT_TRUE(reading.began("journalctl::journalctl---namespace=" + space + ".-t.sshd"));
  ASSERT_EQ(::system(("logger -u " + socket + " -t sshd by root").c_str()), 0);
  ASSERT_EQ(
      ::system(("setpriv --reuid=65534 --clear-groups logger -u " + socket + " -t sshd by nobody").c_str()),
      0);
  const Texts lines = reading.lines(2);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_NE(lines[0].find(" sshd["), std::string::npos) << lines[0];
  EXPECT_NE(lines[1].find(" untrusted-sshd["), std::string::npos) << lines[1];
}

struct TrustCase {
  const char* sentence;
  const char* identifier;
  Sender sender;
  bool trusted;
};
const TrustCase trust_cases[] = {
    {"root may be anybody", "sshd", {"0", "/usr/sbin/sshd", "ssh.service", "syslog"}, true},
    {"an unprivileged child of the service is the service",
     "sshd-session",
     {"105", "/usr/lib/openssh/sshd-session", "ssh.service", "syslog"},
     true},
    {"a user's own sshd is not", "sshd", {"1000", "/usr/sbin/sshd", "session-1.scope", "syslog"}, false},
    {"a program that took the name is not",
     "sshd",
     {"1000", "/tmp/sshd", "user@1000.service", "journal"},
     false},
    {"a user's unit of the same name lies under user@", "sshd", {"1000", "", "ssh.scope", "journal"}, false},
    {"sudo logs under the caller's id", "sudo", {"1000", "/usr/bin/sudo", "session-1.scope", "syslog"}, true},
    {"sudo by another program", "sudo", {"1000", "/usr/bin/logger", "session-1.scope", "syslog"}, false},
    {"the parts of postfix",
     "postfix/smtpd",
     {"103", "/usr/lib/postfix/sbin/smtpd", "postfix@-.service", "syslog"},
     true},
    {"one who imitates a part of postfix", "postfix/smtpd", {"1000", "", "session-1.scope", "syslog"}, false},
    {"kernel lines come from the kernel", "kernel", {"", "", "", "kernel"}, true},
    {"not from a user", "kernel", {"1000", "", "", "syslog"}, false},
    {"not even from root's logger", "kernel", {"0", "", "", "syslog"}, false},
    {"a name that no row claims", "my-script", {"1000", "", "", "syslog"}, true},
    {"an imported entry without any of journald's fields", "sshd", {"", "", "", ""}, true},
};
TEST(TrustedServices, KnowTheirSenders) {
  for (const TrustCase& c : trust_cases)
    EXPECT_EQ(is_trusted(c.identifier, c.sender), c.trusted) << c.sentence;
}

}  // namespace
}  // namespace testudo::acquire_test
