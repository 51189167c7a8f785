// Tests in the hub's format, written here: what a test folder means, and what comes of it.
#include "engine/hubtest.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/hub.h"
#include "support/temp_dir.h"

namespace testudo {
namespace {

/// A hub of three items, and tests in it. A line is "ADDRESS WORD".
class HubTest : public testing::Test {
 protected:
  HubTest() {
    hub("parsers/s00-raw/me/raw", R"(
name: me/raw
filter: evt.Line.Labels.type == 'mine'
onsuccess: next_stage
grok: {pattern: '^%{IP:ip} %{WORD:word}$', apply_on: Line.Raw}
statics:
  - {meta: source_ip, expression: evt.Parsed.ip}
  - {meta: datasource_path, expression: evt.Line.Src}
)");
    hub("parsers/s01-parse/me/words", R"(
name: me/words
onsuccess: next_stage
statics:
  - {meta: service, value: words}
  - {method: ParseDate, value: '2026-05-01T10:00:00Z'}
  - {target: MarshaledTime, expression: evt.Enriched.MarshaledTime}
)");
    hub("scenarios/me/evil", R"(
type: trigger
name: me/evil
description: the word evil
filter: evt.Meta.service == 'words' && evt.Parsed.word == 'evil'
groupby: evt.Meta.source_ip
labels: {remediation: true}
)");
    test("config.yaml", config_);
    test("x.log", "192.0.2.1 good\n\n192.0.2.2 evil\r\n192.0.2.3 evil");
  }

  void hub(const std::string& item, const std::string& yaml) { dir_.write("hub/" + item + ".yaml", yaml); }
  void test(const std::string& file, const std::string& text) { dir_.write("tests/t/" + file, text); }

  HubTestResult run(const std::string& name = "t", bool strict = false) {
    HubTestOptions options;
    options.hub = {dir_.path() + "/hub"};
    options.tests = dir_.path() + "/tests";
    options.data = dir_.path() + "/data";
    options.patterns_folder = TESTUDO_SOURCE_DIR "/config/patterns";
    options.strict = strict;
    HubTestResult result = HubTests(options).run(name);
    for (size_t at; (at = result.reason.find(dir_.path() + "/")) != std::string::npos;)
      result.reason.erase(at, dir_.path().size() + 1);
    return result;
  }
  /// "passed", or "RESULT: REASON".
  std::string said(bool strict = false) {
    const HubTestResult result = run("t", strict);
    static const char* words[] = {"passed", "failed: ", "skipped: "};
    return words[int(result.outcome)] + result.reason;
  }
  std::string parser(const std::string& assertions) {
    test("parser.assert", assertions);
    return said();
  }
  std::string scenario(const std::string& assertions) {
    test("scenario.assert", assertions);
    return said();
  }
  std::string configured(const std::string& yaml) {
    test("config.yaml", yaml);
    return said();
  }

