#include "decide/profiles.h"

#include "decide/history.h"
#include "decide/simulation.h"
#include "house.h"

namespace testudo {
namespace {

struct FixedHistory final : DecisionHistory {
  int64_t decisions_since(std::string_view value, TimePoint since) override {
    if (value != "192.0.2.1") return 0;
    return since == TimePoint{} ? 7 : since == time() - 24h ? 2 : -1;
  }
  int64_t active_decisions(std::string_view value) override { return value == "192.0.2.1" ? 1 : 0; }
  Duration time_left(std::string_view value) override {
    return value == "192.0.2.1" ? Duration(90min) : Duration(0);
  }
  TimePoint time() override { return from_unix_seconds(1'800'000'000); }
};

struct ProfilesTest : testing::Test {
  Profiles load(const std::string& text) {
    const TempFolder folder;
    errors.clear();
    return Profiles::load({folder.file("profiles.yaml", text)}, {&helpers, &expr::pure_helpers()}, errors);
  }
  FixedHistory history;
  expr::HelperTable helpers = history_helpers(history);
  Errors errors;
};

// A profile of one filter that bans for an hour.
std::string profile(const std::string& filter, const std::string& more = "") {
  return "name: p\nfilters:\n  - " + filter + "\ndecisions:\n  - type: ban\n    duration: 1h\n" + more;
}

struct FilterRow {
  const char* sentence;
  const char* filter;
  size_t decisions;
};

TEST_F(ProfilesTest, FiltersSeeTheAlert) {
  const FilterRow rows[] = {
      {"the shipped one", R"(Alert.Remediation == true && Alert.GetScope() == "Ip")", 1},
      {"another scope", R"(Alert.GetScope() == "Range")", 0},
      {"the scenario", R"(Alert.GetScenario() in ["test/ssh-bf", "x"])", 1},
      {"a field", R"(Alert.Source.Cn == "FR")", 0},
      {"the count", R"(Alert.GetEventsCount() > 5)", 1},
      {"a helper of the language", R"(Alert.GetScenario() startsWith "test/")", 1},
      {"a pure helper", R"(IpInRange(Alert.GetValue(), "192.0.2.0/24"))", 1},
      {"all decisions so far", R"(GetDecisionsCount(Alert.GetValue()) == 7)", 1},
      {"those of a day", R"(GetDecisionsSinceCount(Alert.GetValue(), "24h") == 2)", 1},
      {"active ones", R"(GetActiveDecisionsCount(Alert.GetValue()) > 0)", 1},
      {"of somebody else", R"(GetActiveDecisionsCount("192.0.2.2") > 0)", 0},
      {"the time left", R"(GetActiveDecisionsTimeLeft(Alert.GetValue()) > duration("1h"))", 1},
      {"not that much", R"(GetActiveDecisionsTimeLeft(Alert.GetValue()) > duration("2h"))", 0},
  };
  for (const FilterRow& row : rows) {
    Profiles profiles = load(profile(row.filter));
    ASSERT_TRUE(errors.empty()) << row.sentence << ": " << errors[0].text();
    EXPECT_EQ(profiles.judge(alert_of("192.0.2.1", now())).decisions.size(), row.decisions) << row.sentence;
  }
}

struct DurationRow {
  const char* sentence;
  const char* expression;
  Duration taken;
};

TEST_F(ProfilesTest, DurationExpressions) {
  const DurationRow rows[] = {
      {"a text", R"("3h")", 3h},
      {"days", R"("2d")", 48h},
      {"computed", R"(Sprintf('%dh', (GetDecisionsCount(Alert.GetValue()) + 1) * 4))", 32h},
      {"a duration", R"(duration("90m"))", 90min},
      {"longer than anybody lives: a hundred years, whose end a clock can count", R"("2500000h")", 876000h},
      {"a number alone is none: the template's", R"(4)", 1h},
      {"nonsense: the template's", R"("soon")", 1h},
      {"zero: the template's", R"("0s")", 1h},
      {"negative: the template's", R"("-4h")", 1h},
  };
  for (const DurationRow& row : rows) {
    Profiles profiles =
        load(profile("\"true\"", std::string("duration_expr: >-\n  ") + row.expression + "\n"));
    ASSERT_TRUE(errors.empty()) << row.sentence << ": " << errors[0].text();
    const auto judgement = profiles.judge(alert_of("192.0.2.1", now()));
    ASSERT_EQ(judgement.decisions.size(), 1u) << row.sentence;
    EXPECT_EQ(judgement.decisions[0].duration, row.taken) << row.sentence;
  }
}

TEST_F(ProfilesTest, ATemplateFillsWhatItLeavesOut) {
  Profiles profiles = load(
      "name: p\nfilters: [\"true\"]\ndecisions:\n - type: captcha\n - {type: ban, scope: range, origin: "
      "waf}\n");
  ASSERT_TRUE(errors.empty()) << errors[0].text();
  const auto judgement = profiles.judge(alert_of("192.0.2.1", now()));
  ASSERT_EQ(judgement.decisions.size(), 2u);
  EXPECT_EQ(judgement.profile, "p");
  EXPECT_EQ(judgement.decisions[0].type, "captcha");
  EXPECT_EQ(judgement.decisions[0].duration, 4h);
  EXPECT_EQ(judgement.decisions[0].scope, "Ip");
  EXPECT_EQ(judgement.decisions[0].value, "192.0.2.1");
  EXPECT_EQ(judgement.decisions[0].scenario, "test/ssh-bf");
  EXPECT_EQ(judgement.decisions[0].origin, "crowdsec");
  EXPECT_EQ(judgement.decisions[1].scope, "Range");
  EXPECT_EQ(judgement.decisions[1].origin, "crowdsec/waf");
}

TEST_F(ProfilesTest, ParamsBecomeJsonAsTheyAreWritten) {
  Profiles profiles = load(
      "name: p\nfilters: [\"true\"]\ndecisions:\n - type: throttle\n   params: {rate: 100/s, burst: 200, "
      "protocol: "
      "tcp, ports: \"22\", direction: both}\n - {type: ban, params: {reject: true, page: {title: 7, list: "
      "[a]}}}\n"
      " - {type: sample, params: {}}\n");
  ASSERT_TRUE(errors.empty()) << errors[0].text();
  const auto judgement = profiles.judge(alert_of("192.0.2.1", now()));
  ASSERT_EQ(judgement.decisions.size(), 3u);
  EXPECT_EQ(judgement.decisions[0].params,
            R"({"rate":"100/s","burst":200,"protocol":"tcp","ports":"22","direction":"both"})");
  EXPECT_EQ(judgement.decisions[1].params, R"({"reject":true,"page":{"title":7,"list":["a"]}})");
  EXPECT_EQ(judgement.decisions[2].params, "");
}

TEST_F(ProfilesTest, AWrongParamIsAnErrorAtItsPlace) {
  load(
      "name: p\nfilters: [\"true\"]\ndecisions:\n - type: throttle\n   params:\n     burst: 10\n     rate: "
      "fast\n");
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].code, Code::bad_config);
  EXPECT_EQ(errors[0].where.line, 7);
  errors.clear();
  load("name: p\nfilters: [\"true\"]\ndecisions:\n - {type: throttle, params: 100/s}\n");
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].where.line, 4);
}

