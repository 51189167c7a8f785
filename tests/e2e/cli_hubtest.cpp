// testudo hubtest, as a person and a script meet it: words, last line, exit status.
#include <boost/json.hpp>

#include "support/installation.h"

namespace testudo::support {
namespace {

class CliHubtest : public ::testing::Test {
 protected:
  CliHubtest() {
    it.config();
    it.write("hub/parsers/s00-raw/me/raw.yaml",
             "name: me/raw\nstatics: [{meta: service, value: any}]\nonsuccess: next_stage\n");
    it.write("hub/parsers/s01-parse/me/idle.yaml", "name: me/idle\nstatics: [{meta: x, value: y}]\n");
    test("good", "len(results[\"s00-raw\"][\"me/raw\"]) == 2\n");
    test("bad", "results[\"s00-raw\"][\"me/raw\"][0].Evt.Meta[\"service\"] == \"\033[31mnone\"\nfalse\n");
    it.write("tests/firewall/config.yaml", "appsec-rules: [a/b]\n");
  }
  void test(const std::string& name, const std::string& assertions) {
    it.write("tests/" + name + "/config.yaml", "parsers: [me/raw]\nlog_file: x.log\nlog_type: t\n");
    it.write("tests/" + name + "/x.log", "one\ntwo\n");
    it.write("tests/" + name + "/parser.assert", assertions);
  }
  Finished hubtest(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin() + 1, {"--hub", it.path("hub"), "--tests", it.path("tests")});
    arguments.insert(arguments.begin(), "hubtest");
    return it.testudo(arguments);
  }
  static std::string last_line(const std::string& text) {
    return text.substr(text.rfind('\n', text.size() - 2) + 1);
  }
  Installation it;
};

TEST_F(CliHubtest, SaysOneLineForEachTestAndTheSumAtTheEnd) {
  const Finished said = hubtest({"run", "--all"});
  EXPECT_EQ(said.status, 1);
  EXPECT_EQ(last_line(said.out), "1 passed, 1 failed, 1 skipped\n");
  EXPECT_NE(said.out.find("passed good\n"), std::string::npos) << said.out;
  EXPECT_NE(said.out.find("failed bad: parser.assert:1: "), std::string::npos) << said.out;
  EXPECT_NE(said.out.find("is false: it is \"any\""), std::string::npos) << said.out;
  EXPECT_NE(said.out.find("skipped firewall: it tests the application firewall"), std::string::npos)
      << said.out;
  EXPECT_EQ(said.out.find('\033'), std::string::npos) << "assertions are a stranger's text as well";
  EXPECT_NE(hubtest({"run", "--all", "--failures"}).out.find("parser.assert:2: false is false"),
            std::string::npos);
}

TEST_F(CliHubtest, IsOneObjectATestForToolsWithTheSumOnStandardError) {
  const Finished said = hubtest({"run", "good", "bad", "-o", "json"});
  EXPECT_EQ(said.status, 1);
  EXPECT_EQ(said.err, "1 passed, 1 failed, 0 skipped\n");
  std::istringstream in(said.out);
  std::vector<boost::json::value> rows;
  for (std::string line; std::getline(in, line);) rows.push_back(boost::json::parse(line));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0], (boost::json::value{{"name", "good"}, {"result", "passed"}, {"reason", ""}}));
  EXPECT_EQ(rows[1].at("name"), "bad");
  EXPECT_EQ(rows[1].at("result"), "failed");
  EXPECT_TRUE(std::string(rows[1].at("reason").as_string()).starts_with("parser.assert:1: "));
}

TEST_F(CliHubtest, EndsWellWhenNothingFailed) {
  const Finished said = hubtest({"run", "good"});
  EXPECT_EQ(said.status, 0) << said.out << said.err;
  EXPECT_EQ(said.out, "passed good\n1 passed, 0 failed, 0 skipped\n");
}

TEST_F(CliHubtest, NamesWhatIsNotThere) {
  EXPECT_EQ(hubtest({"run"}).status, 2);
  EXPECT_EQ(hubtest({"run", "good", "--all"}).status, 2);
  const Finished said = hubtest({"run", "god"});
  EXPECT_EQ(said.status, 1);
  EXPECT_NE(said.err.find("did you mean good?"), std::string::npos) << said.err;
  const Finished none = it.testudo({"hubtest", "run", "--all", "--hub", it.path("hub")});
  EXPECT_EQ(none.status, 1);
  EXPECT_NE(none.err.find("--tests names the folder"), std::string::npos) << none.err;
}

TEST_F(CliHubtest, CoverageNamesItemsWithoutATest) {
  const Finished said = hubtest({"coverage"});
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_NE(said.out.find("2 items,    1 tested (50.0%)"), std::string::npos) << said.out;
  EXPECT_NE(said.out.find("parsers without a test:\n  me/idle\n"), std::string::npos) << said.out;
  EXPECT_EQ(hubtest({"coverage", "-o", "raw"}).out, "type,name,tests\nparsers,me/idle,0\nparsers,me/raw,2\n");
  const auto json = boost::json::parse(hubtest({"coverage", "-o", "json"}).out);
  EXPECT_EQ(json.at("parsers").at("tested"), 1);
  EXPECT_EQ(json.at("items").at(1).at("tests").at(0), "bad");
}

TEST_F(CliHubtest, OurOwnContentIsTestedInTheSameForm) {
  const Finished said = it.testudo({"hubtest", "run", "--all", "--hub", TESTUDO_SOURCE_DIR "/config/content",
                                    "--tests", TESTUDO_SOURCE_DIR "/tests/content", "--now", "2026-06-01"});
  EXPECT_EQ(said.status, 0) << said.out << said.err;
  EXPECT_NE(last_line(said.out).find(" passed, 0 failed, 0 skipped"), std::string::npos) << said.out;
}

}  // namespace
}  // namespace testudo::support
