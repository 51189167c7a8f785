// What happens to an overflow before it is an alert: postoverflow stages, whitelists, and a second way
// through the scenarios (engine-spec §1.12, §5.8, §5.9).
#include "support/lines.h"

namespace testudo {
namespace {

using support::Content;

/// Lines are "SECONDS ADDRESS"; every line overflows.
Content every_line(const std::string& more = "") {
  Content content;
  content.parser("s00-raw", "a", R"(
name: a
onsuccess: next_stage
grok:
  pattern: '^%{INT:second} %{IP:ip}$'
  apply_on: Line.Raw
  statics:
    - {meta: source_ip, expression: evt.Parsed.ip}
    - meta: SourceRange
      expression: IpToRange(evt.Parsed.ip, '/24')
    - {target: evt.StrTime, expression: "'2026-06-01T10:00:' + evt.Parsed.second + 'Z'"}
)");
  content.dates();
  content.scenario("s", R"(
type: trigger
name: me/s
description: d
filter: evt.Meta.source_ip != ''
groupby: evt.Meta.source_ip
labels: {remediation: true}
)" + more);
  return content;
}

TEST(Postoverflow, AWhitelistDropsTheAlertAndSaysWhyToWhoWatches) {
  Content content = every_line();
  content.postoverflow("s01-whitelist", "w", R"(
name: me/w
whitelist:
  reason: ours
  expression: [evt.Overflow.Alert.Source.IP == '192.0.2.1']
)");
  const auto alerts = content.replay("01 192.0.2.1\n02 192.0.2.2\n");
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].source.value, "192.0.2.2");

  WorkerOptions options;
  options.replay = true;
  Worker worker(content.load(), options);
  LineBatch batch;
  batch.bytes = std::make_shared<const std::string>("01 192.0.2.1");
  batch.lines = {*batch.bytes};
  auto source = std::make_shared<SourceInfo>();
  source->labels = {{"type", "t"}};
  batch.source = source;
  std::vector<std::pair<bool, std::string>> seen;
  worker.run(batch, [&](detect::Emitted&& e) {
    seen.emplace_back(e.overflow.whitelisted, e.overflow.whitelist_reason);
  });
  EXPECT_EQ(seen, (std::vector<std::pair<bool, std::string>>{{true, "ours"}}));
}

TEST(Postoverflow, AddressesOfAWhitelistAreComparedWithTheSources) {
  Content content = every_line();
  content.postoverflow("s01-whitelist", "w",
                       "name: me/w\nwhitelist: {reason: ours, ip: [192.0.2.1], cidr: [198.51.100.0/24]}\n");
  const auto alerts = content.replay("01 192.0.2.1\n02 192.0.2.2\n03 198.51.100.9\n");
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].source.value, "192.0.2.2");
}

TEST(Postoverflow, AnAddressBecomesItsNetwork) {
  Content content = every_line();
  content.postoverflow("s00-enrich", "r", R"(
name: me/range
onsuccess: next_stage
filter: evt.Overflow.Alert.Remediation == true && IsIPV6(evt.Overflow.Alert.Source.IP)
statics:
  - target: evt.Overflow.Alert.Source.Value
    expression: IpToRange(evt.Overflow.Alert.Source.IP, '/64')
  - {target: evt.Overflow.Alert.Source.Scope, value: Range}
)");
  const auto alerts = content.replay("01 2001:db8::77\n02 192.0.2.2\n03 2001:db8::78\n");
  ASSERT_EQ(alerts.size(), 3u);
  EXPECT_EQ(alerts[0].source.scope, "Range");
  EXPECT_EQ(alerts[0].source.value, "2001:db8::/64");
  EXPECT_EQ(alerts[0].source.ip, "2001:db8::77");
  EXPECT_EQ(alerts[1].source.scope, "Ip") << "the change does not leak into later alerts of the scenario";
  EXPECT_EQ(alerts[1].source.value, "192.0.2.2");
}

