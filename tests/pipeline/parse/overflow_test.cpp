// Postoverflow stages: the same nodes over an overflow (engine-spec §1.9, §1.12, §5.8).
#include "nodes.h"

namespace testudo::parse {
namespace {

Overflow overflow(std::vector<std::string> sources) {
  Overflow out;
  for (const std::string& ip : sources) {
    Alert alert;
    alert.scenario = "test/scenario";
    alert.remediation = true;
    alert.source = {"Ip", ip, ip, "", "", "", "", 0, 0};
    out.alerts.push_back(alert);
    out.source_keys.push_back(ip);
  }
  return out;
}

constexpr const char* kWidenV6 = R"y(
onsuccess: next_stage
filter: "evt.Overflow.Alert.Remediation == true && IsIPV6(evt.Overflow.Alert.Source.IP)"
name: widen
statics:
  - target: evt.Overflow.Alert.Source.Value
    expression: IpToRange(evt.Overflow.Alert.Source.IP, "/64")
  - target: evt.Overflow.Alert.Source.Scope
    value: Range
)y";

TEST(Overflow, AStaticWritesThroughToTheSourceThatBothShow) {
  Parsers parsers;
  ASSERT_TRUE(parsers.add("s00-enrich", kWidenV6));
  ASSERT_TRUE(parsers.add("s01-whitelist", R"y(
name: what others see
statics:
  - {parsed: keys, expression: "evt.Overflow.GetSources()[0]"}
  - {parsed: scope, expression: "evt.Overflow.Sources['2001:0db8::7334'].GetScope()"
}
  - {parsed: value, expression: "evt.Overflow.Sources['2001:0db8::7334'].GetValue()"}
  - {parsed: ip, expression: "evt.Overflow.Sources['2001:0db8::7334'].IP"}
)y"));
  Lines lines(parsers);
  Overflow one = overflow({"2001:0db8::7334"});
  EXPECT_EQ(lines.run(one), Outcome::parsed);
  EXPECT_EQ(one.alerts[0].source.value, "2001:db8::/64");
  EXPECT_EQ(one.alerts[0].source.scope, "Range");
  EXPECT_EQ(lines.parsed("scope"), "Range");
  EXPECT_EQ(lines.parsed("value"), "2001:db8::/64");
  EXPECT_EQ(lines.parsed("ip"), "2001:0db8::7334") << "only scope and value are shared";
  EXPECT_EQ(lines.parsed("keys"), "2001:0db8::7334") << "the key stays what it was";
}

TEST(Overflow, EverySourceIsComparedWithAddressesOfAWhitelist) {
  Parsers parsers;
  ASSERT_TRUE(parsers.add(
      "s01-whitelist", "name: ours\nwhitelist: {reason: ours, ip: ['2001:db8::1'], cidr: ['10.0.0.0/8']}\n"));
  Lines lines(parsers);
  Overflow stranger = overflow({"192.0.2.1", "not an address"});
  EXPECT_EQ(lines.run(stranger), Outcome::parsed);
  EXPECT_FALSE(stranger.whitelisted);
  Overflow mixed = overflow({"192.0.2.1", "10.1.2.3"});
  EXPECT_EQ(lines.run(mixed), Outcome::whitelisted);
  EXPECT_TRUE(mixed.whitelisted);
  EXPECT_EQ(mixed.whitelist_reason, "ours");
  Overflow spelled = overflow({"2001:0db8:0:0::1"});
  lines.run(spelled);
  EXPECT_TRUE(spelled.whitelisted);
}

TEST(Overflow, AWhitelistExpressionSeesTheAlert) {
  Parsers parsers;
  ASSERT_TRUE(parsers.add("s01-whitelist",
                          "name: a\nwhitelist: {reason: r, expression: [\"evt.Overflow.Alert.GetScenario() "
                          "== 'test/scenario'\"]}\n"));
  Lines lines(parsers);
  Overflow one = overflow({"192.0.2.1"});
  EXPECT_EQ(lines.run(one), Outcome::whitelisted);
  EXPECT_TRUE(one.whitelisted);
}

TEST(Overflow, AStageWithoutSuccessStopsTheStagesBehindIt) {
  Parsers parsers;
  ASSERT_TRUE(parsers.add("s00-enrich", kWidenV6));
  ASSERT_TRUE(parsers.add("s01-whitelist", "name: all\nwhitelist: {reason: r, cidr: ['0.0.0.0/0']}\n"));
  Lines lines(parsers);
  Overflow v4 = overflow({"192.0.2.1"});
  EXPECT_EQ(lines.run(v4), Outcome::unparsed);
  EXPECT_FALSE(v4.whitelisted);
}

TEST(Overflow, WithoutAlertsNothingIsWrittenAndNothingCrashes) {
  Parsers parsers;
  ASSERT_TRUE(parsers.add("s00-enrich", R"y(
name: a
whitelist: {reason: r, cidr: ['0.0.0.0/0'], expression: [evt.Overflow.Alert.Remediation]}
---
name: b
statics:
  - {target: evt.Overflow.Alert.Source.Value, value: v}
  - {target: evt.Overflow.Alert.Nothing, value: v}
  - {method: ParseDate, expression: evt.StrTime}
)y"));
  Lines lines(parsers);
  Overflow empty;
  EXPECT_EQ(lines.run(empty), Outcome::parsed);
  EXPECT_EQ(lines.run("a log line has no overflow at all"), Outcome::parsed);
}

}  // namespace
}  // namespace testudo::parse
