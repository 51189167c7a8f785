// testudo decisions list | add | delete | flush, against a daemon.
#include "support/installation.h"

namespace testudo::support {
namespace {

using Words = std::vector<std::string>;

class CliDecisions : public ::testing::Test {
 protected:
  void SetUp() override { it.start(); }
  void add(Words words) {
    words.insert(words.begin(), {"decisions", "add"});
    const Finished done = it.testudo(words);
    ASSERT_EQ(done.status, 0) << done.err;
  }
  Installation it;
};

TEST_F(CliDecisions, AnEmptyListIsASentenceAHeaderOrAnEmptyArray) {
  EXPECT_EQ(it.testudo({"decisions", "list"}).out, "No active decisions\n");
  EXPECT_EQ(it.testudo({"decisions", "list", "-o", "raw"}).out,
            "id,source,ip,reason,action,country,as,events_count,expiration,simulated,alert_id\n");
  EXPECT_EQ(it.testudo({"decisions", "list", "-o", "json"}).out, "[]\n");
}

TEST_F(CliDecisions, ABanByHandIsListedInEveryForm) {
  const Finished added =
      it.testudo({"decisions", "add", "--ip", "203.0.113.5", "-d", "2h", "-R", "spam, \"again\""});
  EXPECT_EQ(added.status, 0) << added.err;
  EXPECT_EQ(added.out, "Decision successfully added\n");

  const Finished human = it.testudo({"decisions", "list"});
  EXPECT_NE(human.out.find("Ip:203.0.113.5"), std::string::npos) << human.out;
  EXPECT_NE(human.out.find("cscli"), std::string::npos);
  const std::string raw = it.testudo({"decisions", "list", "-o", "raw"}).out;
  EXPECT_NE(raw.find("cscli,Ip:203.0.113.5,\"spam, \"\"again\"\"\",ban,,,1,"), std::string::npos) << raw;
  const auto json = it.json({"decisions", "list"});
  ASSERT_EQ(json.as_array().size(), 1u);
  const auto& decision = json.at(0).at("decisions").at(0);
  EXPECT_EQ(decision.at("value"), "203.0.113.5");
  EXPECT_EQ(decision.at("origin"), "cscli");
  EXPECT_EQ(decision.at("simulated"), false);
}

TEST_F(CliDecisions, FiltersHoldForTheDecisionsOfAnAlertAndNotForTheAlertAlone) {
  add({"--ip", "203.0.113.5"});
  add({"--ip", "203.0.113.6", "--type", "captcha"});
  add({"--range", "198.51.100.0/24"});
  add({"--scope", "Country", "--value", "XX"});
  it.append("auth.log", brute_force("203.0.113.7"));
  ASSERT_TRUE(wait_until([&] { return it.banned("203.0.113.7"); }));
  const struct {
    const char* what;
    Words options, expected;
  } rows[] = {
      {"a type", {"--type", "captcha"}, {"captcha Ip:203.0.113.6"}},
      {"an origin", {"--origin", "crowdsec"}, {"ban Ip:203.0.113.7"}},
      {"a scope, in any case", {"--scope", "range"}, {"ban Range:198.51.100.0/24"}},
      {"a scope without addresses", {"--scope", "Country"}, {"ban Country:XX"}},
      {"a value", {"--value", "203.0.113.5"}, {"ban Ip:203.0.113.5"}},
      {"a value of no address", {"-v", "XX"}, {"ban Country:XX"}},
      {"an address inside a range", {"--ip", "198.51.100.77"}, {"ban Range:198.51.100.0/24"}},
      {"what covers a range", {"--range", "198.51.100.0/25"}, {"ban Range:198.51.100.0/24"}},
      {"what lies in a range", {"--range", "203.0.113.4/31", "--contained"}, {"ban Ip:203.0.113.5"}},
      {"two filters that nothing fits", {"--type", "captcha", "--ip", "203.0.113.5"}, {}},
  };
  for (const auto& row : rows) EXPECT_EQ(it.decisions(row.options), row.expected) << row.what;
}

TEST_F(CliDecisions, JsonHoldsNoDecisionThatIsOver) {
  add({"--ip", "203.0.113.5", "-d", "1h"});
  add({"--ip", "203.0.113.6"});
  EXPECT_EQ(it.testudo({"decisions", "delete", "--ip", "203.0.113.5"}).out, "1 decision(s) deleted\n");
  EXPECT_EQ(it.decisions(), (Words{"ban Ip:203.0.113.6"}));
}

TEST_F(CliDecisions, ARepetitionIsHiddenAndCounted) {
  add({"--ip", "203.0.113.5", "-R", "first"});
  add({"--ip", "203.0.113.5", "-R", "second"});
  add({"--ip", "203.0.113.5", "--type", "captcha"});
  EXPECT_EQ(it.decisions(), (Words{"ban Ip:203.0.113.5", "captcha Ip:203.0.113.5"}));
  const Finished human = it.testudo({"decisions", "list"});
  EXPECT_NE(human.out.find("second"), std::string::npos) << "the newest one is shown\n" << human.out;
  EXPECT_EQ(human.out.find("first"), std::string::npos) << human.out;
  EXPECT_NE(human.out.find("1 duplicated entries skipped"), std::string::npos) << human.out;
  const Finished json = it.testudo({"decisions", "list", "-o", "json"});
  EXPECT_EQ(json.err, "1 duplicated entries skipped\n");
}

TEST_F(CliDecisions, TheLimitCountsWhatIsShown) {
  add({"--ip", "203.0.113.5", "--type", "captcha"});
  for (const char* ip : {"203.0.113.6", "203.0.113.7"}) add({"--ip", ip});
  EXPECT_EQ(it.decisions({"--limit", "1"}), (Words{"ban Ip:203.0.113.7"}));
  EXPECT_EQ(it.decisions({"--limit", "1", "--type", "captcha"}), (Words{"captcha Ip:203.0.113.5"}));
}

TEST_F(CliDecisions, DeleteTakesFiltersOrAllAndNothingElse) {
  for (const char* ip : {"203.0.113.5", "203.0.113.6", "203.0.113.70"}) add({"--ip", ip});
  add({"--range", "203.0.113.0/24"});
  const Finished none = it.testudo({"decisions", "delete"});
  EXPECT_EQ(none.status, 2);
  EXPECT_NE(none.err.find("at least one filter or --all must be specified"), std::string::npos);
  EXPECT_EQ(it.testudo({"decisions", "delete", "--ip", "192.0.2.1"}).out, "0 decision(s) deleted\n");
  EXPECT_EQ(it.testudo({"decisions", "delete", "--range", "203.0.113.0/28", "--contained"}).out,
            "2 decision(s) deleted\n");
  EXPECT_EQ(it.decisions(), (Words{"ban Ip:203.0.113.70", "ban Range:203.0.113.0/24"}));
  EXPECT_EQ(it.testudo({"decision", "remove", "-i", "203.0.113.70"}).out, "2 decision(s) deleted\n")
      << "the range covers the address";
  const Finished unknown = it.testudo({"decisions", "delete", "--id", "9999"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_NE(unknown.err.find("9999"), std::string::npos) << unknown.err;
}

TEST_F(CliDecisions, FlushEndsEverything) {
  add({"--ip", "203.0.113.5"});
  add({"--range", "198.51.100.0/24"});
  EXPECT_EQ(it.json({"decisions", "flush"}).at("nbDeleted"), "2");
  EXPECT_EQ(it.decisions(), Words{});
  add({"--ip", "203.0.113.5"});
  const Finished all = it.testudo({"flush", "-o", "json"});
  EXPECT_EQ(all.status, 0) << all.err;
  EXPECT_EQ(boost::json::parse(all.out).at("daemon"), 1);
  EXPECT_EQ(it.decisions(), Words{});
}

TEST_F(CliDecisions, AThrottleIsAddedWithItsTermsAndShownWithThem) {
  add({"--ip", "203.0.113.5", "--type", "throttle", "--rate", "100/s", "--burst", "200", "--protocol", "tcp",
       "--ports", "22", "--direction", "both"});
  add({"--ip", "203.0.113.5", "--type", "throttle", "--rate", "100/s", "--ports", "80"});
  const auto json = it.json({"decisions", "list"});
  ASSERT_EQ(json.as_array().size(), 2u) << "other ports are another decision";
  const auto& params = json.at(1).at("decisions").at(0).at("params");
  EXPECT_EQ(params.at("rate"), "100/s");
  EXPECT_EQ(params.at("ports"), "22");
  const std::string human = it.testudo({"decisions", "list"}).out;
  EXPECT_NE(human.find("throttle (100/s tcp port 22 both ways)"), std::string::npos) << human;
  const std::string why = it.testudo({"why", "203.0.113.5"}).out;
  EXPECT_NE(why.find("throttle (100/s port 80)"), std::string::npos) << why;
}

TEST_F(CliDecisions, ACountryWithoutADatabaseIsKeptAndTheOneWhoAddsItIsWarned) {
  const struct { const char *scope, *value; } rows[] = {{"Country", "GB"}, {"AS", "1221"}};
  for (const auto& row : rows) {
    const Finished done = it.testudo({"decisions", "add", "--scope", row.scope, "--value", row.value});
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(done.out, "Decision successfully added\n");
    EXPECT_NE(done.err.find("warning: not in the kernel: no database for " + std::string(row.scope)),
              std::string::npos)
        << done.err;
  }
  EXPECT_EQ(it.decisions(), (Words{"ban AS:1221", "ban Country:GB"}));
  const std::string why = it.testudo({"why", "81.2.69.160"}).out;
  EXPECT_NE(why.find("not in the kernel: no database for Country"), std::string::npos) << why;
  const std::string status = it.testudo({"status"}).out;
  EXPECT_NE(status.find("Country GB: not in the kernel: no database for Country"), std::string::npos)
      << status;
}

TEST(CliDecisionsWithDatabases, ACountryAndAnAsAreInTheKernel) {
  TESTUDO_NEED_HUB();
  Installation it;
  for (const char* name : {"Country", "ASN"})
    it.write("data/GeoLite2-" + std::string(name) + ".mmdb",
             slurp(hub() + "/../mmdb/GeoLite2-" + name + "-Test.mmdb"));
  it.start();
  const Finished country = it.testudo({"decisions", "add", "--scope", "country", "--value", "GB"});
  EXPECT_EQ(country.status, 0) << country.err;
  EXPECT_EQ(country.err, "");
  EXPECT_NE(country.out.find("In the kernel: "), std::string::npos) << country.out;
  const Finished as = it.testudo({"decisions", "add", "--scope", "AS", "--value", "1221"});
  EXPECT_NE(as.out.find("In the kernel: "), std::string::npos) << as.out << as.err;
  const std::string why = it.testudo({"why", "81.2.69.160"}).out;
  EXPECT_NE(why.find("is banned"), std::string::npos) << why;
  EXPECT_NE(why.find("testudo decisions delete --id 1 "), std::string::npos)
      << "by its address it is not lifted\n"
      << why;
  EXPECT_NE(it.testudo({"why", "1.128.0.1"}).out.find("AS:1221"), std::string::npos);
  EXPECT_EQ(it.testudo({"decisions", "delete", "--scope", "AS", "--value", "1221"}).out,
            "1 decision(s) deleted\n");
  EXPECT_NE(it.testudo({"why", "1.128.0.1"}).out.find("is not banned"), std::string::npos);
}

TEST_F(CliDecisions, WrongArgumentsAreRefusedWithTheWordThatIsWrong) {
  const struct {
    Words words;
    int status;
    const char* error;
  } rows[] = {
      {{"decisions", "add", "--ip", "1.2.3.400"}, 2, "1.2.3.400 is not a valid ip"},
      {{"decisions", "add", "--range", "1.2.3.0/33"}, 2, "1.2.3.0/33 is not a valid range"},
      {{"decisions", "add"}, 2, "missing arguments, a value is required"},
      {{"decisions", "add", "--ip", "203.0.113.5", "-d", "soon"}, 2, "soon"},
      {{"decisions", "add", "--scope", "Ip", "--value", "nobody"}, 1, "nobody"},
      {{"decisions", "add", "--ip", "203.0.113.5", "--type", "throttle"}, 2, "a throttle needs --rate"},
      {{"decisions", "add", "--ip", "203.0.113.5", "-t", "throttle", "--rate", "fast"},
       2,
       "rate: not a rate"},
      {{"decisions", "add", "--ip", "203.0.113.5", "--protocol", "icmp", "--ports", "22"},
       2,
       "ports: only tcp"},
      {{"decisions", "list", "--ip", "nobody"}, 2, "nobody"},
      {{"decisions", "list", "--limit", "many"}, 2, "many"},
      {{"decisions", "list", "--contained"}, 2, "--contained needs --ip or --range"},
      {{"decisions", "list", "--since", "yesterday"}, 1, "yesterday"},
      {{"decisions", "delete", "--range", "nobody"}, 1, "nobody"},
  };
  for (const auto& row : rows) {
    const Finished done = it.testudo(row.words);
    EXPECT_EQ(done.status, row.status) << done.out << done.err;
    EXPECT_NE(done.err.find(row.error), std::string::npos) << done.err;
    EXPECT_EQ(done.out, "");
  }
  EXPECT_EQ(it.decisions(), Words{});
}

}  // namespace
}  // namespace testudo::support
