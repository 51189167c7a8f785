#include "api/read_json.h"

#include <gtest/gtest.h>

#include "services/api/samples.h"

namespace testudo {
namespace {

using samples::by_hand;
using samples::noon;
using samples::posted;

ReadAlerts read(const std::string& body) {
  auto result = read_alerts(body, noon);
  EXPECT_TRUE(result) << (result ? "" : result.error().text());
  return result ? *std::move(result) : ReadAlerts{};
}
std::string with(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(ReadAlerts, ReadsWhatAnAgentPosts) {
  const auto out = read("[" + posted() + "]");
  ASSERT_EQ(out.alerts.size(), 1u);
  const Alert& alert = out.alerts[0];
  EXPECT_EQ(alert.scenario, "crowdsecurity/ssh-bf");
  EXPECT_EQ(alert.events_count, 6);
  EXPECT_EQ(alert.stop_at, noon);
  EXPECT_TRUE(alert.remediation);
  EXPECT_EQ(alert.source.scope, "Ip");
  EXPECT_EQ(alert.source.latitude, 48.5f);
  EXPECT_EQ(alert.kind, "crowdsec");
  ASSERT_EQ(alert.events.size(), 1u);
  EXPECT_EQ(*alert.events[0].find("log_type"), "ssh_failed-auth");
  EXPECT_TRUE(alert.decisions.empty());
  EXPECT_EQ(alert.uuid.size(), 36u);
}

TEST(ReadAlerts, ReadsADecisionByHandAndCountsItsTimeFromStop) {
  const auto out = read(
      "[" + posted(by_hand("203.0.113.77/28", "1d12h", "ban", "range"), "range", "203.0.113.77/28") + "]");
  ASSERT_EQ(out.alerts.size(), 1u);
  ASSERT_EQ(out.alerts[0].decisions.size(), 1u);
  const Decision& decision = out.alerts[0].decisions[0];
  EXPECT_EQ(decision.scope, "Range");
  EXPECT_EQ(decision.value, "203.0.113.77/28");
  EXPECT_EQ(decision.prefix, Prefix::parse("203.0.113.64/28"));
  EXPECT_EQ(decision.until, noon + 36h);
  EXPECT_EQ(out.alerts[0].kind, "cscli");
  EXPECT_NE(decision.uuid, out.alerts[0].uuid);
}

TEST(ReadAlerts, ParamsOfADecisionAreKeptAsText) {
  const auto decision = [](const std::string& params) {
    return read("[" +
                posted(with(by_hand("203.0.113.7"), "\"origin\"", "\"params\":" + params + ",\"origin\"")) +
                "]");
  };
  EXPECT_EQ(decision(R"({"rate": "100/s", "ports": 22})").alerts.at(0).decisions.at(0).params,
            R"({"rate":"100/s","ports":22})");
  for (const char* none : {"{}", "null"}) EXPECT_EQ(decision(none).alerts.at(0).decisions.at(0).params, "");
  for (const std::string& bad : {std::string("[]"), std::string("\"x\""), std::string("1"),
                                 "{\"a\":\"" + std::string(5000, 'x') + "\"}"}) {
    const auto out = decision(bad);
    EXPECT_TRUE(out.alerts.empty()) << bad.substr(0, 20);
    ASSERT_EQ(out.skipped.size(), 1u);
    EXPECT_TRUE(out.skipped[0].error.message.starts_with("params of a decision"))
        << out.skipped[0].error.text();
  }
}

struct BodyCase {
  const char* sentence;
  std::string body;
  const char* message;
};
TEST(ReadAlerts, RefusesABodyThatIsNoArrayInTheWordsThatClientsKnow) {
  const BodyCase cases[] = {
      {"an object", posted(), "json: cannot unmarshal object into Go value of type models.AddAlertsRequest"},
      {"a string", "\"x\"", "json: cannot unmarshal string into Go value of type models.AddAlertsRequest"},
      {"broken off", "[{", "unexpected EOF"},
      {"nothing", "", "EOF"},
  };
  for (const BodyCase& c : cases) {
    const auto result = read_alerts(c.body, noon);
    ASSERT_FALSE(result) << c.sentence;
    EXPECT_EQ(result.error().message, c.message) << c.sentence;
  }
  EXPECT_FALSE(read_alerts("[x]", noon));
  EXPECT_FALSE(read_alerts(std::string(100000, '['), noon)) << "depth is bounded";
}

TEST(ReadAlerts, AnEmptyListNullAndTrailingBytesAreFine) {
  EXPECT_TRUE(read("[]").alerts.empty());
  EXPECT_TRUE(read("null").alerts.empty());
  EXPECT_EQ(read("[" + posted() + "] trailing").alerts.size(), 1u);
}

TEST(ReadAlerts, MatchesNamesInAnyCaseAndIgnoresUnknownOnes) {
  const auto out = read("[" + with(posted(), "\"scenario\":", "\"unknown\": [1], \"SCENARIO\":") + "]");
  ASSERT_EQ(out.alerts.size(), 1u);
  EXPECT_EQ(out.alerts[0].scenario, "crowdsecurity/ssh-bf");
}

TEST(ReadAlerts, SkipsABadAlertAndKeepsTheRest) {
  const BodyCase cases[] = {
      {"a missing field", with(posted(), "\"scenario_hash\": \"4441\", ", ""),
       "alert 1: scenario_hash in body is required"},
      {"a null field", with(posted(), "\"message\": \"m\"", "\"message\": null"),
       "alert 1: message in body is required"},
      {"a wrong type", with(posted(), "\"events_count\": 6", "\"events_count\": \"6\""),
       "alert 1: events_count must be a 32-bit integer"},
      {"a number beyond 32 bits", with(posted(), "\"capacity\": 5", "\"capacity\": 5000000000"),
       "alert 1: capacity must be a 32-bit integer"},
      {"no source", with(posted(), "\"source\":", "\"sauce\":"), "alert 1: source in body is required"},
      {"no object", "17", "alert 1: an alert must be an object"},
      {"a bad duration", posted(by_hand("192.0.2.22", "forever")),
       "alert 1: duration 'forever' is not a duration"},
      {"a duration of nothing", posted(by_hand("192.0.2.22", "0s")),
       "alert 1: duration '0s' must be more than 0 and at most 876000h"},
      {"a duration beyond the calendar", posted(by_hand("192.0.2.22", "2000000h")),
       "alert 1: duration '2000000h' must be more than 0 and at most 876000h"},
      {"a bad address", posted(by_hand("192.0.2.400")),
       "alert 1: 192.0.2.400 is not a valid address or range"},
      {"a decision that allows", posted(by_hand("192.0.2.22", "4h", "whitelist")),
       "alert 1: a decision cannot be of type 'whitelist'"},
  };
  for (const BodyCase& c : cases) {
    const auto out = read("[" + posted() + "," + c.body + "," + posted() + "]");
    EXPECT_EQ(out.alerts.size(), 2u) << c.sentence;
    ASSERT_EQ(out.skipped.size(), 1u) << c.sentence;
    EXPECT_EQ(out.skipped[0].error.message, c.message) << c.sentence;
  }
}

TEST(ReadAlerts, TellsWhetherSomebodyWaitsForTheAnswer) {
  EXPECT_TRUE(read("[" + posted(by_hand("192.0.2.400")) + "]").skipped.at(0).by_hand);
  EXPECT_FALSE(
      read("[" + posted(by_hand("192.0.2.400", "4h", "ban", "Ip", "crowdsec")) + "]").skipped.at(0).by_hand);
}

TEST(ReadAlerts, DropsABadDecisionAmongGoodOnes) {
  const std::string two = with(by_hand("192.0.2.22"), "[",
                               by_hand("192.0.2.400").substr(0, by_hand("192.0.2.400").size() - 1) + ",");
  const auto out = read("[" + posted(two) + "]");
  ASSERT_EQ(out.alerts.size(), 1u);
  ASSERT_EQ(out.alerts[0].decisions.size(), 1u);
  EXPECT_EQ(out.alerts[0].decisions[0].value, "192.0.2.22");
}

TEST(ReadAlerts, TakesNowForTimesThatAreNoneOrLieAhead) {
  for (const char* bad : {"yesterday", "2262-01-01T00:00:00Z", "1960-01-01T00:00:00Z", ""}) {
    const auto out = read("[" +
                          with(posted(by_hand("192.0.2.22")), "\"stop_at\": \"2026-11-24T18:22:49Z\"",
                               std::string("\"stop_at\": \"") + bad + "\"") +
                          "]");
    ASSERT_EQ(out.alerts.size(), 1u) << bad;
    EXPECT_EQ(out.alerts[0].stop_at, noon) << bad;
    EXPECT_EQ(out.alerts[0].decisions.at(0).until, noon + 4h) << bad;
  }
}

TEST(ReadAlerts, BoundsWhatAnEventMayCarry) {
  std::string metas;
  for (int i = 0; i < 20; ++i)
    metas += (i ? "," : "") + std::string(R"({"key":"k","value":")") + std::string(3000, 'x') + "\"}";
  const auto out =
      read("[" + with(posted(), R"({"key": "log_type", "value": "ssh_failed-auth"})", metas) + "]");
  ASSERT_EQ(out.alerts.size(), 1u);
  size_t bytes = 0;
  for (const auto& [key, value] : out.alerts[0].events[0].meta) bytes += key.size() + value.size();
  EXPECT_LT(bytes, 8192u);
  EXPECT_TRUE(out.alerts[0].events[0].meta.at(0).second.ends_with("<stripped>"));
}

TEST(ReadAllowlistItems, ReadsCommentDurationAndExpiration) {
  const auto items = read_allowlist_items(
      R"({"items":[{"value":"192.0.2.7","comment":"printer"},{"value":"10.1.2.3/8","duration":"7d"},{"value":"::1","expiration":"2027-01-01T00:00:00Z"}]})",
      noon);
  ASSERT_TRUE(items) << items.error().text();
  ASSERT_EQ(items->size(), 3u);
  EXPECT_EQ((*items)[0].comment, "printer");
  EXPECT_FALSE((*items)[0].expires_at);
  EXPECT_EQ((*items)[1].prefix, Prefix::parse("10.0.0.0/8"));
  EXPECT_EQ((*items)[1].expires_at, noon + 168h);
  EXPECT_EQ((*items)[2].expires_at, parse_rfc3339("2027-01-01T00:00:00Z").value());
}

TEST(ReadAllowlistItems, RefusesTheWholeRequestWhenOneItemIsBad) {
  for (const char* body :
       {"", "[]", "{}", R"({"items":[]})", R"({"items":[{"value":"x"}]})",
        R"({"items":[{"value":"192.0.2.1","duration":"-1h"}]})",
        R"({"items":[{"value":"192.0.2.1","expiration":"2020-01-01T00:00:00Z"}]})", R"({"items":[1]})"})
    EXPECT_FALSE(read_allowlist_items(body, noon)) << body;
}

TEST(ReadNewAllowlist, ChecksTheName) {
  EXPECT_TRUE(read_new_allowlist(R"({"name":"office-1_a.b","description":"d"})"));
  for (const char* name : {"", "a/b", "a b", "check", "\\u001b"}) {
    EXPECT_FALSE(read_new_allowlist(std::string(R"({"name":")") + name + "\"}")) << name;
  }
}

}  // namespace
}  // namespace testudo
