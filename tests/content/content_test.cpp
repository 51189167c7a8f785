// The shipped content over its logs: tests/content/NAME holds config.yaml (which log, which type) and
// scenario.assert in the form of the hub's tests. All shipped items run in each test, so that none fires
// where it should not.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "engine/replay.h"
#include "support/hub.h"
#include "yaml/yaml.h"

namespace testudo {
namespace {
namespace fs = std::filesystem;

const std::string kTests = TESTUDO_SOURCE_DIR "/tests/content";
const std::string kContent = TESTUDO_SOURCE_DIR "/config/content";

std::shared_ptr<const Program> load(const std::vector<std::string>& folders,
                                    const std::vector<std::string>& items = {}) {
  ProgramOptions options;
  options.content = {folders, items};
  options.patterns_folder = TESTUDO_SOURCE_DIR "/config/patterns";
  options.data_folder = kTests;
  auto program = load_program(options);
  if (!program) {
    ADD_FAILURE() << program.error().text();
    return nullptr;
  }
  for (const Error& e : (*program)->errors) ADD_FAILURE() << e.text();
  return *program;
}

std::vector<Alert> alerts_of(const std::shared_ptr<const Program>& program, const std::string& file,
                             const std::string& type) {
  ReplayOptions run;
  run.file = file;
  run.type = type;
  run.today = *parse_rfc3339("2026-06-01T00:00:00Z");
  auto result = replay(program, run);
  if (!result) {
    ADD_FAILURE() << result.error().text();
    return {};
  }
  return result->alerts;
}

/// One line of a scenario.assert; the forms are those that these tests use, any other is a fault of the test.
void expect_line(const std::string& line, const std::vector<Alert>& results) {
  static const std::regex count(R"(len\(results\) == (\d+))");
  static const std::regex name(R"rx(results\[(\d+)\]\.Overflow\.Alert\.GetScenario\(\) == "([^"]+)")rx");
  static const std::regex source(R"rx("([^"]+)" in results\[(\d+)\]\.Overflow\.GetSources\(\))rx");
  static const std::regex events(R"(results\[(\d+)\]\.Overflow\.Alert\.GetEventsCount\(\) == (\d+))");
  static const std::regex remedy(R"(results\[(\d+)\]\.Overflow\.Alert\.Remediation == (true|false))");
  std::smatch m;
  const auto at = [&](const std::string& index) -> const Alert& {
    static const Alert none;
    const size_t i = std::stoul(index);
    if (i >= results.size()) ADD_FAILURE() << line << ": there are only " << results.size() << " alerts";
    return i < results.size() ? results[i] : none;
  };
  if (std::regex_match(line, m, count))
    EXPECT_EQ(results.size(), std::stoul(m[1])) << line;
  else if (std::regex_match(line, m, name))
    EXPECT_EQ(at(m[1]).scenario, m[2]) << line;
  else if (std::regex_match(line, m, source))
    EXPECT_EQ(at(m[2]).source.value, m[1]) << line;
  else if (std::regex_match(line, m, events))
    EXPECT_EQ(at(m[1]).events_count, std::stoi(m[2])) << line;
  else if (std::regex_match(line, m, remedy))
    EXPECT_EQ(at(m[1]).remediation, m[2] == "true") << line;
  else
    ADD_FAILURE() << "this form of assertion is not known here: " << line;
}

std::vector<std::string> test_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kTests))
    if (fs::exists(entry.path() / "config.yaml")) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

class Content : public testing::TestWithParam<std::string> {};

TEST_P(Content, GivesTheAlertsThatItsLogDeserves) {
  const std::string folder = kTests + "/" + GetParam();
  auto config = load_yaml(folder + "/config.yaml");
  ASSERT_TRUE(config.ok()) << config.error().text();
  const std::string log = config->front().find("log_file")->text(),
                    type = config->front().find("log_type")->text();
  auto program = load({kContent});
  ASSERT_TRUE(program);
  std::vector<Alert> results = alerts_of(program, folder + "/" + log, type);
  // The order of the format: descending by scenario and source.
  std::stable_sort(results.begin(), results.end(), [](const Alert& a, const Alert& b) {
    return a.scenario + a.source.value > b.scenario + b.source.value;
  });
  std::ifstream in(folder + "/scenario.assert");
  std::string line;
  int lines = 0;
  while (std::getline(in, line))
    if (!line.empty()) expect_line(line, results), ++lines;
  EXPECT_GT(lines, 0) << "nothing is asserted";
  for (const Alert& a : results) {
    EXPECT_FALSE(a.ambiguous) << a.scenario << " " << a.source.value << ": " << a.line;
    EXPECT_TRUE(Ip::parse(a.source.value).has_value()) << a.source.value;
    if (HasFailure())
      std::cerr << "got " << a.scenario << " " << a.source.value << " " << a.events_count << "\n";
  }
}

INSTANTIATE_TEST_SUITE_P(Tests, Content, testing::ValuesIn(test_names()), [](const auto& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(ShippedContent, AccusesOnlyWhoConnectedWhateverTheClientCallsItself) {
  auto program = load({kContent});
  ASSERT_TRUE(program);
  for (const auto& [log, type, real] :
       {std::tuple{"ssh-hostile-names/auth.log", "syslog", "203.0.113.66"},
        std::tuple{"nginx-hostile-fields/access.log", "nginx", "203.0.113.77"},
        std::tuple{"apache-hostile-fields/access.log", "apache2", "203.0.113.77"},
        std::tuple{"mail-hostile-fields/mail.log", "syslog", "203.0.113.5"},
        std::tuple{"vsftpd-hostile-users/ftp.log", "vsftpd", "203.0.113.5"},
        std::tuple{"proftpd-hostile-users/ftp.log", "proftpd", "203.0.113.5"},
        std::tuple{"pureftpd-hostile-users/ftp.log", "syslog", "203.0.113.5"},
        std::tuple{"mysql-hostile-users/db.log", "mysql", "203.0.113.5"},
        std::tuple{"postgresql-hostile-users/db.log", "postgres", "203.0.113.5"},
        std::tuple{"mongodb-hostile-users/db.log", "mongodb", "203.0.113.5"}}) {
    const auto alerts = alerts_of(program, kTests + "/" + log, type);
    EXPECT_FALSE(alerts.empty()) << log;
    for (const Alert& a : alerts) EXPECT_EQ(a.source.value, real) << log << ": " << a.line;
  }
}

TEST(ShippedContent, EveryScenarioIsFiredBySomeTest) {
  auto program = load({kContent});
  ASSERT_TRUE(program);
  std::set<std::string> fired, names;
  for (const std::string& test : test_names()) {
    auto config = load_yaml(kTests + "/" + test + "/config.yaml");
    ASSERT_TRUE(config.ok());
    for (const Alert& a :
         alerts_of(program, kTests + "/" + test + "/" + config->front().find("log_file")->text(),
                   config->front().find("log_type")->text()))
      fired.insert(a.scenario);
  }
  for (const auto& file : fs::directory_iterator(kContent + "/scenarios")) {
    auto documents = load_yaml(file.path());
    ASSERT_TRUE(documents.ok()) << documents.error().text();
    for (const YamlNode& d : *documents) names.insert(d.find("name")->text());
  }
  EXPECT_EQ(fired, names);
}

TEST(ShippedContent, GivesWayToTheHubSoThatNothingAlertsTwice) {
  TESTUDO_NEED_HUB();
  auto program =
      load({support::hub() + "/hub", kContent},
           {"crowdsecurity/syslog-logs", "crowdsecurity/sshd-logs", "crowdsecurity/dateparse-enrich",
            "crowdsecurity/ssh-bf", "syslog", "sshd", "dates", "ssh-bruteforce", "ssh-user-enumeration"});
  ASSERT_TRUE(program);
  for (const Alert& a : alerts_of(program, support::hub() + "/tests/ssh-bf/ssh-bf.log", "syslog"))
    EXPECT_TRUE(a.scenario.starts_with("crowdsecurity/")) << a.scenario;
}

}  // namespace
}  // namespace testudo
