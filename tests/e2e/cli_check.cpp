// testudod --check: every mistake with file:line:column, all of them, and nothing touched.
#include <filesystem>
#include <sstream>

#include "support/installation.h"

namespace testudo::support {
namespace {

using Words = std::vector<std::string>;

class CliCheck : public ::testing::Test {
 protected:
  CliCheck() {
    it.use_content(it.path("content"));
    it.set("profiles", "[" + it.path("profiles.yaml") + "]");
    it.set("acquire", "{files: [" + it.path("acquis.d") + "]}");
    it.write("acquis.d/README", "");
    it.write("content/scenarios/README", "");
    it.write("profiles.yaml", kProfile);
  }
  Finished check() { return run({TESTUDO_BINARY_DIR "/bin/testudod", "--check", "--config", it.config()}); }
  /// The lines of standard error that name a place, without the folder's own path.
  Words places(const Finished& done) const {
    Words out;
    std::istringstream lines(done.err);
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with(it.folder() + "/")) out.push_back(line.substr(it.folder().size() + 1));
    return out;
  }
  void expect_untouched() const {
    for (const char* made : {"state", "run", "data", "pin"})
      EXPECT_FALSE(std::filesystem::exists(it.path(made))) << made;
  }
  static constexpr const char* kProfile =
      "name: p\nfilters: [\"Alert.Remediation == true\"]\ndecisions: [{type: ban, duration: "
      "4h}]\non_success: break\n";
  Installation it;
};

TEST_F(CliCheck, WhatIsRightPassesAndTouchesNothing) {
  const Finished done = check();
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_EQ(done.err, "");
  EXPECT_NE(done.out.find(", 0 errors"), std::string::npos) << done.out;
  expect_untouched();
}

TEST_F(CliCheck, TheShippedConfigurationPasses) {
  Installation shipped;
  shipped.set("acquire", "{files: [" TESTUDO_SOURCE_DIR "/config/acquis.yaml]}");
  const Finished done = run({TESTUDO_BINARY_DIR "/bin/testudod", "--check", "--config", shipped.config()});
  EXPECT_EQ(done.status, 0) << done.out << done.err;
}

struct Mistake {
  const char* what;
  const char* file;  ///< written with `text`; testudo.yaml is appended to
  const char* text;
  const char* error;  ///< how its line begins: place, then words
};

const Mistake kMistakes[] = {
    {"an unknown section", "testudo.yaml", "metric: {}",
     "testudo.yaml:7:1: unknown key 'metric' in the configuration. did you mean 'metrics'?"},
    {"an unknown key", "testudo.yaml", "api: {sockte: /x}",
     "testudo.yaml:7:7: unknown key 'sockte' in api. did you mean 'socket'?"},
    {"a word for a number", "testudo.yaml", "detect:\n  max_buckets: many",
     "testudo.yaml:8:16: detect.max_buckets must be a whole number, not 'many'"},
    {"a number out of bounds", "testudo.yaml", "detect: {max_buckets: 3}",
     "testudo.yaml:7:23: detect.max_buckets must lie between 100 and 100000000, not 3"},
    {"a list for a mapping", "testudo.yaml", "detect: [1]", "testudo.yaml:7:9: detect must be a mapping"},
    {"an unknown zone", "testudo.yaml", "detect: {timezone: Mars}",
     "testudo.yaml:7:20: unknown time zone 'Mars'"},
    {"a role of later versions", "testudo.yaml", "share: {}",
     "testudo.yaml:7:8: the role share is not part of this version"},
    {"a section twice", "testudo.yaml", "metrics: {}", "testudo.yaml:7:1: the key 'metrics' is there twice"},
    {"a bracket left open", "testudo.yaml", "api: {socket: [/x", "testudo.yaml:8:1: YAML: "},

    {"an unknown source", "acquis.d/a.yaml", "source: fiel\nfilename: /x\nlabels: {type: syslog}\n",
     "acquis.d/a.yaml:1:9: unknown source fiel. did you mean file?"},
    {"an unknown key of a source", "acquis.d/a.yaml", "filename: /x\nlables: {type: syslog}\n",
     "acquis.d/a.yaml:2:1: unknown key 'lables' in file source. did you mean 'labels'?"},
    {"no label type", "acquis.d/a.yaml", "filename: /x\n", "acquis.d/a.yaml:1:1: labels.type is missing"},
    {"a list where a text is due", "acquis.d/a.yaml", "filename: [a, b]\nlabels: {type: syslog}\n",
     "acquis.d/a.yaml:1:11: filename must be text, not a list"},
    {"the second document", "acquis.d/a.yaml", "filename: /x\nlabels: {type: t}\n---\n- 1\n",
     "acquis.d/a.yaml:4:1: an acquisition document is a map of keys"},
    {"an expression RE2 refuses in exclude_regexps", "acquis.d/a.yaml",
     "filename: /x\nexclude_regexps: ['(?!x)']\nlabels: {type: t}\n",
     "acquis.d/a.yaml:2:18: exclude_regexps: "},
    {"no filter for the journal", "acquis.d/a.yaml", "source: journalctl\nlabels: {type: syslog}\n",
     "acquis.d/a.yaml:1:1: journalctl_filter is missing"},
    {"an option that journalctl does not have", "acquis.d/a.yaml",
     "source: journalctl\njournalctl_filter: ['--frob']\nlabels: {type: syslog}\n", "acquis.d/a.yaml:2:"},
    {"a tab as indentation", "acquis.d/a.yaml", "filename: /x\nlabels:\n\ttype: t\n", "acquis.d/a.yaml:3:"},

    {"an unknown method in a profile", "profiles.yaml",
     "name: p\nfilters:\n  - Alert.GetScop() == 'Ip'\ndecisions: [{type: ban}]\n",
     "profiles.yaml:3:11: Alert has no method GetScop. did you mean GetScope?"},
    {"an unknown field in a profile", "profiles.yaml",
     "name: p\nfilters: [Alert.Frob]\ndecisions: [{type: ban}]\n", "profiles.yaml:2:"},
    {"a duration that is none", "profiles.yaml",
     "name: p\nfilters: ['true']\ndecisions:\n  - type: ban\n    duration: soon\n",
     "profiles.yaml:5:15: duration: 'soon' is not a duration"},
    {"an unknown key in a profile", "profiles.yaml",
     "name: p\nfiltres: []\nfilters: ['true']\ndecisions: [{type: ban}]\n",
     "profiles.yaml:2:1: unknown key 'filtres' in profile. did you mean 'filters'?"},
    {"a word for on_success", "profiles.yaml",
     "name: p\nfilters: ['true']\ndecisions: [{type: ban}]\non_success: perhaps\n",
     "profiles.yaml:4:13: on_success is one of continue, break, not perhaps"},

    {"an unknown pattern name", "content/parsers/s01-parse/a.yaml",
     "name: t/a\ngrok:\n  pattern: '%{NOSUCH:x}'\n  apply_on: message\n",
     "content/parsers/s01-parse/a.yaml:3:13: "},
    {"look-around in a pattern", "content/parsers/s01-parse/a.yaml",
     "name: t/a\ngrok:\n  pattern: '(?P<x>a(?!b))'\n  apply_on: message\n",
     "content/parsers/s01-parse/a.yaml:3:13: regular expression refused: "},
    {"a filter that stops in the middle", "content/parsers/s01-parse/a.yaml",
     "name: t/a\nfilter: \"evt.Line.Raw == 'x' &&\"\nstatics: [{meta: a, value: b}]\n",
     "content/parsers/s01-parse/a.yaml:2:32: the expression ends where a value was expected"},
    {"an unknown helper", "content/parsers/s01-parse/a.yaml",
     "name: t/a\nfilter: Uper(evt.Line.Raw) == 'X'\nstatics: [{meta: a, value: b}]\n",
     "content/parsers/s01-parse/a.yaml:2:9: "},
    {"an unknown bag", "content/parsers/s01-parse/a.yaml",
     "name: t/a\nstatics:\n  - meta: a\n    expression: evt.Pasred.x\n",
     "content/parsers/s01-parse/a.yaml:4:"},
    {"an unknown key in a node", "content/parsers/s01-parse/a.yaml",
     "name: t/a\nonsucess: next_stage\nstatics: [{meta: a, value: b}]\n",
     "content/parsers/s01-parse/a.yaml:2:1: unknown key 'onsucess' in a parser node. did you mean "
     "'onsuccess'?"},
    {"a mistake in a nested node", "content/parsers/s01-parse/a.yaml",
     "name: t/a\nnodes:\n  - grok:\n      pattern: '['\n      apply_on: message\n",
     "content/parsers/s01-parse/a.yaml:4:17: regular expression refused: "},

    {"an unknown type of bucket", "content/scenarios/a.yaml",
     "type: leeky\nname: t/a\ndescription: d\nfilter: 'true'\n", "content/scenarios/a.yaml:1:7: "},
    {"a capacity that is none", "content/scenarios/a.yaml",
     "type: leaky\nname: t/a\ndescription: d\nfilter: 'true'\ncapacity: few\nleakspeed: 1s\n",
     "content/scenarios/a.yaml:5:11: capacity must be a whole number, not 'few'"},
    {"a leakspeed that is none", "content/scenarios/a.yaml",
     "type: leaky\nname: t/a\ndescription: d\nfilter: 'true'\ncapacity: 5\nleakspeed: soon\n",
     "content/scenarios/a.yaml:6:12: leakspeed: 'soon' is not a duration"},
    {"a filter of another type", "content/scenarios/a.yaml",
     "type: trigger\nname: t/a\ndescription: d\nfilter: \"'x'\"\n", "content/scenarios/a.yaml:4:"},
    {"a key twice", "content/scenarios/a.yaml", "type: trigger\ntype: leaky\nname: t/a\n",
     "content/scenarios/a.yaml:2:1: the key 'type' is there twice"},
};

TEST_F(CliCheck, EachMistakeIsSaidWithItsPlaceAndAlone) {
  for (const Mistake& mistake : kMistakes) {
    CliCheck_EachMistakeIsSaidWithItsPlaceAndAlone_Test fresh;
    const std::string file = mistake.file;
    if (file == "testudo.yaml") {
      fresh.it.set("zz", "");
      const std::string text = slurp(fresh.it.config());
      const std::string path = fresh.it.write(file, text.substr(0, text.find("zz:")) + mistake.text + "\n");
      const Finished done = run({TESTUDO_BINARY_DIR "/bin/testudod", "--check", "--config", path});
      EXPECT_EQ(done.status, 1) << mistake.what;
      const Words said = fresh.places(done);
      EXPECT_EQ(said.size(), 1u) << mistake.what << "\n" << done.err;
      EXPECT_TRUE(!said.empty() && said[0].starts_with(mistake.error)) << mistake.what << "\n" << done.err;
    } else {
      fresh.it.write(file, mistake.text);
      const Finished done = fresh.check();
      EXPECT_EQ(done.status, 1) << mistake.what;
      const Words said = fresh.places(done);
      EXPECT_EQ(said.size(), 1u) << mistake.what << "\n" << done.err;
      EXPECT_TRUE(!said.empty() && said[0].starts_with(mistake.error)) << mistake.what << "\n" << done.err;
    }
    fresh.expect_untouched();
  }
}

TEST_F(CliCheck, MistakesOfTheWitnessAreSaidWithTheirPlaces) {
  it.set("decide", "{witness: {mode: perhaps, window: 5h, size: 1}}");
  const Words said = places(check());
  const auto is_said = [&](const char* words) {
    return std::count_if(said.begin(), said.end(),
                         [&](const auto& s) { return s.find(words) != std::string::npos; });
  };
  EXPECT_EQ(said.size(), 3u);
  EXPECT_EQ(is_said(":26: unknown decide.witness.mode 'perhaps'. modes are auto, on, off"), 1);
  EXPECT_EQ(is_said(":43: decide.witness.window must lie between 10s and 4h, not 5h"), 1);
  EXPECT_EQ(is_said(": unknown key 'size' in decide.witness"), 1);
}

TEST_F(CliCheck, AllMistakesAreSaidInOneRun) {
  it.set("detect", "{max_buckets: many, timezone: Mars}");
  it.write("acquis.d/a.yaml", "filename: [a]\nmax_buffer_size: huge\nlabels: syslog\n");
  it.write("acquis.d/b.yaml", "source: fiel\n");
  it.write("profiles.yaml",
           "name: p\nfilters: [Alert.Frob, Alert.Grob]\ndecisions: [{type: ban, duration: soon}]\n");
  it.write("content/parsers/s00-raw/a.yaml", "name: t/a\nfilter: nonsense\n");
  it.write("content/parsers/s01-parse/b.yaml", "name: [t\n");
  it.write("content/scenarios/c.yaml", "type: leaky\nname: t/c\nfilter: (\n");
  const Finished done = check();
  EXPECT_EQ(done.status, 1);
  const Words said = places(done);
  const auto count = [&](const std::string& file) {
    return std::count_if(said.begin(), said.end(), [&](const auto& s) { return s.starts_with(file + ":"); });
  };
  EXPECT_EQ(count("testudo.yaml"), 2) << done.err;
  EXPECT_EQ(count("acquis.d/a.yaml"), 3) << done.err;
  EXPECT_EQ(count("acquis.d/b.yaml"), 1) << done.err;
  EXPECT_EQ(count("profiles.yaml"), 3) << done.err;
  for (const char* file :
       {"content/parsers/s00-raw/a.yaml", "content/parsers/s01-parse/b.yaml", "content/scenarios/c.yaml"})
    EXPECT_GE(count(file), 1) << done.err;
  EXPECT_NE(done.out.find(std::to_string(said.size()) + " errors"), std::string::npos) << done.out;
  expect_untouched();
}

TEST_F(CliCheck, FilesThatCannotBeReadAreNamed) {
  it.set("profiles", "[" + it.path("nowhere.yaml") + "]");
  it.write("acquis.d/dir.yaml/x", "");
  const Finished done = check();
  EXPECT_EQ(done.status, 1);
  for (const char* name : {"nowhere.yaml", "acquis.d/dir.yaml"})
    EXPECT_NE(done.err.find(it.path(name)), std::string::npos) << name << "\n" << done.err;
  const Finished none =
      run({TESTUDO_BINARY_DIR "/bin/testudod", "--check", "--config", it.path("none.yaml")});
  EXPECT_EQ(none.status, 1);
  EXPECT_NE(none.err.find(it.path("none.yaml")), std::string::npos) << none.err;
  expect_untouched();
}

TEST_F(CliCheck, BrokenContentIsOffAndTheDaemonRunsWithTheRest) {
  it.write("content/scenarios/broken.yaml", "type: leaky\nname: t/c\nfilter: (\n");
  it.start();
  const auto status = it.json({"status"});
  EXPECT_EQ(status.at("content").at("off"), 1);
  EXPECT_NE(it.testudo({"status"}).out.find("1 content items are broken and off"), std::string::npos);
  EXPECT_NE(it.daemon().err().find("content/scenarios/broken.yaml:"), std::string::npos) << it.daemon().err();
}

TEST_F(CliCheck, AReloadOfBrokenProfilesSaysWhereAndWhatRanGoesOn) {
  it.write("content/scenarios/ok.yaml", "type: trigger\nname: t/ok\ndescription: d\nfilter: 'false'\n");
  it.start();
  it.write("profiles.yaml", "name: p\nfilters: [Alert.Frob]\ndecisions: [{type: ban}]\n");
  const Finished broken = it.testudo({"reload"});
  EXPECT_EQ(broken.status, 1);
  EXPECT_NE(broken.err.find("profiles.yaml:2:"), std::string::npos) << broken.err;
  EXPECT_TRUE(it.daemon().running());
  it.write("profiles.yaml", kProfile);
  EXPECT_EQ(it.testudo({"reload"}).out, "reloaded\n");
  EXPECT_EQ(it.json({"reload"}).at("reloaded"), true);
}

}  // namespace
}  // namespace testudo::support