TEST_F(ProfilesTest, OneTrueFilterIsEnoughAndTwoDecideOnce) {
  Profiles profiles = load("name: p\nfilters: [\"false\", \"true\", \"true\"]\ndecisions: [{type: ban}]\n");
  ASSERT_TRUE(errors.empty());
  EXPECT_EQ(profiles.judge(alert_of("192.0.2.1", now())).decisions.size(), 1u);
}

TEST_F(ProfilesTest, TheFirstThatBringsDecisionsDecides) {
  const std::string second = "---\nname: second\nfilters: [\"true\"]\ndecisions: [{type: ban}]\n";
  Profiles first_decides = load("name: first\nfilters: [\"true\"]\ndecisions: [{type: captcha}]\n" + second);
  EXPECT_EQ(first_decides.judge(alert_of("192.0.2.1", now())).profile, "first");
  Profiles goes_on = load("name: first\nfilters: [\"true\"]\non_success: continue\n" + second);
  EXPECT_EQ(goes_on.judge(alert_of("192.0.2.1", now())).profile, "second");
  Profiles exempts = load("name: first\nfilters: [\"true\"]\non_success: break\n" + second);
  const auto judgement = exempts.judge(alert_of("192.0.2.1", now()));
  EXPECT_EQ(judgement.profile, "first");
  EXPECT_TRUE(judgement.decisions.empty());
}

