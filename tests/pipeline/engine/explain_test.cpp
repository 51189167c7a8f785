// What explain must say of a line: what was set and by whom, where it ended, what came near, which buckets.
#include "engine/explain.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/lines.h"

namespace testudo {
namespace {

using Outcome = ExplainedLine::Outcome;
using support::Content;

/// A line is "PROGRAM: login of USER from ADDRESS".
class Explain : public testing::Test {
 protected:
  Explain() {
    content_.parser("s00-raw", "a-raw", R"(
name: raw
onsuccess: next_stage
grok: {pattern: '^%{WORD:program}: %{GREEDYDATA:message}$', apply_on: Line.Raw}
)");
    content_.parser("s01-parse", "a-login", R"(
name: login
filter: evt.Parsed.program == 'door'
onsuccess: next_stage
nodes:
  - grok:
      pattern: '^login of %{USERNAME:user} from %{IP:ip}'
      apply_on: message
    statics: [{meta: kind, value: login}]
  - grok:
      pattern: '^logout of %{USERNAME:user}$'
      apply_on: message
    statics: [{meta: kind, value: logout}]
statics:
  - {meta: source_ip, expression: evt.Parsed.ip}
  - {parsed: message, value: done}
  - {method: ParseDate, value: '2026-05-01T10:00:00Z'}
  - {target: MarshaledTime, expression: evt.Enriched.MarshaledTime}
)");
    content_.parser("s02-enrich", "a-friends", R"(
name: friends
whitelist: {reason: a friend, ip: [192.0.2.99]}
)");
    content_.scenario("s", R"(
type: leaky
name: me/logins
description: logins
filter: evt.Meta.kind == 'login'
groupby: evt.Meta.source_ip
capacity: 2
leakspeed: 1h
labels: {remediation: true}
)");
  }

  const ExplainedLine& say(std::string_view line) {
    if (!explainer_) {
      program_ = content_.load();
      for (const Error& e : program_->errors) ADD_FAILURE() << e.text();
      ExplainOptions options;
      options.type = "t";
      options.today = *parse_rfc3339("2026-06-01T00:00:00Z");
      explainer_ = std::make_unique<Explainer>(program_, options);
    }
    return explainer_->line(line);
  }

  static std::string changes(const ExplainedNode& node) {
    std::string out;
    for (const ExplainedChange& c : node.changes)
      out +=
          c.name + "=" + c.value + (c.had_before ? " was " + c.before : "") + (c.late ? " late" : "") + "\n";
    return out;
  }

