// rehearse and replay: past lines through the enabled content; no daemon, nobody is banned, nothing is made.
#include <filesystem>

#include "support/installation.h"

namespace testudo::support {
namespace {

std::string line_at(TimePoint at, const std::string& message) {
  return format_rfc3339_seconds(at) + " web1 sshd[77]: " + message + "\n";
}
std::string attack(TimePoint at, const std::string& address) {
  std::string out;
  for (int i = 0; i < 8; ++i)
    out += line_at(at + std::chrono::seconds(i), "Failed password for root from " + address + " port " +
                                                     std::to_string(40000 + i) + " ssh2");
  return out;
}

class CliRehearse : public ::testing::Test {
 protected:
  CliRehearse() {
    const TimePoint present = now();
    it.write("auth.log", attack(present - 1h, "203.0.113.1"));
    it.write("auth.log.1",
             attack(present - 26h, "203.0.113.2") +
                 line_at(present - 25h, "Accepted password for alice from 203.0.113.2 port 40100 ssh2"));
    it.write("auth.log.2", attack(present - 50h, "203.0.113.3"));
    EXPECT_EQ(run({"gzip", it.path("auth.log.2")}).status, 0);
    it.config();
  }
  Installation it;
};

TEST_F(CliRehearse, ReadsRotatedLogsAndNamesWhoHasLoggedInSince) {
  const auto said = it.json({"rehearse", "--since", "7d"});
  ASSERT_EQ(said.at("sources").as_array().size(), 3u) << boost::json::serialize(said);
  for (const auto& source : said.at("sources").as_array()) {
    const bool alice = source.at("value") == "203.0.113.2";
    EXPECT_EQ(source.at("would_be_banned"), true);
    EXPECT_EQ(source.at("logins").as_array().size(), alice ? 1u : 0u);
    if (!alice) continue;
    EXPECT_TRUE(std::string(source.at("logins").at(0).as_string()).starts_with("alice at "));
  }
  ASSERT_EQ(said.at("read").as_array().size(), 3u);
  for (const auto& file : said.at("read").as_array()) {
    const std::string name(file.at("name").as_string());
    EXPECT_TRUE(name.starts_with(it.path("auth.log"))) << name;
    EXPECT_EQ(file.at("lines"), name.ends_with(".1") ? 9 : 8) << name;
    EXPECT_EQ(file.at("problem"), "") << name;
  }

  const Finished human = it.testudo({"rehearse"});
  EXPECT_EQ(human.status, 0) << human.err;
  for (const char* part :
       {"203.0.113.1", "alice at ", "1 of them have logged in since: allowlist them first"})
    EXPECT_NE(human.out.find(part), std::string::npos) << part << "\n" << human.out;
  const Finished raw = it.testudo({"rehearse", "-o", "raw"});
  EXPECT_TRUE(raw.out.starts_with("address,reason,first,last,logins\n")) << raw.out;
  for (const char* made : {"state", "run", "pin"})
    EXPECT_FALSE(std::filesystem::exists(it.path(made))) << made << ": a rehearsal leaves nothing";
}

TEST_F(CliRehearse, LinesBeforeTheTimeAskedForDoNotCount) {
  const auto said = it.json({"rehearse", "--since", "3h"});
  ASSERT_EQ(said.at("sources").as_array().size(), 1u);
  EXPECT_EQ(said.at("sources").at(0).at("value"), "203.0.113.1");
}

TEST_F(CliRehearse, WithoutAnyLogItSaysWhatIsMissing) {
  it.set("acquire", "{files: [], sources: []}");
  it.config();
  const Finished done = it.testudo({"rehearse"});
  EXPECT_EQ(done.status, 1);
  EXPECT_NE(done.err.find("no log is configured"), std::string::npos) << done.err;
}

TEST_F(CliRehearse, ReplayPrintsAlertsOnStandardOutputAndTheSummaryOnStandardError) {
  const Finished json = it.testudo({"replay", "--type", "syslog", it.path("auth.log"), "-o", "json"});
  ASSERT_EQ(json.status, 0) << json.err;
  ASSERT_EQ(std::count(json.out.begin(), json.out.end(), '\n'), 1) << json.out;
  const auto alert = boost::json::parse(json.out);
  EXPECT_EQ(alert.at("scenario"), "testudo/ssh-bruteforce");
  EXPECT_EQ(alert.at("scope"), "Ip");
  EXPECT_EQ(alert.at("value"), "203.0.113.1");
  EXPECT_TRUE(alert.at("line").is_int64());
  EXPECT_EQ(alert.as_object().size(), 7u);
  const auto summary = boost::json::parse(json.err);
  EXPECT_EQ(summary.at("lines"), 8);
  EXPECT_EQ(summary.at("parsed"), 8);
  EXPECT_NE(it.testudo({"replay", "-t", "syslog", it.path("auth.log")}).out.find("Ip:203.0.113.1"),
            std::string::npos);
  EXPECT_TRUE(it.testudo({"replay", "-t", "syslog", it.path("auth.log"), "-o", "raw"})
                  .out.starts_with("line,scenario,value,events_count,start_at,stop_at,note\n"));
  EXPECT_EQ(it.testudo({"replay", "-t", "nginx", it.path("auth.log")}).out, "No alert\n");
}

TEST_F(CliRehearse, ReplayTellsThePeakOfItsOwnMemoryAndNotOfItsParents) {
  const std::string held(400u << 20, 'x');
  const Finished json = it.testudo({"replay", "--type", "syslog", it.path("auth.log"), "-o", "json"});
  const int64_t peak = boost::json::parse(json.err).at("peak_rss_bytes").as_int64();
  EXPECT_GT(peak, 1 << 20);
  EXPECT_LT(peak, int64_t(held.size()));
}

TEST_F(CliRehearse, ReplayNamesTheFileOrItemThatIsMissing) {
  const Finished file = it.testudo({"replay", "-t", "syslog", it.path("none.log")});
  EXPECT_EQ(file.status, 1);
  EXPECT_NE(file.err.find(it.path("none.log")), std::string::npos) << file.err;
  const Finished item = it.testudo({"replay", "-t", "syslog", "--item", "testudo/none", it.path("auth.log")});
  EXPECT_EQ(item.status, 1);
  EXPECT_NE(item.err.find("testudo/none"), std::string::npos) << item.err;
  EXPECT_EQ(it.testudo({"replay", "-t", "syslog", "--label", "x", it.path("auth.log")}).status, 2);
}

}  // namespace
}  // namespace testudo::support