struct ErrorRow {
  const char* sentence;
  const char* on_error;
  const char* profile;  ///< which one decides, "" = none
};

TEST_F(ProfilesTest, AFilterThatFails) {
  const ErrorRow rows[] = {
      {"does not match", "", "second"},
      {"continue: does not match", "on_error: continue\n", "second"},
      {"ignore: does not match", "on_error: ignore\n", "second"},
      {"apply: as if it matched", "on_error: apply\n", "first"},
      {"break: no further profile", "on_error: break\n", ""},
  };
  for (const ErrorRow& row : rows) {
    // Not a duration: fails when it runs, not when it is compiled.
    Profiles profiles = load(
        "name: first\nfilters: ['GetDecisionsSinceCount(\"192.0.2.1\", Alert.GetScenario()) > 0']\n"
        "decisions: [{type: ban}]\n" +
        std::string(row.on_error) + "---\nname: second\nfilters: [\"true\"]\ndecisions: [{type: ban}]\n");
    ASSERT_TRUE(errors.empty()) << row.sentence << ": " << errors[0].text();
    EXPECT_EQ(profiles.judge(alert_of("192.0.2.1", now())).profile, row.profile) << row.sentence;
  }
}

struct BadRow {
  const char* sentence;
  std::string text;
  int line;
};

TEST_F(ProfilesTest, MistakesAreNamedWithTheirPlace) {
  const BadRow rows[] = {
      {"an unknown key", "name: p\nfilter: [\"true\"]\nfilters: [\"true\"]\ndecisions: [{type: ban}]\n", 2},
      {"no filters", "name: p\ndecisions: [{type: ban}]\n", 1},
      {"an unknown field", "name: p\nfilters:\n  - Alert.Remediatio == true\n", 3},
      {"an unknown helper", "name: p\nfilters:\n  - GetDecisionCount(Alert.GetValue()) > 1\n", 3},
      {"a filter that is no boolean", "name: p\nfilters:\n  - Alert.GetScope()\n", 3},
      {"a decision without type", "name: p\nfilters: [\"true\"]\ndecisions:\n  - duration: 4h\n", 4},
      {"a duration that is none",
       "name: p\nfilters: [\"true\"]\ndecisions:\n  - type: ban\n    duration: soon\n", 5},
      {"a duration of zero", "name: p\nfilters: [\"true\"]\ndecisions:\n  - type: ban\n    duration: 0s\n",
       5},
      {"a duration of 285 years",
       "name: p\nfilters: [\"true\"]\ndecisions:\n  - type: ban\n    duration: 2500000h\n", 5},
      {"an unknown word", "name: p\nfilters: [\"true\"]\non_success: stop\n", 3},
      {"an unknown key of a decision",
       "name: p\nfilters: [\"true\"]\ndecisions:\n  - type: ban\n    lenght: 4h\n", 5},
      {"not a map", "- a\n- b\n", 1},
  };
  for (const BadRow& row : rows) {
    load(row.text);
    ASSERT_FALSE(errors.empty()) << row.sentence;
    EXPECT_EQ(errors[0].code, Code::bad_config) << row.sentence;
    EXPECT_EQ(errors[0].where.line, row.line) << row.sentence << ": " << errors[0].text();
  }
}

TEST_F(ProfilesTest, AllMistakesAreToldAtOnce) {
  load("name: p\nfilters: [\"nope(\"]\non_success: stop\n---\nname: q\nwrong: 1\nfilters: [\"true\"]\n");
  EXPECT_GE(errors.size(), 3u);
}