  Content content_;
  std::shared_ptr<const Program> program_;
  std::unique_ptr<Explainer> explainer_;
};

TEST_F(Explain, TellsWhatEachNodeSetAndWhatItWasBefore) {
  const ExplainedLine& line = say("door: login of bob from 192.0.2.1");
  EXPECT_EQ(line.outcome, Outcome::parsed);
  ASSERT_EQ(line.stages.size(), 3u);
  EXPECT_EQ(line.stages[0].name, "s00-raw");
  EXPECT_EQ(changes(line.stages[0].nodes.at(0)),
            "evt.Parsed.program=door\nevt.Parsed.message=login of bob from 192.0.2.1\n");
  const auto& nodes = line.stages[1].nodes;
  ASSERT_EQ(nodes.size(), 2u) << "onsuccess: next_stage ends it at the first nested node that succeeds";
  EXPECT_EQ(nodes[0].filter, ExplainedNode::Filter::yes);
  EXPECT_EQ(changes(nodes[0]),
            "evt.Meta.source_ip=192.0.2.1 late\n"
            "evt.Parsed.message=done was login of bob from 192.0.2.1 late\n"
            "evt.Enriched.MarshaledTime=2026-05-01T10:00:00Z late\n"
            "evt.MarshaledTime=2026-05-01T10:00:00Z late\n");
  EXPECT_EQ(nodes[1].depth, 1);
  EXPECT_TRUE(nodes[1].matched);
  EXPECT_EQ(nodes[1].pattern, "^login of %{USERNAME:user} from %{IP:ip}");
  EXPECT_EQ(changes(nodes[1]), "evt.Parsed.user=bob\nevt.Parsed.ip=192.0.2.1\nevt.Meta.kind=login\n");
  EXPECT_EQ(line.time, "2026-05-01T10:00:00Z");
  EXPECT_EQ(line.source, "192.0.2.1");
}

TEST_F(Explain, ALineThatNoPatternTookHasTheNearestOneAndItsMark) {
  const ExplainedLine& line = say("door: login of bob form 192.0.2.1");
  EXPECT_EQ(line.outcome, Outcome::unparsed);
  EXPECT_EQ(line.ended_in, "s01-parse");
  EXPECT_EQ(line.why, "no pattern of s01-parse matched");
  ASSERT_TRUE(line.nearest);
  EXPECT_EQ(line.nearest->node, "login");
  EXPECT_EQ(line.nearest->text.substr(0, line.nearest->end), "login of bob");
  EXPECT_EQ(line.nearest->expected, " from %{IP:ip}");
  EXPECT_EQ(line.nearest->pattern, "^login of %{USERNAME:user} from %{IP:ip}");
}

TEST_F(Explain, ALineThatNoNodeWantedHasWhatTheyAskFor) {
  const ExplainedLine& line = say("window: login of bob from 192.0.2.1");
  EXPECT_EQ(line.outcome, Outcome::unparsed);
  EXPECT_EQ(line.why, "no node of s01-parse wanted it: they ask that evt.Parsed.program is door");
  EXPECT_FALSE(line.nearest);
}

TEST_F(Explain, ALineThatNobodyMovedOnSaysSo) {
  content_.parser("s01-parse", "b-stay",
                  "name: stay\nfilter: evt.Parsed.program == 'stay'\n"
                  "statics: [{meta: service, value: stay}]\n");
  const ExplainedLine& line = say("stay: here");
  EXPECT_EQ(line.outcome, Outcome::unparsed);
  EXPECT_EQ(line.why,
            "nodes of s01-parse took it, but none has onsuccess: next_stage, so it went no further");
}

TEST_F(Explain, AWhitelistedLineHasItsReason) {
  const ExplainedLine& line = say("door: login of bob from 192.0.2.99");
  EXPECT_EQ(line.outcome, Outcome::whitelisted);
  EXPECT_EQ(line.whitelist_reason, "a friend");
  EXPECT_EQ(line.stages.back().nodes.at(0).whitelist, "a friend");
  EXPECT_TRUE(line.pours.empty());
}

TEST_F(Explain, ALineThatIsLostHasTheFault) {
  content_.parser("s01-parse", "b-bad",
                  "name: bad\nfilter: evt.Parsed.program == 'bad'\n"
                  "statics: [{meta: x, expression: 'evt.Parsed.program == \"bad\"'}]\n");
  const ExplainedLine& line = say("bad: x");
  EXPECT_EQ(line.outcome, Outcome::failed);
  EXPECT_NE(line.error.find("bool"), std::string::npos) << line.error;
  EXPECT_EQ(line.stages.back().nodes.back().name, "bad");
}

TEST_F(Explain, BucketsFillLineAfterLineAndOverflow) {
  for (int i = 1; i <= 2; ++i) {
    const ExplainedLine& line = say("door: login of bob from 192.0.2.1");
    ASSERT_EQ(line.pours.size(), 1u);
    EXPECT_EQ(line.pours[0].scenario, "me/logins");
    EXPECT_EQ(line.pours[0].group, "192.0.2.1");
    EXPECT_EQ(line.pours[0].result, "poured");
    EXPECT_EQ(line.pours[0].level, i);
    EXPECT_EQ(line.pours[0].capacity, 2);
    EXPECT_EQ(line.pours[0].fresh, i == 1);
    EXPECT_TRUE(line.overflows.empty());
  }
  EXPECT_EQ(say("door: login of eve from 192.0.2.2").pours.at(0).level, 1) << "a bucket of its own";
  const ExplainedLine& last = say("door: login of bob from 192.0.2.1");
  EXPECT_EQ(last.number, 4u);
  ASSERT_EQ(last.overflows.size(), 1u);
  EXPECT_EQ(last.overflows[0].scenario, "me/logins");
  EXPECT_EQ(last.overflows[0].sources, std::vector<std::string>{"Ip:192.0.2.1"});
  EXPECT_EQ(last.overflows[0].events, 3);
  EXPECT_TRUE(last.overflows[0].remediation);
  EXPECT_EQ(say("door: logout of bob").pours.size(), 0u);
}

TEST_F(Explain, ALineWithTwoPossibleSourcesNamesTheOther) {
  const ExplainedLine& line = say("door: login of bob from 192.0.2.1 from 198.51.100.7");
  EXPECT_TRUE(line.ambiguous);
  EXPECT_EQ(line.source, "192.0.2.1");
  EXPECT_EQ(line.candidates, std::vector<std::string>{"198.51.100.7"});
  ASSERT_EQ(line.pours.size(), 2u);
  EXPECT_TRUE(line.pours[0].marked && line.pours[1].marked);
}

TEST_F(Explain, OverflowsGoThroughPostoverflows) {
  content_.postoverflow("s01-whitelist", "a", R"(
name: allowed
whitelist: {reason: an old friend, expression: ["evt.Overflow.Alert.Source.IP == '192.0.2.5'"]}
)");
  for (int i = 0; i < 2; ++i) say("door: login of bob from 192.0.2.5");
  const ExplainedLine& line = say("door: login of bob from 192.0.2.5");
  ASSERT_EQ(line.overflows.size(), 1u);
  EXPECT_TRUE(line.overflows[0].whitelisted);
  EXPECT_EQ(line.overflows[0].whitelist_reason, "an old friend");
  ASSERT_EQ(line.postoverflows.size(), 1u);
  EXPECT_EQ(line.postoverflows[0].name, "s01-whitelist");
  EXPECT_EQ(line.postoverflows[0].nodes.at(0).whitelist, "an old friend");
  EXPECT_EQ(line.stages.size(), 3u) << "those of the parsers";
  EXPECT_EQ(line.pours.at(0).result, "overflowed");
}

TEST_F(Explain, AFilterThatFailsIsNamedWithItsError) {
  content_.scenario("bad", R"(
type: trigger
name: me/bad
description: bad
filter: evt.Meta.kind == 'login' && evt.Unmarshaled.x.y == 'z'
)");
  const ExplainedLine& line = say("door: login of bob from 192.0.2.1");
  ASSERT_EQ(line.failed_filters.size(), 1u);
  EXPECT_EQ(line.failed_filters[0].first, "me/bad");
  EXPECT_EQ(line.failed_filters[0].second, "cannot fetch y from nil");
  EXPECT_EQ(line.pours.size(), 1u);
}

TEST_F(Explain, LongTextsAreCut) {
  const ExplainedLine& line = say("door: " + std::string(20'000, 'x'));
  EXPECT_LE(line.text.size(), 1100u);
  EXPECT_LE(line.stages.at(0).nodes.at(0).changes.at(1).value.size(), 1100u);
}

TEST(ExplainLines, AreReadInBoundedMemory) {
  support::TempDir dir;
  const std::string path = dir.write("log", "one\n\ntwo\r\n" + std::string(70'000, 'x') + "\nlast");
  std::vector<size_t> sizes;
  std::string first;
  ASSERT_TRUE(for_each_line(path, [&](std::string_view line) {
                if (sizes.empty()) first = line;
                sizes.push_back(line.size());
                return true;
              }).ok());
  EXPECT_EQ(first, "one");
  EXPECT_EQ(sizes, (std::vector<size_t>{3, 3, 65536, 4}));
  sizes.clear();
  ASSERT_TRUE(for_each_line(path, [&](std::string_view line) {
                sizes.push_back(line.size());
                return sizes.size() < 2;
              }).ok());
  EXPECT_EQ(sizes.size(), 2u) << "it ends when it was asked to";
  EXPECT_EQ(for_each_line(dir.path() + "/none", [](std::string_view) { return true; }).error().where.file,
            dir.path() + "/none");
}

}  // namespace
}  // namespace testudo
