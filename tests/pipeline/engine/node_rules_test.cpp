// The rules of parser nodes, each with the smallest content that shows it (engine-spec §1.6–1.9, §9).
#include "support/lines.h"

namespace testudo {
namespace {

using parse::Outcome;
using support::Content;
using support::OneLine;

TEST(Nodes, AGroupThatTookNoPartIsPresentAndEmptyAndOverwrites) {
  Content content;
  content.parser("s00-raw", "a", R"(
name: a
nodes:
  - statics: [{parsed: maybe, value: before}]
  - grok: {pattern: '^%{WORD:word}( %{INT:maybe})?$', apply_on: Line.Raw}
)");
  OneLine line(content.load());
  EXPECT_EQ(line.run("hello"), Outcome::parsed);
  EXPECT_EQ(line.parsed("word"), "hello");
  EXPECT_EQ(line.parsed("maybe"), "");
  line.run("hello 7");
  EXPECT_EQ(line.parsed("maybe"), "7");
}

TEST(Nodes, APatternWithoutFieldsNeverMatches) {
  Content content;
  content.parser("s00-raw", "a", "name: a\ngrok: {pattern: 'hello', apply_on: Line.Raw}\n");
  OneLine line(content.load());
  EXPECT_EQ(line.run("hello"), Outcome::unparsed);
}

TEST(Nodes, WithoutAnOwnGrokTheLastChildDecides) {
  Content content;
  content.parser("s00-raw", "a", R"(
name: a
nodes:
  - filter: "evt.Line.Raw == 'x'"
    statics: [{parsed: first, value: yes}]
  - filter: "evt.Line.Raw == 'y'"
    statics: [{parsed: second, value: yes}]
)");
  OneLine line(content.load());
  EXPECT_EQ(line.run("x"), Outcome::unparsed);
  EXPECT_EQ(line.parsed("first"), "yes") << "what a failed branch wrote stays";
  EXPECT_EQ(line.run("y"), Outcome::parsed);
}

TEST(Nodes, NextStageStopsAtTheFirstChildThatSucceeds) {
  Content content;
  content.parser("s00-raw", "a", R"(
name: a
onsuccess: next_stage
nodes:
  - statics: [{parsed: first, value: yes}]
  - statics: [{parsed: second, value: yes}]
)");
  OneLine line(content.load());
  EXPECT_EQ(line.run("x"), Outcome::parsed);
  EXPECT_EQ(line.parsed("second"), "(absent)");
}

TEST(Nodes, ChildrenRunThoughTheOwnGrokFailed) {
  Content content;
  content.parser("s00-raw", "a", R"(
name: a
grok: {pattern: '^no%{WORD:w}', apply_on: Line.Raw}
nodes:
  - statics: [{parsed: child, value: ran}]
)");
  OneLine line(content.load());
  EXPECT_EQ(line.run("yes"), Outcome::parsed);
  EXPECT_EQ(line.parsed("child"), "ran");
}

TEST(Nodes, ALineThatNobodyPromotesIsLostAtTheNextStage) {
  Content content;
  content.parser("s00-raw", "a", "name: a\nstatics: [{parsed: p, value: v}]\n");
  content.parser("s01-parse", "b", "name: b\nstatics: [{parsed: q, value: v}]\n");
  OneLine line(content.load());
  EXPECT_EQ(line.run("x"), Outcome::unparsed);
}

TEST(Nodes, RunInTheOrderOfFileNamesWhateverTheAuthor) {
  Content content;
  content.parser("s00-raw/zebra", "a",
                 "name: a\nstatics: [{parsed: order, expression: \"evt.Parsed.order + 'a'\"}]\n");
  content.parser("s00-raw/ant", "b",
                 "name: b\nstatics: [{parsed: order, expression: \"evt.Parsed.order + 'b'\"}]\n");
  OneLine line(content.load());
  line.run("x");
  EXPECT_EQ(line.parsed("order"), "ab");
}

TEST(Statics, AnEmptyResultNeverClears) {
  Content content;
  content.parser("s00-raw", "a", R"(
name: a
statics:
  - {meta: m, value: kept}
  - {meta: m, expression: evt.Parsed.nothing}
)");
  OneLine line(content.load());
  line.run("x");
  EXPECT_EQ(line.meta("m"), "kept");
}

TEST(Statics, NumbersBecomeTextAndABooleanLosesTheLine) {
  Content content;
  content.parser("s00-raw", "a", R"(
name: a
statics:
  - {meta: i, expression: "1 + 2"}
  - {meta: f, expression: "1 / 4"}
)");
  OneLine line(content.load());
  line.run("x");
  EXPECT_EQ(line.meta("i"), "3");
  EXPECT_EQ(line.meta("f"), "0.250000");
  Content lost;
  lost.parser("s00-raw", "a", "name: a\nstatics: [{meta: b, expression: \"evt.Line.Raw == 'x'\"}]\n");
  OneLine other(lost.load());
  EXPECT_EQ(other.run("x"), Outcome::failed);
}

TEST(Statics, TargetsAreSetByPathAndOddOnesIgnored) {
  Content content;
  content.parser("s00-raw", "a", R"(
name: a
statics:
  - {target: evt.Parsed.a.b, value: v}
  - {target: StrTime, value: '2021-03-04T05:06:07Z'}
  - {target: source_ip, value: 1.2.3.4}
  - {method: ParseDate, expression: evt.StrTime}
  - {target: MarshaledTime, expression: evt.Enriched.MarshaledTime}
)");
  OneLine line(content.load());
  EXPECT_EQ(line.run("x"), Outcome::parsed);
  EXPECT_EQ(line.parsed("a"), "v");
  EXPECT_EQ(line.event().marshaled_time, "2021-03-04T05:06:07Z");
  EXPECT_TRUE(line.event().has_log_stamp);
}

TEST(Whitelist, SucceedsWithoutAMatchAndKeepsItsStaticsForOne) {
  Content content;
  content.parser("s00-raw", "a", R"(
name: a
grok: {pattern: '^%{IP:ip}$', apply_on: Line.Raw, statics: [{meta: source_ip, expression: evt.Parsed.ip}]}
)");
  content.parser("s00-raw", "b", R"(
name: b
whitelist: {reason: ours, ip: ['2001:db8::1'], cidr: ['192.0.2.0/24']}
statics: [{meta: hit, value: yes}]
)");
  OneLine line(content.load());
  EXPECT_EQ(line.run("198.51.100.1"), Outcome::parsed);
  EXPECT_EQ(line.meta("hit"), "(absent)");
  EXPECT_EQ(line.run("192.0.2.77"), Outcome::whitelisted);
  EXPECT_EQ(line.meta("hit"), "yes");
  EXPECT_EQ(line.event().whitelist_reason, "ours");
  EXPECT_EQ(line.run("2001:0db8:0:0:0:0:0:1"), Outcome::whitelisted)
      << "addresses are compared, not their spelling";
  EXPECT_EQ(line.run("::ffff:192.0.2.77"), Outcome::parsed) << "a mapped address is not the IPv4 address";
}

TEST(Patterns, TheFirstDefinitionOfANameWinsForAllFiles) {
  Content content;
  content.parser(
      "s00-raw", "a",
      "name: a\npattern_syntax: {MINE: 'a+'}\ngrok: {pattern: '^%{MINE:x}$', apply_on: Line.Raw}\n");
  content.parser(
      "s00-raw", "b",
      "name: b\npattern_syntax: {MINE: 'b+'}\ngrok: {pattern: '^%{MINE:y}$', apply_on: Line.Raw}\n");
  const auto program = content.load();
  OneLine line(program);
  EXPECT_EQ(line.run("bbb"), Outcome::unparsed);
  EXPECT_EQ(line.run("aaa"), Outcome::parsed);
  EXPECT_EQ(line.parsed("y"), "aaa");
  ASSERT_EQ(program->notes.size(), 1u);
}

struct BadItem {
  const char* sentence;
  const char* yaml;
  const char* error;
};
class BadParsers : public testing::TestWithParam<BadItem> {};
TEST_P(BadParsers, AreNamedByFileLineAndColumn) {
  Content content;
  content.parser("s00-raw", "bad", GetParam().yaml);
  content.parser("s00-raw", "good", "name: good\nstatics: [{parsed: p, value: v}]\n");
  const auto errors = content.errors();
  ASSERT_EQ(errors.size(), 1u) << GetParam().sentence;
  EXPECT_EQ(errors[0].substr(0, std::string_view(GetParam().error).size()), GetParam().error)
      << GetParam().sentence;
  OneLine line(content.load());
  EXPECT_EQ(line.run("x"), Outcome::parsed) << "the others run";
}
INSTANTIATE_TEST_SUITE_P(
    Rows, BadParsers,
    testing::Values(BadItem{"broken YAML", "name: [a\nb: c\n", "content/parsers/s00-raw/bad.yaml:2:"},
                    BadItem{"an unknown key", "name: a\nfiltr: x\nstatics: [{parsed: p, value: v}]\n",
                            "content/parsers/s00-raw/bad.yaml:2:1: unknown key 'filtr'"},
                    BadItem{"a key twice", "name: a\nname: b\n",
                            "content/parsers/s00-raw/bad.yaml:2:1: the key 'name' is there twice"},
                    BadItem{"an unknown pattern name", "name: a\ngrok: {pattern: '%{IPP:x}', apply_on: m}\n",
                            "content/parsers/s00-raw/bad.yaml:2:"},
                    BadItem{"a regular expression that RE2 refuses",
                            "name: a\ngrok: {pattern: '(?<=a)b%{WORD:x}', apply_on: m}\n",
                            "content/parsers/s00-raw/bad.yaml:2:"},
                    BadItem{"a filter that does not compile",
                            "name: a\nfilter: \"evt.Mta.x == 'y'\"\nstatics: [{parsed: p, value: v}]\n",
                            "content/parsers/s00-raw/bad.yaml:2:14: "},
                    BadItem{"a wrong type", "name: a\nstatics: word\n",
                            "content/parsers/s00-raw/bad.yaml:2:10: statics must be a list"},
                    BadItem{"an address that is none", "name: a\nwhitelist: {reason: r, ip: [300.1.1.1]}\n",
                            "content/parsers/s00-raw/bad.yaml:2:29: '300.1.1.1' is not an address"},
                    BadItem{"an empty node", "name: a\n",
                            "content/parsers/s00-raw/bad.yaml:1:1: this node is empty"},
                    BadItem{"an unknown helper",
                            "name: a\nfilter: \"Uper('a') == 'A'\"\nstatics: [{parsed: p, value: v}]\n",
                            "content/parsers/s00-raw/bad.yaml:2:10: "}));

TEST(Content, ALinkThatPointsNowhereIsNamedAndCounted) {
  Content content;
  content.parser("s00-raw", "good", "name: good\nstatics: [{parsed: p, value: v}]\n");
  const std::string folder = content.options().content.folders[0] + "/parsers/s00-raw";
  std::filesystem::create_symlink("/nowhere/x.yaml", folder + "/lost.yaml");
  const auto program = content.load();
  ASSERT_EQ(program->errors.size(), 1u);
  EXPECT_NE(program->errors[0].text().find("lost.yaml"), std::string::npos);
  EXPECT_EQ(program->off, 1u);
}

}  // namespace
}  // namespace testudo