TEST_F(ProfilesTest, AFileWithoutProfilesAndAMissingOneAreErrors) {
  load("# nothing\n");
  EXPECT_EQ(errors.size(), 1u);
  errors.clear();
  Profiles::load({"/nonexistent/profiles.yaml"}, {&expr::pure_helpers()}, errors);
  EXPECT_EQ(errors.size(), 1u);
}

TEST_F(ProfilesTest, TheLocalFileComesFirst) {
  const TempFolder folder;
  folder.file("profiles.yaml.local", "name: local\nfilters: [\"true\"]\ndecisions: [{type: captcha}]\n");
  Profiles profiles =
      Profiles::load({folder.file("profiles.yaml", profile("\"true\""))}, {&expr::pure_helpers()}, errors);
  EXPECT_EQ(profiles.size(), 2u);
  EXPECT_EQ(profiles.judge(alert_of("192.0.2.1", now())).profile, "local");
}

TEST_F(ProfilesTest, TheShippedFilesLoadAndBanForFourHours) {
  Profiles profiles = Profiles::load({std::string(TESTUDO_SOURCE_DIR) + "/config/profiles.yaml"},
                                     {&helpers, &expr::pure_helpers()}, errors);
  ASSERT_TRUE(errors.empty()) << errors[0].text();
  Alert alert = alert_of("192.0.2.1", now());
  ASSERT_EQ(profiles.judge(alert).decisions.size(), 1u);
  EXPECT_EQ(profiles.judge(alert).decisions[0].duration, 4h);
  alert.scenario = "testudo/xdp-syn-flood-unproven";
  ASSERT_EQ(profiles.judge(alert).decisions.size(), 1u);
  EXPECT_EQ(profiles.judge(alert).decisions[0].type, "throttle");
  alert.scenario = "testudo/xdp-syn-flood";
  EXPECT_EQ(profiles.judge(alert).decisions[0].type, "ban");
  alert.source.scope = "Range";
  EXPECT_EQ(profiles.judge(alert).profile, "default_range_remediation");
  alert.remediation = false;
  EXPECT_TRUE(profiles.judge(alert).decisions.empty());
  EXPECT_TRUE(Simulation::load(std::string(TESTUDO_SOURCE_DIR) + "/config/simulation.yaml").ok());
}

struct EscalationTest : House {};

TEST_F(EscalationTest, BansGrowWithWhatWasDecidedBeforeCommittedOrNot) {
  options.profile_files = {
      folder.file("profiles.yaml",
                  "name: p\nfilters: [\"true\"]\ndecisions: [{type: ban, duration: 4h}]\n"
                  "duration_expr: \"Sprintf('%dh', (GetDecisionsCount(Alert.GetValue()) + 1) * 4)\"\n")};
  start();
  alert("192.0.2.1");
  EXPECT_EQ(kernel.until("192.0.2.1"), clock.load() + 4h);
  alert("192.0.2.1", "test/second");  // the first may still wait for the disk
  EXPECT_EQ(kernel.until("192.0.2.1"), clock.load() + 8h);
  advance(9h);
  EXPECT_FALSE(kernel.has("192.0.2.1"));
  ASSERT_TRUE(decider->barrier());
  alert("192.0.2.1", "test/third");  // over, and remembered all the same
  EXPECT_EQ(kernel.until("192.0.2.1"), clock.load() + 12h);
}

TEST_F(EscalationTest, ABrokenFileAtReloadLeavesTheOldRulesInForce) {
  start();
  folder.file("profiles.yaml", "name: p\nnonsense: 1\n");
  const auto result = decider->reload();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().where.line, 2);
  EXPECT_EQ(alert("192.0.2.1").verdict, Verdict::decided);
}

TEST_F(EscalationTest, ABrokenFileAtStartIsAnErrorWithPlace) {
  options.profile_files = {folder.file("profiles.yaml", "name: p\nfilters: [\"true\"]\non_success: stop\n")};
  const auto opened = Decider::open(options, *flaky, &kernel, metrics);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::bad_config);
  EXPECT_EQ(opened.error().where.line, 3);
}

}  // namespace
}  // namespace testudo
