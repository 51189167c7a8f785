// Logs that hold what no log should: nothing crashes, and honest lines behind it still ban.
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <random>

#include "support/installation.h"

namespace testudo::support {
namespace {

std::string noise(size_t bytes) {
  std::mt19937_64 random(20261124);
  std::string out;
  while (out.size() < bytes) {
    const uint64_t word = random();
    out.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  return out;
}

struct Garbage {
  const char* what;
  std::string bytes;
};
const std::vector<Garbage>& garbage() {
  static const std::vector<Garbage> all = {
      {"a line of 10 MB", std::string(10 << 20, 'a') + "\n"},
      {"an sshd line of 10 MB",
       sshd_line("Failed password for " + std::string(10 << 20, 'x') + " from 203.0.113.99 port 1 ssh2")},
      {"NUL bytes", std::string("\0\0\0\n\0", 5) + sshd_line(std::string("Failed pass\0word for root", 25))},
      {"invalid UTF-8", sshd_line("Invalid user \xff\xfe\xc0\xaf\xed\xa0\x80 from 203.0.113.98 port 1")},
      {"a MiB of noise", noise(1 << 20) + "\n"},
      {"empty lines and carriage returns", "\n\n\r\n\r\r\n   \n"},
      {"headers without a message",
       "Feb  3 10:00:00\nFeb  3 10:00:00 web1\nFeb  3 10:00:00 web1 sshd[1]:\n<<<<\n"},
      {"a header that is exponential in backtracking engines",
       "Feb  3 10:00:00 " + std::string("a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-!") +
           " sshd[1]: x\n"},
      {"addresses that are none", sshd_line("Failed password for root from 999.1.2.3 port 1 ssh2") +
                                      sshd_line("Failed password for root from ::::: port 1 ssh2")},
  };
  return all;
}

void expect_to_survive(Installation& it) {
  it.start();
  int host = 10;
  for (const Garbage& g : garbage()) {
    const std::string honest = "203.0.113." + std::to_string(++host);
    it.append("auth.log", g.bytes);
    it.append("auth.log", brute_force(honest));
    EXPECT_TRUE(wait_until([&] { return it.banned(honest) || !it.daemon().running(); })) << g.what;
    ASSERT_TRUE(it.daemon().running()) << g.what << "\n" << it.daemon().err();
  }
  EXPECT_EQ(it.decisions().size(), garbage().size()) << "nobody but the honest lines' sources is banned";
}

TEST(InputGarbage, DoesNotStopOwnContent) {
  Installation it;
  expect_to_survive(it);
  const std::string metrics = it.testudo({"metrics", "-o", "raw"}).out;
  EXPECT_NE(metrics.find("testudo_source_too_long_lines_total{"), std::string::npos);
  EXPECT_NE(metrics.find("testudo_source_binary_lines_total{"), std::string::npos);
  EXPECT_EQ(it.daemon().end(SIGTERM).status, 0);
}

TEST(InputGarbage, DoesNotStopTheHubsContent) {
  TESTUDO_NEED_HUB();
  Installation it;
  it.use_hub();
  expect_to_survive(it);
}

TEST(InputGarbage, IsReplayedAndRehearsedAsWell) {
  Installation it;
  std::string all;
  for (const Garbage& g : garbage()) all += g.bytes + brute_force("203.0.113.11");
  it.write("auth.log", all);
  it.config();
  const Finished replayed = it.testudo({"replay", "-t", "syslog", it.path("auth.log"), "-o", "json"});
  EXPECT_EQ(replayed.status, 0) << replayed.err;
  EXPECT_NE(replayed.out.find("203.0.113.11"), std::string::npos);
  EXPECT_EQ(it.json({"rehearse"}).at("sources").at(0).at("value"), "203.0.113.11");
}

TEST(InputGarbage, ALogThatCannotBeReadIsNamedInStatus) {
  Installation it;
  it.write("secret.log", "");
  ASSERT_EQ(::chmod(it.path("secret.log").c_str(), 0), 0);
  it.set("acquire", "{files: [], sources: [{filenames: [" + it.path("auth.log") + ", " +
                        it.path("secret.log") + "], labels: {type: syslog}}]}");
  // Root reads everything unless it gives these up.
  it.start([] {
    ::prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE);
    ::prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH);
  });
  std::string shown;
  EXPECT_TRUE(wait_until([&] {
    shown = it.testudo({"status"}).out;
    return shown.find("secret.log: ") != std::string::npos;
  })) << shown;
  EXPECT_NE(shown.find("ermission denied"), std::string::npos) << shown;
  it.append("auth.log", brute_force("203.0.113.5"));
  EXPECT_TRUE(wait_until([&] { return it.banned("203.0.113.5"); })) << "the other log is read all the same";
}

}  // namespace
}  // namespace testudo::support