  const std::string config_ =
      "parsers: [me/raw, me/words, '']\nscenarios: [me/evil]\npostoverflows: [\"\"]\n"
      "log_file: x.log\nlog_type: mine\nignore_parsers: false\n";
  support::TempDir dir_;
};

TEST_F(HubTest, ANodeHasAnEntryEachTimeItIsRunWithTheEventAsItLeftIt) {
  EXPECT_EQ(parser(R"(len(results) == 3
len(results["s00-raw"]["me/raw"]) == 3
len(results["success"]) == 1
results["s00-raw"]["me/raw"][0].Success == true
results["s00-raw"]["me/raw"][1].Evt.Parsed["word"] == "evil"

results["s00-raw"]["me/raw"][1].Evt.Parsed.word == "evil"
results["s00-raw"]["me/raw"][1].Evt.Meta["service"] == ""
results["s01-parse"]["me/words"][1].Evt.Meta["service"] == "words"
results["s01-parse"]["me/words"][1].Evt.Whitelisted == false
results["s01-parse"]["me/words"][2].Evt.Enriched["MarshaledTime"][5:] == "05-01T10:00:00Z"
results["s01-parse"]["me/words"][2].Evt.Stage == "s01-parse"
results["s00-raw"]["me/raw"][0].Evt.Line.Labels["type"] == "mine"
basename(results["s00-raw"]["me/raw"][0].Evt.Meta["datasource_path"]) == "x.log"
results["s00-raw"]["me/raw"][0].Evt.Meta["datasource_path"] startsWith "/")"),
            "passed");
}

TEST_F(HubTest, ANodeThatFailedHasAnEntryAndOneThatWasNotReachedHasNone) {
  test("x.log", "nothing of the kind\n");
  EXPECT_EQ(parser(R"(len(results) == 2
results["s00-raw"]["me/raw"][0].Success == false
results["s00-raw"]["me/raw"][0].Evt.Line.Raw == "nothing of the kind")"),
            "passed");
}

TEST_F(HubTest, OverflowsAreSortedDescendingByScenarioAndSource) {
  EXPECT_EQ(scenario(R"(len(results) == 2
"192.0.2.3" in results[0].Overflow.GetSources()
results[0].Overflow.Sources["192.0.2.3"].IP == "192.0.2.3"
results[0].Overflow.Sources["192.0.2.3"].GetScope() == "Ip"
results[0].Overflow.Alert.Events[0].GetMeta("service") == "words"
results[0].Overflow.Alert.Remediation == true
results[0].Overflow.Alert.GetScenario() == "me/evil"
results[0].Overflow.Alert.GetEventsCount() == 1
results[1].Overflow.Sources["192.0.2.2"].GetValue() == "192.0.2.2")"),
            "passed");
}

TEST_F(HubTest, AFailureNamesFileLineAndWhatStandsThereInstead) {
  EXPECT_EQ(scenario("len(results) == 2\nlen(results) == 3"),
            "failed: scenario.assert:2: len(results) == 3 is false: it is 2");
  EXPECT_EQ(scenario("results[7].Overflow.Alert.Remediation == true"),
            "failed: scenario.assert:1: results[7].Overflow.Alert.Remediation == true cannot be evaluated: "
            "index out of range");
  EXPECT_EQ(scenario("len(results) = 3"), "failed: scenario.assert:1:14: unexpected = after the expression");
  EXPECT_EQ(scenario("len(results)"),
            "failed: scenario.assert:1:1: the expression gives int, but bool is needed here");
}

TEST_F(HubTest, TheFormatForgivesSomeFalseLinesAndAStrictRunNone) {
  for (const char* line :
       {R"("192.0.2.9" in results[0].Overflow.GetSources())",         // no ` == ` in it
        R"(results[0].Overflow.Alert.GetMeta("no such") == "x")"}) {  // `such")` cannot be evaluated
    test("scenario.assert", line);
    EXPECT_EQ(said(), "passed") << line;
    EXPECT_EQ(run().forgiven, 1u) << line;
    EXPECT_TRUE(said(true).starts_with("failed: scenario.assert:1: ")) << said(true);
  }
  std::filesystem::remove(dir_.path() + "/tests/t/scenario.assert");
  EXPECT_TRUE(parser(R"("x" in results)").starts_with("failed: ")) << "in parser.assert such a line counts";
}

TEST_F(HubTest, OldPathsMeanTheirLastPart) {
  EXPECT_EQ(parser(R"(results["s00-raw"]["me/raw"][0].Evt.Meta["datasource_path"] == "x.log")"), "passed");
  EXPECT_TRUE(parser(R"(results["s00-raw"]["me/raw"][0].Evt.Meta["datasource_path"] == "y.log")")
                  .starts_with("failed"));
}

TEST_F(HubTest, ParserAssertionsMayBeLeftOut) {
  test("parser.assert", "false");
  test("scenario.assert", "len(results) == 2");
  EXPECT_EQ(configured(config_ + "unknown: key\n"), "failed: parser.assert:1: false is false");
  EXPECT_EQ(configured("parsers: [me/raw, me/words]\nscenarios: [me/evil]\nlog_file: x.log\nlog_type: mine\n"
                       "ignore_parsers: true\n"),
            "passed");
}

TEST_F(HubTest, WithoutScenariosTheirAssertionsAreNotEvaluated) {
  test("scenario.assert", "false");
  EXPECT_EQ(configured("parsers: [me/raw]\nscenarios: null\nlog_file: x.log\nlog_type: mine\n"),
            "skipped: it asserts nothing");
}

TEST_F(HubTest, ItemsAreNamedByHubNameOrByPathFromHubOrTest) {
  test("parsers/s01-parse/you/own.yaml", "name: own\nstatics: [{meta: own, value: yes}]\n");
  test("scenario.assert", "len(results) == 2");
  test("parser.assert", R"(results["s01-parse"]["own"][0].Success == true
results["s01-parse"]["me/words"][0].Evt.Meta["own"] == "yes")");
  EXPECT_EQ(configured("parsers:\n - ./parsers/s00-raw/me/raw.yaml\n - parsers/s01-parse/me/words.yaml\n"
                       " - ./parsers/s01-parse/you/own.yaml\nscenarios: [scenarios/me/evil.yaml]\n"
                       "log_file: x.log\nlog_type: mine\n"),
            "passed");
}

TEST_F(HubTest, AnItemThatIsNotThereOrBrokenFailsTheTest) {
  test("scenario.assert", "len(results) == 0");
  EXPECT_EQ(configured("parsers: [me/rav]\nscenarios: [me/evil]\nlog_file: x.log\nlog_type: mine\n"),
            "failed: tests/t/config.yaml: there is no parsers item me/rav. did you mean me/raw?");
  hub("scenarios/me/broken", "type: trigger\nname: b\ndescription: b\nfilter: evt.Mta.x == ''\n");
  EXPECT_EQ(configured("parsers: [me/raw]\nscenarios: [me/broken]\nlog_file: x.log\nlog_type: mine\n"),
            "failed: hub/scenarios/me/broken.yaml:4:13: unknown field evt.Mta. did you mean evt.Meta?");
}

TEST_F(HubTest, NodesRunInTheOrderOfFileNamesAndOverridesBeforeAll) {
  hub("parsers/s00-raw/zoe/aaa", "name: first\nstatics: [{meta: module, expression: evt.Line.Module}]\n");
  test("parser.assert", R"(len(results["s00-raw"]) == 3
results["s00-raw"]["overrides"][0].Success == true
results["s00-raw"]["overrides"][0].Evt.Line.Module == "wineventlog"
results["s00-raw"]["first"][0].Evt.Meta["module"] == "wineventlog"
results["s00-raw"]["first"][0].Evt.Parsed["word"] == ""
results["s00-raw"]["me/raw"][0].Evt.Meta["module"] == "wineventlog")");
  EXPECT_EQ(configured("parsers: [me/raw, zoe/aaa]\nlog_file: x.log\nlog_type: mine\noverride_statics:\n"
                       " - {target: evt.Line.Module, value: wineventlog}\n"),
            "passed");
}

TEST_F(HubTest, LabelsOfTheTestAreLabelsOfItsLines) {
  hub("parsers/s00-raw/me/labelled",
      "name: labelled\nstatics: [{meta: program, expression: evt.Line.Labels.program}]\n");
  test("parser.assert", R"(results["s00-raw"]["labelled"][0].Evt.Meta["program"] == "envoy")");
  EXPECT_EQ(configured("parsers: [me/labelled]\nlog_file: x.log\nlog_type: mine\nlabels: {program: envoy}\n"),
            "passed");
}

TEST_F(HubTest, DataComesByTheLastPartOfItsAddressFirst) {
  hub("scenarios/me/listed", R"(
type: trigger
name: me/listed
description: words of a list
filter: evt.Parsed.word in File('words.txt')
groupby: evt.Meta.source_ip
data: [{source_url: 'https://example.org/of-this-test.txt', dest_file: words.txt, type: string}]
)");
  test("scenario.assert", "len(results) == 1");
  dir_.write("data/words.txt", "evil\n");
  const std::string yaml =
      "parsers: [me/raw, me/words]\nscenarios: [me/listed]\nlog_file: x.log\nlog_type: mine\n";
  EXPECT_EQ(configured(yaml), "failed: scenario.assert:1: len(results) == 1 is false: it is 2");
  dir_.write("data/of-this-test.txt", "good\n");
  EXPECT_EQ(said(), "passed");
}

TEST_F(HubTest, DatabasesComeByTheLastPartOfTheirAddressToo) {
  TESTUDO_NEED_HUB();
  for (const auto& [from, to] : {std::pair{"GeoLite2-City.mmdb", "GeoLite2-City.mmdb"},
                                 std::pair{"GeoLite2-Test-City.mmdb", "of-this-test.mmdb"}})
    std::filesystem::copy(support::hub() + "/data/" + from, dir_.write(std::string("data/") + to, ""),
                          std::filesystem::copy_options::overwrite_existing);
  const std::string rest = "statics: [{method: GeoIpCity, value: 1.2.3.4}]\n";
  hub("parsers/s02-enrich/me/geo", "name: geo\n" + rest);
  hub("parsers/s02-enrich/me/test-geo",
      "name: geo\ndata: [{source_url: 'https://example.org/of-this-test.mmdb', dest_file: "
      "GeoLite2-City.mmdb}]\n" +
          rest);
  for (const auto& [item, country] : {std::pair{"me/geo", "AU"}, std::pair{"me/test-geo", "FR"}}) {
    test("parser.assert",
         std::string(R"(results["s02-enrich"]["geo"][0].Evt.Enriched["IsoCode"] == ")") + country + "\"");
    EXPECT_EQ(configured(std::string("parsers: [me/raw, me/words, ") + item +
                         "]\nlog_file: x.log\nlog_type: mine\n"),
              "passed");
  }
}

TEST_F(HubTest, OverflowsAreListedAfterPostoverflowsWhitelistedOnesToo) {
  hub("postoverflows/s00-enrich/me/widen", R"(
name: me/widen
filter: evt.Overflow.Alert.Source.IP == '192.0.2.3'
onsuccess: next_stage
statics:
  - {target: evt.Overflow.Alert.Source.Scope, value: Range}
  - {target: evt.Overflow.Alert.Source.Value, value: 192.0.2.0/24}
)");
  hub("postoverflows/s01-whitelist/me/friend",
      "name: me/friend\nwhitelist: {reason: friend, ip: [192.0.2.3]}\n");
  test("scenario.assert", R"(len(results) == 2
"192.0.2.3" in results[0].Overflow.GetSources()
results[0].Overflow.Sources["192.0.2.3"].IP == "192.0.2.3"
results[0].Overflow.Sources["192.0.2.3"].GetScope() == "Range"
results[0].Overflow.Sources["192.0.2.3"].GetValue() == "192.0.2.0/24"
results[0].Overflow.Whitelisted == true
results[1].Overflow.Whitelisted == false)");
  test("parser.assert", R"(len(results) == 5
results["s00-enrich"]["me/widen"][0].Success == false
results["s00-enrich"]["me/widen"][1].Success == true
len(results["s01-whitelist"]["me/friend"]) == 1
results["s01-whitelist"]["me/friend"][0].Evt.Whitelisted == true)");
  EXPECT_EQ(configured("parsers: [me/raw, me/words]\nscenarios: [me/evil]\n"
                       "postoverflows: [me/widen, me/friend]\nlog_file: x.log\nlog_type: mine\n"),
            "passed");
}

TEST_F(HubTest, ALineThatNamesTwoAddressesCountsForTheOneThatWasParsed) {
  hub("parsers/s00-raw/me/raw", R"(
name: me/raw
onsuccess: next_stage
grok: {pattern: 'from %{IP:ip} word %{WORD:word}', apply_on: Line.Raw}
statics: [{meta: source_ip, expression: evt.Parsed.ip}]
)");
  test("x.log", "from 192.0.2.1 word evil from 192.0.2.2 word evil\n");
  EXPECT_EQ(scenario("len(results) == 1\n\"192.0.2.1\" in results[0].Overflow.GetSources()"), "passed");
}

TEST_F(HubTest, WhatIsTooLargeIsRefusedByName) {
  test("x.log", std::string(64 * 1024 + 1, 'x') + "\n");
  EXPECT_EQ(scenario("true"), "failed: tests/t/x.log:1: the line is longer than 64 KiB");
  test("x.log", "192.0.2.1 good\n");
  std::string many;
  for (int i = 0; i < 200'001; ++i) many += "true\n";
  EXPECT_EQ(scenario(many), "failed: scenario.assert:200001: more than 200,000 assertions in one file");
}

TEST_F(HubTest, AnEmptyLogOrNoLogFailsTheTest) {
  test("x.log", "\n\n");
  EXPECT_EQ(scenario("len(results) == 0"), "failed: tests/t/x.log: the log is empty");
  std::filesystem::remove(dir_.path() + "/tests/t/x.log");
  EXPECT_EQ(said(), "failed: tests/t/x.log: the log is missing, or is no file");
}

TEST_F(HubTest, TestsOfTheApplicationFirewallAreSkipped) {
  EXPECT_EQ(configured("appsec-rules: [a/b]\nlog_file: ''\n"),
            "skipped: it tests the application firewall, which Testudo does not have");
}

TEST_F(HubTest, ResultsComeInTheOrderOfNamesWhateverTheThreads) {
  for (int i = 0; i < 20; ++i) {
    const std::string folder = "tests/t" + std::to_string(i) + "/";
    dir_.write(folder + "config.yaml", config_);
    dir_.write(folder + "x.log", "192.0.2.1 good\n");
    dir_.write(folder + "scenario.assert", i % 2 ? "len(results) == 0" : "len(results) == 1");
  }
  HubTestOptions options;
  options.hub = {dir_.path() + "/hub"};
  options.tests = dir_.path() + "/tests";
  options.patterns_folder = TESTUDO_SOURCE_DIR "/config/patterns";
  const HubTests tests(options);
  std::vector<std::string> told, names = tests.names();
  EXPECT_EQ(names.size(), 21u);
  std::erase(names, "t");
  tests.run(names, 4, [&](const HubTestResult& r) {
    told.push_back(r.name);
    const bool odd = std::stoi(r.name.substr(1)) % 2;
    EXPECT_EQ(r.outcome, odd ? HubTestResult::Outcome::passed : HubTestResult::Outcome::failed) << r.reason;
  });
  EXPECT_EQ(told, names);
}

}  // namespace
}  // namespace testudo
