// The items that four of the hub's tests name, over those tests' logs: exactly the alerts that they assert.
#include <gtest/gtest.h>

#include "engine/replay.h"
#include "support/hub.h"

namespace testudo {
namespace {

struct Expected {
  std::string scenario, value;
  int events;
  bool operator==(const Expected&) const = default;
  friend void PrintTo(const Expected& e, std::ostream* out) {
    *out << e.scenario << " " << e.value << " " << e.events;
  }
};
struct Case {
  const char* name;
  const char* log;
  const char* type;
  std::vector<std::string> items;
  std::vector<Expected> expected;
};

class HubReplay : public testing::TestWithParam<Case> {};

TEST_P(HubReplay, GivesTheAlertsThatTheHubAsserts) {
  TESTUDO_NEED_HUB();
  const Case& c = GetParam();
  ProgramOptions options;
  options.content = {{support::hub() + "/hub"}, c.items};
  options.patterns_folder = TESTUDO_SOURCE_DIR "/config/patterns";
  options.data_folder = support::hub() + "/data";
  auto program = load_program(options);
  ASSERT_TRUE(program.ok()) << program.error().text();
  for (const Error& e : (*program)->errors) ADD_FAILURE() << e.text();
  ReplayOptions run;
  run.file = support::hub() + "/tests/" + c.name + "/" + c.log;
  run.type = c.type;
  run.today = *parse_rfc3339("2026-06-01T00:00:00Z");
  auto result = replay(*program, run);
  ASSERT_TRUE(result.ok()) << result.error().text();
  std::vector<Expected> got;
  for (const Alert& a : result->alerts) got.push_back({a.scenario, a.source.value, a.events_count});
  EXPECT_EQ(got, c.expected);
}

INSTANTIATE_TEST_SUITE_P(
    Tests, HubReplay,
    testing::Values(
        Case{"ssh-bf",
             "ssh-bf.log",
             "syslog",
             {"crowdsecurity/sshd-logs", "crowdsecurity/syslog-logs", "crowdsecurity/dateparse-enrich",
              "crowdsecurity/ssh-bf"},
             {{"crowdsecurity/ssh-bf", "35.188.49.176", 6},
              {"crowdsecurity/ssh-bf_user-enum", "35.188.49.176", 6}}},
        Case{"nginx-http-malformed",
             "nginx_http-logs.log",
             "nginx",
             {"crowdsecurity/syslog-logs", "crowdsecurity/nginx-logs", "crowdsecurity/http-logs",
              "crowdsecurity/dateparse-enrich", "crowdsecurity/http-probing"},
             {{"crowdsecurity/http-probing", "1.2.3.4", 11}}},
        Case{"apache2-malformed",
             "apache2-logs.log",
             "apache2",
             {"crowdsecurity/syslog-logs", "crowdsecurity/apache2-logs", "crowdsecurity/http-logs",
              "crowdsecurity/dateparse-enrich", "crowdsecurity/http-probing"},
             {{"crowdsecurity/http-probing", "1.2.3.4", 11}}},
        Case{"apache_log4j2_cve-2021-44228",
             "apache_log4j2_cve-2021-44228.log",
             "nginx",
             {"crowdsecurity/nginx-logs", "crowdsecurity/syslog-logs", "crowdsecurity/dateparse-enrich",
              "scenarios:crowdsecurity/apache_log4j2_cve-2021-44228"},
             {{"crowdsecurity/apache_log4j2_cve-2021-44228", "192.168.1.3", 1},
              {"crowdsecurity/apache_log4j2_cve-2021-44228", "192.168.1.4", 1},
              {"crowdsecurity/apache_log4j2_cve-2021-44228", "192.168.1.5", 1}}}),
    [](const auto& test) {
      std::string name = test.param.name;
      for (char& c : name)
        if (!isalnum(static_cast<unsigned char>(c))) c = '_';
      return name;
    });

TEST(HubReplay, LoadsTheItemsThatTheSpineNeeds) {
  TESTUDO_NEED_HUB();
  ProgramOptions options;
  options.content = {
      {support::hub() + "/hub"},
      {"crowdsecurity/syslog-logs", "crowdsecurity/dateparse-enrich", "crowdsecurity/sshd-logs",
       "crowdsecurity/nginx-logs", "crowdsecurity/apache2-logs", "crowdsecurity/http-logs",
       "crowdsecurity/whitelists", "crowdsecurity/geoip-enrich", "crowdsecurity/ssh-bf",
       "crowdsecurity/ssh-slow-bf", "crowdsecurity/http-probing", "crowdsecurity/http-crawl-non_statics",
       "crowdsecurity/http-path-traversal-probing", "crowdsecurity/apache_log4j2_cve-2021-44228"}};
  options.patterns_folder = TESTUDO_SOURCE_DIR "/config/patterns";
  options.data_folder = support::hub() + "/data";
  auto program = load_program(options);
  ASSERT_TRUE(program.ok()) << program.error().text();
  for (const Error& e : (*program)->errors) ADD_FAILURE() << e.text();
  EXPECT_EQ((*program)->off, 0u);
  EXPECT_EQ((*program)->scenarios->scenarios.size(), 8u);
}

}  // namespace
}  // namespace testudo
