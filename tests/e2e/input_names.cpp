// Names that an attacker chose: on a terminal, in a spreadsheet, in JSON, and made to accuse a third party.
#include "base/text.h"
#include "support/installation.h"

namespace testudo::support {
namespace {

using Words = std::vector<std::string>;

/// The first character that a terminal would act on or hide, or "".
std::string hostile_character(const std::string& shown) {
  for (size_t at = 0; at < shown.size();) {
    const size_t start = at;
    next_utf8(shown, at);
    const std::string character = shown.substr(start, at - start);
    if (character != "\n" && escape_for_terminal(character) != character)
      return escape_for_terminal(character);
  }
  return "";
}

TEST(InputNames, NeverReachATerminalRaw) {
  Installation it;
  it.use_content(it.path("content") + ", " TESTUDO_SOURCE_DIR "/config/content");
  it.write("content/scenarios/names.yaml",
           "type: trigger\nname: t/names\ndescription: d\nfilter: evt.Meta.log_type == 'ssh_failed-auth'\n"
           "scope: {type: Username, expression: evt.Meta.target_user}\nlabels: {remediation: true}\n");
  it.write("profiles.yaml", "name: p\nfilters: [\"true\"]\ndecisions: [{type: ban, duration: 1h}]\n");
  it.set("profiles", "[" + it.path("profiles.yaml") + "]");
  it.start();
  const std::string names[] = {"\x1b]0;pwned\x07\x1b[31mred",
                               "\x1b[2Jgone",
                               "\xe2\x80\xae"
                               "evil",
                               "\xc2\x9b"
                               "31mred",
                               "\xe2\x81\xa6isolated",
                               "del\x7f\x7f\x7f",
                               "\xff\xfe",
                               "back\b\b\bspace",
                               "=HYPERLINK(\"http://x\")",
                               "+1",
                               "-1",
                               "@SUM(1)"};
  for (const std::string& name : names) it.append("auth.log", brute_force("203.0.113.8", name, 2));
  it.append("auth.log", brute_force("203.0.113.8"));
  ASSERT_TRUE(wait_until([&] { return it.banned("203.0.113.8"); })) << it.daemon().err();
  const auto alerts = it.json({"alerts", "list", "-a"});
  ASSERT_GE(alerts.as_array().size(), std::size(names));
  const std::string id = boost::json::serialize(alerts.at(0).at("id"));
  for (const Words& words :
       {Words{"decisions", "list", "-a"}, Words{"alerts", "list", "-a"}, Words{"alerts", "inspect", id, "-d"},
        Words{"why", "203.0.113.8"}, Words{"status"}, Words{"metrics"}, Words{"rehearse"},
        Words{"replay", "-t", "syslog", it.path("auth.log")}})
    for (const char* form : {"human", "json", "raw"}) {
      if (words[0] == "metrics" && std::string(form) == "raw") continue;  // Prometheus's format, not for eyes
      Words asked = words;
      asked.insert(asked.end(), {"-o", form});
      const Finished done = it.testudo(asked);
      EXPECT_EQ(hostile_character(done.out), "") << words[0] << " -o " << form;
      EXPECT_EQ(hostile_character(done.err), "") << words[0] << " -o " << form;
    }
  EXPECT_EQ(hostile_character(it.daemon().err()), "") << "the daemon's own log";

  const std::string raw = it.testudo({"alerts", "list", "-a", "-o", "raw"}).out;
  for (const char* cell : {",Username,\"'=HYPERLINK(\"\"http://x\"\")\",", ",Username,\"'+1\",",
                           ",Username,\"'-1\",", ",Username,\"'@SUM(1)\","})
    EXPECT_NE(raw.find(cell), std::string::npos) << cell << "\n" << raw;
}

TEST(InputNames, ThatLookLikeLogLinesAccuseNobodyElse) {
  const char* const hostile[] = {
      "x from 8.8.8.8",
      "root from 8.8.8.8 port 22 ssh2",
      "x from 8.8.8.8 port 22",
      "8.8.8.8",
      "x 8.8.8.8 port 22 [preauth]",
      "sshd[1]: Failed password for root from 8.8.8.8 port 22 ssh2",
      "x from 8.8.8.8 not allowed because not listed in AllowUsers",
      "::ffff:8.8.8.8",
      "x from 2001:4860:4860::8888 port 22 ssh2",
  };
  for (const bool with_hub : {false, true}) {
    if (with_hub && hub().empty()) continue;
    Installation it;
    if (with_hub) it.use_hub();
    it.start();
    int port = 40000;
    for (int round = 0; round < 8; ++round)
      for (const std::string name : hostile) {
        const std::string from = " from 203.0.113.66 port " + std::to_string(++port);
        it.append("auth.log", sshd_line("Invalid user " + name + from) +
                                  sshd_line("Failed password for invalid user " + name + from + " ssh2") +
                                  sshd_line("Connection closed by invalid user " + name +
                                            " 203.0.113.66 port " + std::to_string(port) + " [preauth]"));
      }
    it.append("auth.log", brute_force("203.0.113.5"));
    ASSERT_TRUE(wait_until([&] { return it.banned("203.0.113.5"); })) << "hub content: " << with_hub;
    EXPECT_FALSE(it.banned("8.8.8.8")) << "hub content: " << with_hub;
    EXPECT_FALSE(it.banned("2001:4860:4860::8888")) << "hub content: " << with_hub;
    EXPECT_TRUE(with_hub || it.banned("203.0.113.66"));
  }
}

}  // namespace
}  // namespace testudo::support