TEST(Postoverflow, AStageThatNobodyPassesEndsTheRun) {
  Content content = every_line();
  content.postoverflow("s00-enrich", "r",
                       "name: me/r\nonsuccess: next_stage\nfilter: evt.Overflow.Alert.GetScope() == "
                       "'Range'\nstatics: [{meta: x, value: y}]\n");
  content.postoverflow("s01-whitelist", "w", "name: me/w\nwhitelist: {reason: r, expression: ['true']}\n");
  EXPECT_EQ(content.replay("01 192.0.2.1\n").size(), 1u);
}

TEST(Postoverflow, NamesOfPatternsAreNotThoseOfParsers) {
  Content content = every_line();
  content.parser("s01-parse", "p",
                 "name: p\npattern_syntax: {MINE: 'a'}\nfilter: 'false'\nstatics: [{meta: x, value: y}]\n");
  content.postoverflow("s00-enrich", "r", "name: r\ngrok: {pattern: '%{MINE:x}', expression: \"'a'\"}\n");
  const auto errors = content.errors();
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_NE(errors[0].find("MINE"), std::string::npos) << errors[0];
}

const std::string kNetwork = R"(
type: leaky
name: me/network
description: d
filter: evt.GetType() == 'overflow' && evt.Overflow.Alert.Remediation == true
groupby: evt.Overflow.Alert.Source.Range
distinct: evt.Overflow.Alert.Source.IP
capacity: 1
leakspeed: 5m
scope: {type: Range}
)";

TEST(Reprocess, AnOverflowIsPouredAgainAsAnEvent) {
  Content content = every_line("reprocess: true\n");
  content.scenario("n", kNetwork);
  const auto alerts = content.replay("01 192.0.2.1\n02 192.0.2.1\n03 192.0.2.2\n04 198.51.100.1\n");
  ASSERT_EQ(alerts.size(), 5u);
  EXPECT_EQ(alerts[2].scenario, "me/network");
  EXPECT_EQ(alerts[2].line_number, 3u);
  EXPECT_EQ(alerts[2].source.scope, "Range");
  EXPECT_EQ(alerts[2].source.value, "192.0.2.0/24");
  EXPECT_EQ(alerts[2].events_count, 2);
  EXPECT_EQ(alerts[2].stop_text, "2026-06-01T10:00:03Z");
}

TEST(Reprocess, WithoutTheLabelNothingIsPouredAgain) {
  Content content = every_line();
  content.scenario("n", kNetwork);
  EXPECT_EQ(content.replay("01 192.0.2.1\n03 192.0.2.2\n").size(), 2u);
}

TEST(Reprocess, WhatIsWhitelistedIsNotPouredAgain) {
  Content content = every_line("reprocess: true\n");
  content.scenario("n", kNetwork);
  content.postoverflow("s01-whitelist", "w",
                       "name: me/w\nwhitelist: {reason: r, expression: [\"evt.Overflow.Alert.Source.IP == "
                       "'192.0.2.1'\"]}\n");
  const auto alerts = content.replay("01 192.0.2.1\n03 192.0.2.2\n");
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].source.value, "192.0.2.2");
}

TEST(Reprocess, ContentThatFeedsItselfEnds) {
  Content content = every_line("reprocess: true\n");
  content.scenario("loop", R"(
type: trigger
name: me/loop
description: d
filter: evt.GetType() == 'overflow'
reprocess: true
)");
  EXPECT_EQ(content.replay("01 192.0.2.1\n").size(), 1u + 8u);
}

TEST(Reprocess, ReachesAnOrderedScenarioBeforeTheNextLineDoes) {
  // Sees both: the overflow of line 1 must come before line 2.
  Content content = every_line("reprocess: true\n");
  content.scenario("both", R"(
type: leaky
name: me/both
description: d
filter: evt.GetType() == 'overflow' || evt.Meta.source_ip != ''
capacity: 2
leakspeed: 5m
)");
  const auto alerts = content.replay("01 192.0.2.1\n02 192.0.2.2\n");
  std::vector<uint64_t> lines;
  for (const Alert& a : alerts)
    if (a.scenario == "me/both") lines.push_back(a.line_number);
  EXPECT_EQ(lines, (std::vector<uint64_t>{2, 2})) << "line 1, its overflow, line 2: two sources";
}

}  // namespace
}  // namespace testudo
