// testudo explain, as a person meets it: no daemon, the shipped content.
#include <boost/json.hpp>

#include "support/installation.h"

namespace testudo::support {
namespace {

const std::string kLine =
    "Jun  1 12:00:00 web sshd[7]: Failed password for root from 203.0.113.5 port 22 ssh2";

class CliExplain : public ::testing::Test {
 protected:
  CliExplain() { it.config(); }
  Finished explain(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"explain", "--type", "syslog", "--now", "2026-06-02"});
    return it.testudo(arguments);
  }
  Installation it;
};

TEST_F(CliExplain, ShowsNodesFieldsAndBuckets) {
  const Finished said = explain({"--log", kLine});
  EXPECT_EQ(said.status, 0) << said.err;
  for (const char* part :
       {"line 1  Jun  1 12:00:00 web sshd[7]", "s00-raw", "ok testudo/sshd",
        "evt.Meta.source_ip = \"203.0.113.5\"", "time 2026-06-01T12:00:00Z, source 203.0.113.5",
        "testudo/ssh-bruteforce  key 203.0.113.5  bucket 1/5  poured"})
    EXPECT_NE(said.out.find(part), std::string::npos) << part << "\n" << said.out;
  EXPECT_EQ(said.out.find('\033'), std::string::npos) << "no colour where nobody sees it";
  const Finished colour = it.testudo({"--color", "yes", "explain", "--type", "syslog", "--log", kLine});
  EXPECT_NE(colour.out.find("\033[32m✓\033[0m testudo/sshd"), std::string::npos) << colour.out;
}

TEST_F(CliExplain, PutsAMarkWhereTheNearestPatternStopped) {
  const Finished said =
      it.testudo({"explain", "--type", "nginx", "--log",
                  "192.0.2.1 - - [01/Jun/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 404 many \"-\" "
                  "\"x\""});
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_NE(said.out.find("not parsed: no pattern of s01-parse matched"), std::string::npos) << said.out;
  const size_t text = said.out.find("192.0.2.1 - - [", said.out.find("nearest: testudo/nginx")),
               mark = said.out.find("^ expected \"", text);
  ASSERT_NE(text, std::string::npos) << said.out;
  ASSERT_NE(mark, std::string::npos) << said.out;
  const size_t column = mark - said.out.rfind('\n', mark) - (text - said.out.rfind('\n', text));
  EXPECT_EQ(said.out.substr(text + column, 4), "many") << said.out;
}

TEST_F(CliExplain, IsOneObjectALineForTools) {
  std::string log;
  for (int i = 0; i < 6; ++i) log += kLine + "\n";
  const Finished said = explain({"-o", "json", "--file", it.write("log", log)});
  ASSERT_EQ(std::count(said.out.begin(), said.out.end(), '\n'), 6) << said.out << said.err;
  const auto first = boost::json::parse(said.out.substr(0, said.out.find('\n')));
  EXPECT_EQ(first.at("outcome"), "parsed");
  EXPECT_EQ(first.at("source"), "203.0.113.5");
  EXPECT_EQ(first.at("stages").as_array().size(), 3u);
  const auto last = boost::json::parse(said.out.substr(said.out.rfind('\n', said.out.size() - 2) + 1));
  EXPECT_EQ(last.at("line"), 6);
  ASSERT_EQ(last.at("overflows").as_array().size(), 1u);
  EXPECT_EQ(last.at("overflows").at(0).at("sources").at(0), "Ip:203.0.113.5");
}

TEST_F(CliExplain, ShowsWhatWasAskedFor) {
  const std::string log = it.write("log", "Jun  1 11:00:00 web sshd[7]: early\n" + kLine +
                                              "\nJun  1 12:00:01 web sshd[7]: nonsense\n" + kLine + "\n");
  const auto lines = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"-o", "json", "--file", log});
    const Finished said = explain(options);
    std::string numbers;
    std::istringstream in(said.out);
    for (std::string line; std::getline(in, line);)
      numbers += std::to_string(boost::json::parse(line).at("line").to_number<int>());
    return numbers;
  };
  EXPECT_EQ(lines({}), "1234");
  EXPECT_EQ(lines({"--limit", "2"}), "12");
  EXPECT_EQ(lines({"--only-unparsed"}), "13");
  EXPECT_EQ(lines({"--since", "2026-06-01T11:59:00Z"}), "234");
  EXPECT_EQ(lines({"--since", "2026-06-01T13:00:00Z"}), "");
}

TEST_F(CliExplain, NothingOfALogReachesTheTerminalAsItCame) {
  const Finished said = explain({"--log",
                                 "Jun  1 12:00:00 web sshd[7]: Failed password for \033[31m\u202Eevil from "
                                 "203.0.113.5 port 22 ssh2"});
  EXPECT_EQ(said.out.find('\033'), std::string::npos);
  EXPECT_EQ(said.out.find("\u202E"), std::string::npos);
  EXPECT_NE(said.out.find("\\x1b"), std::string::npos) << said.out;
}

TEST_F(CliExplain, WrongArgumentsAreSaid) {
  EXPECT_EQ(explain({}).status, 2);
  EXPECT_EQ(explain({"--log", "x", "--file", "y"}).status, 2);
  EXPECT_EQ(explain({"--log", "x", "--limit", "many"}).status, 2);
  EXPECT_EQ(explain({"--log", "x", "--since", "yesterday"}).status, 2);
  EXPECT_EQ(explain({"--log", "x", "--label", "k"}).status, 2);
  const Finished none = explain({"--file", it.path("none")});
  EXPECT_EQ(none.status, 1);
  EXPECT_NE(none.err.find(it.path("none")), std::string::npos) << none.err;
}

}  // namespace
}  // namespace testudo::support
