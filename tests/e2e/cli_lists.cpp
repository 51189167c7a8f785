// alerts, allowlists, why, status, metrics: what the daemon knows, in every form.
#include <algorithm>

#include "support/installation.h"

namespace testudo::support {
namespace {

using Words = std::vector<std::string>;

class CliLists : public ::testing::Test {
 protected:
  void SetUp() override {
    it.start();
    it.append("auth.log", brute_force("203.0.113.5"));
    ASSERT_TRUE(wait_until([&] { return it.banned("203.0.113.5"); })) << it.daemon().err();
  }
  std::string out(const Words& words) {
    const Finished done = it.testudo(words);
    EXPECT_EQ(done.status, 0) << done.err;
    return done.out;
  }
  Installation it;
};

TEST_F(CliLists, AnAlertIsListedAndInspected) {
  EXPECT_NE(out({"alerts", "list"}).find("Ip:203.0.113.5  testudo/ssh-bruteforce"), std::string::npos);
  const std::string raw = out({"alerts", "list", "-o", "raw"});
  EXPECT_TRUE(raw.starts_with("id,scope,value,reason,country,as,decisions,created_at,kind\n")) << raw;
  EXPECT_NE(raw.find(",Ip,203.0.113.5,testudo/ssh-bruteforce,,,ban:1,"), std::string::npos) << raw;
  const auto alerts = it.json({"alerts", "list", "--scenario", "testudo/ssh-bruteforce"});
  ASSERT_EQ(alerts.as_array().size(), 1u);
  EXPECT_EQ(alerts.at(0).at("source").at("value"), "203.0.113.5");
  EXPECT_EQ(it.json({"alerts", "list", "--value", "203.0.113.6"}).as_array().size(), 0u);
  EXPECT_EQ(out({"alerts", "list", "--value", "203.0.113.6"}), "No active alerts\n");

  const std::string id = boost::json::serialize(alerts.at(0).at("id"));
  const std::string shown = out({"alerts", "inspect", id, "--details"});
  for (const char* part : {"Reason       : testudo/ssh-bruteforce", "Scope:Value  : Ip:203.0.113.5",
                           "Active decisions", "source_ip", "target_user"})
    EXPECT_NE(shown.find(part), std::string::npos) << part << "\n" << shown;
  EXPECT_EQ(it.json({"alerts", "inspect", id}).at("scenario"), "testudo/ssh-bruteforce");
  const Finished unknown = it.testudo({"alerts", "inspect", "9999"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_NE(unknown.err.find("can't find alert with id 9999"), std::string::npos) << unknown.err;
}

TEST_F(CliLists, WhyTellsTheLineAndTheWayOut) {
  const std::string banned = out({"why", "203.0.113.5"});
  for (const char* part : {"203.0.113.5 is banned.", "testudo/ssh-bruteforce", "Failed password for root",
                           "testudo decisions delete --ip 203.0.113.5"})
    EXPECT_NE(banned.find(part), std::string::npos) << part << "\n" << banned;
  EXPECT_EQ(it.json({"why", "203.0.113.5"}).at("banned"), true);
  EXPECT_EQ(out({"why", "203.0.113.77"}), "203.0.113.77 is not banned.\n  Nothing is known of it.\n");
}

TEST_F(CliLists, AnAllowlistIsMadeFilledAskedAndTakenAway) {
  EXPECT_EQ(out({"allowlists", "create", "office", "-d", "our own"}), "allowlist 'office' created\n");
  EXPECT_EQ(it.testudo({"allowlists", "create", "office"}).status, 1);
  EXPECT_EQ(out({"allowlists", "add", "office", "203.0.113.0/29", "198.51.100.7", "-d", "desk", "-e", "7d"}),
            "added 2 value(s) to allowlist office\n1 decision(s) ended by it\n");
  EXPECT_FALSE(it.banned("203.0.113.5"));
  EXPECT_EQ(out({"allowlists", "add", "guests", "198.51.100.9"}), "added 1 value(s) to allowlist guests\n")
      << "the list is made when it is missing";

  EXPECT_NE(out({"allowlists", "list"}).find("our own"), std::string::npos);
  const std::string raw = out({"allowlists", "list", "-o", "raw"});
  EXPECT_TRUE(raw.starts_with("name,description,created_at,updated_at,size\n")) << raw;
  EXPECT_NE(raw.find("\noffice,our own,"), std::string::npos) << raw;
  EXPECT_EQ(it.json({"allowlists", "list"}).as_array().size(), 2u);
  EXPECT_NE(out({"allowlists", "inspect", "office"}).find("203.0.113.0/29"), std::string::npos);
  EXPECT_NE(out({"allowlists", "inspect", "office", "-o", "raw"}).find("198.51.100.7,desk,"),
            std::string::npos);
  EXPECT_EQ(it.json({"allowlists", "inspect", "office"}).at("items").as_array().size(), 2u);
  EXPECT_EQ(it.testudo({"allowlists", "inspect", "nothing"}).status, 1);

  const std::string check = out({"allowlists", "check", "203.0.113.5", "192.0.2.1"});
  EXPECT_NE(check.find("203.0.113.5 is allowlisted by item 203.0.113.0/29 from office"), std::string::npos)
      << check;
  EXPECT_NE(check.find("192.0.2.1 is not allowlisted"), std::string::npos) << check;
  EXPECT_NE(out({"allowlists", "check", "192.0.2.1", "-o", "raw"}).find("value,allowlisted_by\n192.0.2.1,\n"),
            std::string::npos);
  EXPECT_NE(out({"why", "203.0.113.5"}).find("allowlisted by"), std::string::npos);

  EXPECT_EQ(out({"allowlists", "remove", "office", "198.51.100.7"}),
            "1 value(s) removed from allowlist office\n");
  EXPECT_EQ(out({"allowlists", "rm", "office", "198.51.100.7"}),
            "0 value(s) removed from allowlist office\n");
  EXPECT_EQ(it.json({"allowlists", "delete", "office"}).at("deleted"), "office");
  EXPECT_EQ(it.testudo({"allowlists", "delete", "office"}).status, 1);
  EXPECT_EQ(it.testudo({"allowlists", "add", "office", "203.0.113.5", "-e", "soon"}).status, 1);
}

TEST_F(CliLists, StatusSaysThatNothingIsGuardedAndExitsWithOne) {
  const Finished human = it.testudo({"status"});
  EXPECT_EQ(human.status, 1);
  for (const std::string& part :
       {std::string("This machine is NOT protected."), it.path("auth.log"), std::string("feeds "),
        std::string("enforcement is off"), std::string("set enforce.mode: auto")})
    EXPECT_NE(human.out.find(part), std::string::npos) << part << "\n" << human.out;
  const Finished json = it.testudo({"status", "-o", "json"});
  EXPECT_EQ(json.status, 1);
  const auto status = boost::json::parse(json.out);
  EXPECT_EQ(status.at("protected"), false);
  EXPECT_EQ(status.at("sources").at(0).at("parsed"), 8);
}

TEST_F(CliLists, MetricsAreShownBySection) {
  const std::string all = out({"metrics"});
  for (const char* part : {"Decisions in force", "Sources", "Scenarios", "Parsers", "testudo/ssh-bruteforce"})
    EXPECT_NE(all.find(part), std::string::npos) << part << "\n" << all;
  const std::string some = out({"metrics", "scenarios"});
  EXPECT_TRUE(some.starts_with("Scenarios\n")) << some;
  EXPECT_EQ(some.find("Parsers\n"), std::string::npos);
  const auto samples = it.json({"metrics", "acquisition"});
  for (const auto& sample : samples.as_array()) EXPECT_EQ(sample.at("name"), "testudo_lines_total");
  EXPECT_NE(out({"metrics", "decisions", "-o", "raw"}).find("name,labels,value\ntestudo_decisions_active,"),
            std::string::npos);
}

}  // namespace
}  // namespace testudo::support
