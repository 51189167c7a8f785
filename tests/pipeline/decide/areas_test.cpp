// Decisions on countries and ASes: in the kernel prefix by prefix, beside others, from the database that is
// there, and gone with their decision.
#include "base/files.h"
#include "house.h"
#include "support/mmdb.h"

namespace testudo {
namespace {

/// XA: 192.0.2.0/24, 198.51.100.0/24 and 2001:db8::/32; XB: 203.0.113.0/24. AS 64496 is XA's first network.
struct AreasTest : House {
  AreasTest() {
    options.data_folder = folder.path;
    put_countries(MmdbWriter()
                      .add("192.0.2.0/24", "XA")
                      .add("198.51.100.0/24", "XA")
                      .add("2001:db8::/32", "XA")
                      .add("203.0.113.0/24", "XB"));
    write("GeoLite2-ASN.mmdb", MmdbWriter(false).add("192.0.2.0/24", "64496").bytes());
    start();
  }
  void write(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(write_file_atomic(folder.path + "/" + name, bytes));
  }
  void put_countries(const MmdbWriter& database) { write("GeoLite2-Country.mmdb", database.bytes()); }
  AlertOutcome decide(const std::string& value, bool force = false, Duration duration = 4h,
                      const std::string& type = "ban", const std::string& params = "") {
    Alert alert = alert_of(value, clock.load(), "manual " + type);
    Decision decision = decision_of(0, value, {}, type);
    decision.scope = value.size() == 2 ? "Country" : value.starts_with("AS") ? "AS" : decision.scope;
    decision.prefix.reset();
    decision.origin = "cscli";
    decision.duration = duration;
    decision.params = params;
    alert.decisions = {decision};
    alert.source.scope = decision.scope;
    alert.source.ip.clear();
    return decider->post_alerts({alert}, force)->at(0);
  }
  std::vector<std::string> in_kernel() const {
    std::vector<std::string> out;
    for (const auto& [at, entry] : kernel.entries) out.push_back(at.cidr());
    return out;
  }
  using Texts = std::vector<std::string>;
  const Texts kXa{"2001:db8::/32", "192.0.2.0/24", "198.51.100.0/24"};
};

TEST_F(AreasTest, ACountryIsInTheKernelPrefixByPrefix) {
  EXPECT_EQ(decide("XA").verdict, Verdict::decided);
  EXPECT_EQ(in_kernel(), kXa);
  const auto& entry = kernel.entries.at(prefix("192.0.2.0/24"));
  EXPECT_EQ(entry.remediation, Remediation::ban);
  EXPECT_EQ(entry.origin, "cscli");
  EXPECT_EQ(entry.scenario, "test/ssh-bf");
  EXPECT_EQ(entry.until, clock.load() + 4h);
  ASSERT_EQ(decider->areas().size(), 1u);
  EXPECT_EQ(decider->areas()[0].prefixes, 3u);
  EXPECT_EQ(decider->areas()[0].addresses, 512u);
  EXPECT_EQ(decider->areas()[0].problem, "");
  advance(4h);
  EXPECT_EQ(in_kernel(), Texts{});
}

TEST_F(AreasTest, AnAsIsToo) {
  EXPECT_EQ(decide("AS64496").verdict, Verdict::decided);
  EXPECT_EQ(in_kernel(), Texts{"192.0.2.0/24"});
}

TEST_F(AreasTest, TermsHoldForEachPrefix) {
  decide("XA", false, 4h, "throttle", R"({"rate":"50/s","protocol":"tcp"})");
  const auto& entry = kernel.entries.at(prefix("198.51.100.0/24"));
  EXPECT_EQ(entry.remediation, Remediation::throttle);
  EXPECT_EQ(entry.terms.rate, 50u);
  EXPECT_EQ(entry.terms.protocol, 6);
}

TEST_F(AreasTest, ExactDecisionsOnTheSamePrefixStandBesideIt) {
  decide("XA", false, 1h);
  decide("192.0.2.0/24", false, 8h, "throttle", R"({"rate":"10/s"})");
  decide("AS64496", false, 2h);
  const auto at = [&]() -> const RecordingBackend::Entry& {
    return kernel.entries.at(prefix("192.0.2.0/24"));
  };
  EXPECT_EQ(at().remediation, Remediation::ban);
  EXPECT_EQ(at().until, clock.load() + 2h) << "the AS's ban lasts longer than the country's";
  ASSERT_TRUE(at().next);
  EXPECT_EQ(at().next->remediation, Remediation::throttle);
  advance(1h);
  EXPECT_EQ(in_kernel(), Texts{"192.0.2.0/24"}) << "the country has ended";
  EXPECT_EQ(at().remediation, Remediation::ban);
  advance(1h);
  EXPECT_EQ(at().remediation, Remediation::throttle);
  advance(6h);
  EXPECT_EQ(in_kernel(), Texts{});
}

TEST_F(AreasTest, LiftingTheDecisionLiftsAllOfIt) {
  decide("XA");
  DecisionFilter country;
  country.scopes = {"Country"};
  EXPECT_EQ(*decider->delete_decisions(country), 1);
  EXPECT_EQ(in_kernel(), Texts{});
  decide("XA");
  EXPECT_EQ(*decider->flush(), 1);
  EXPECT_EQ(in_kernel(), Texts{});
  advance(1s);
  EXPECT_EQ(decide("XB").verdict, Verdict::decided);
  EXPECT_EQ(in_kernel(), Texts{"203.0.113.0/24"});
}

TEST_F(AreasTest, ASimulatedOneIsTriedDry) {
  options.simulate_all = true;
  options.profile_files = {folder.file("areas.yaml",
                                       "name: areas\nfilters: ['Alert.GetScope() == \"Country\"']\n"
                                       "decisions: [{type: ban, duration: 1h}]\n")};
  start();
  Alert seen = alert_of("XA", clock.load());
  seen.source.scope = "Country";
  EXPECT_EQ(decider->on_alert(seen).verdict, Verdict::simulated);
  decider->tick(clock.load());
  EXPECT_EQ(in_kernel(), kXa);
  EXPECT_FALSE(kernel.drops("192.0.2.0/24"));
}

TEST_F(AreasTest, DetectionBansACountryWithinATick) {
  options.profile_files = {folder.file("areas.yaml",
                                       "name: areas\nfilters: ['Alert.GetScope() == \"Country\"']\n"
                                       "decisions: [{type: ban, duration: 1h}]\n")};
  start();
  Alert seen = alert_of("XA", clock.load());
  seen.source.scope = "Country";
  EXPECT_EQ(decider->on_alert(seen).verdict, Verdict::decided);
  decider->tick(clock.load());
  EXPECT_EQ(in_kernel(), kXa);
}

TEST_F(AreasTest, WithoutADatabaseItIsKeptAndSaid) {
  std::filesystem::remove(folder.path + "/GeoLite2-Country.mmdb");
  EXPECT_EQ(decide("XA").verdict, Verdict::decided);
  EXPECT_EQ(in_kernel(), Texts{});
  EXPECT_EQ(active(), 1u);
  ASSERT_EQ(decider->areas().size(), 1u);
  EXPECT_TRUE(decider->areas()[0].problem.starts_with("no database for Country"))
      << decider->areas()[0].problem;
  const auto why = decider->why(ip("192.0.2.1"));
  ASSERT_TRUE(why);
  ASSERT_EQ(why->notes.size(), 1u);
  EXPECT_NE(why->notes[0].find("not in the kernel: no database for Country"), std::string::npos)
      << why->notes[0];
  put_countries(MmdbWriter().add("192.0.2.0/24", "XA"));
  ASSERT_TRUE(decider->reload());
  EXPECT_EQ(in_kernel(), Texts{"192.0.2.0/24"});
  EXPECT_EQ(decider->areas()[0].problem, "");
}

TEST_F(AreasTest, ANewDatabaseMovesItAndNothingIsWithoutCoverMeanwhile) {
  decide("XA");
  kernel.log.clear();
  put_countries(
      MmdbWriter().add("192.0.2.0/25", "XA").add("203.0.113.0/24", "XA").add("2001:db8::/32", "XA"));
  ASSERT_TRUE(decider->reload());
  EXPECT_EQ(in_kernel(), (Texts{"2001:db8::/32", "192.0.2.0/25", "203.0.113.0/24"}));
  ASSERT_EQ(kernel.log.size(), 4u) << "what stays is not written again";
  EXPECT_EQ(kernel.log[0].op, DecisionChange::Op::set);
  EXPECT_EQ(kernel.log[1].op, DecisionChange::Op::set);
  EXPECT_EQ(kernel.log[2].op, DecisionChange::Op::clear);
  advance(4h);
  EXPECT_EQ(in_kernel(), Texts{});
}

TEST_F(AreasTest, ADatabaseThatGoesAwayOrIsDamagedLiftsNothing) {
  decide("XA");
  write("GeoLite2-Country.mmdb", "no database");
  ASSERT_TRUE(decider->reload());
  EXPECT_EQ(in_kernel(), kXa);
  EXPECT_NE(decider->areas()[0].problem, "");
  std::filesystem::remove(folder.path + "/GeoLite2-Country.mmdb");
  ASSERT_TRUE(decider->reload());
  EXPECT_EQ(in_kernel(), kXa);
  advance(4h);
  EXPECT_EQ(in_kernel(), Texts{});
  EXPECT_TRUE(decider->areas().empty());
}

TEST_F(AreasTest, ARestartKnowsThemAgainAndAdoptsNone) {
  decide("XA", false, 4h, "ban", R"({"protocol":"tcp"})");
  restart();
  EXPECT_EQ(in_kernel(), kXa);
  EXPECT_EQ(kernel.entries.at(prefix("192.0.2.0/24")).terms.protocol, 6);
  EXPECT_EQ(active(), 1u);
  DecisionFilter all;
  EXPECT_EQ(*decider->delete_decisions(all), 1);
  EXPECT_EQ(in_kernel(), Texts{});
}

TEST_F(AreasTest, WhatADatabaseNoLongerHasIsNotAdoptedAtARestart) {
  decide("XA");
  put_countries(MmdbWriter().add("192.0.2.0/24", "XA"));
  restart();
  EXPECT_EQ(in_kernel(), Texts{"192.0.2.0/24"});
  EXPECT_EQ(active(), 1u);
}

TEST_F(AreasTest, WhySaysThatTheCountryIsBanned) {
  decide("XA");
  const auto why = decider->why(ip("198.51.100.9"));
  ASSERT_TRUE(why);
  EXPECT_TRUE(why->banned);
  ASSERT_EQ(why->active.size(), 1u);
  EXPECT_EQ(why->active[0].value, "XA");
  EXPECT_TRUE(decider->banned("198.51.100.9"));
  EXPECT_FALSE(decider->banned("203.0.113.9"));
}

TEST_F(AreasTest, TheAdministratorsOwnIsRefusedUnlessForced) {
  *admins = {ip("192.0.2.77")};
  decider->tick(clock.load());
  for (const char* value : {"XA", "AS64496"}) {
    const AlertOutcome outcome = decide(value);
    EXPECT_EQ(outcome.verdict, Verdict::protected_address) << value;
    EXPECT_NE(outcome.why.find("administrator's session (192.0.2.77)"), std::string::npos) << outcome.why;
  }
  EXPECT_EQ(in_kernel(), Texts{});
  admins->clear();
  advance(1h);
  EXPECT_EQ(decide("XA").verdict, Verdict::protected_address) << "a session is remembered for a while";
  EXPECT_EQ(decide("XA", true).verdict, Verdict::decided);
  EXPECT_EQ(in_kernel(), kXa);
  EXPECT_TRUE(kernel.allowed.contains(prefix("192.0.2.77"))) << "and the session passes all the same";
}

TEST_F(AreasTest, WhatIsAllowlistedOrNeededIsAskedBack) {
  ASSERT_TRUE(decider->add_to_allowlist("office", {item("198.51.100.0/28", "desks")}));
  const AlertOutcome outcome = decide("XA");
  EXPECT_EQ(outcome.verdict, Verdict::protected_address);
  EXPECT_NE(outcome.why.find("198.51.100.0/28 from office (desks)"), std::string::npos) << outcome.why;
  EXPECT_EQ(decide("XA", true).verdict, Verdict::decided);
  EXPECT_TRUE(kernel.allowed.contains(prefix("198.51.100.0/28")));
  options.configured_addresses = {ip("203.0.113.53")};
  start();
  EXPECT_EQ(decide("XB").verdict, Verdict::protected_address);
}

TEST_F(AreasTest, AnAllowlistOpenedInsideABannedCountryDoesNotLiftTheBan) {
  decide("XA");
  EXPECT_EQ(*decider->add_to_allowlist("office", {item("192.0.2.5")}), 0);
  EXPECT_EQ(in_kernel(), kXa);
  EXPECT_TRUE(kernel.allowed.contains(prefix("192.0.2.5")));
}

TEST_F(AreasTest, MoreThanASixteenthOfIpv4IsRefusedUnlessForced) {
  for (int i = 0; i < 16; ++i)
    ASSERT_EQ(decide(std::to_string(40 + i) + ".0.0.0/8").verdict, Verdict::decided) << i;
  EXPECT_EQ(decide("41.7.0.0/16").verdict, Verdict::decided) << "it is covered already: nothing is added";
  const AlertOutcome range = decide("20.0.0.0/24");
  EXPECT_EQ(range.verdict, Verdict::refused);
  EXPECT_NE(range.why.find("more than 6.25%"), std::string::npos) << range.why;
  EXPECT_NE(range.why.find("Range 40.0.0.0/8 0.39%"), std::string::npos) << range.why;
  EXPECT_EQ(decide("XA").verdict, Verdict::refused);
  EXPECT_EQ(decide("20.0.0.1").verdict, Verdict::decided) << "one address is no range";
  EXPECT_EQ(decide("20.0.0.0/24", false, 4h, "captcha").verdict, Verdict::decided) << "drops nothing";
  EXPECT_EQ(decide("20.0.0.0/24", true).verdict, Verdict::decided);
  EXPECT_EQ(decide("XA", true).verdict, Verdict::decided);
  restart();
  EXPECT_TRUE(kernel.has("198.51.100.0/24")) << "what was forced stays forced";
}

TEST_F(AreasTest, DetectionNeverForces) {
  Alert range = alert_of("20.0.0.0/7", clock.load());
  range.source.scope = "Range";
  EXPECT_EQ(decider->on_alert(range).verdict, Verdict::refused);
  EXPECT_EQ(in_kernel(), Texts{});
}

TEST_F(AreasTest, PrefixesAreBoundedAndThatIsSaid) {
  options.max_prefixes = 3;
  start();
  EXPECT_EQ(decide("XA").verdict, Verdict::decided);
  EXPECT_EQ(decide("XB").verdict, Verdict::decided);
  EXPECT_EQ(in_kernel(), kXa);
  ASSERT_EQ(decider->areas().size(), 2u);
  EXPECT_NE(decider->areas()[1].problem.find("of 3 for all countries and ASes 3 are taken"),
            std::string::npos)
      << decider->areas()[1].problem;
}

TEST_F(AreasTest, ManyPrefixesComeInSlicesAndGoAgain) {
  MmdbWriter database;
  for (int i = 0; i < 10000; ++i)
    database.add(Prefix::of(Ip::v4(0x14000000u + uint32_t(i) * 512), 24).cidr(), "XC");
  put_countries(database);
  ASSERT_TRUE(decider->reload());
  EXPECT_EQ(decide("XC").verdict, Verdict::decided);
  EXPECT_EQ(kernel.entries.size(), 10000u);
  EXPECT_EQ(*decider->delete_decisions({}), 1);
  EXPECT_EQ(kernel.entries.size(), 0u);
  EXPECT_TRUE(std::is_sorted(kernel.sequences.begin(), kernel.sequences.end()));
}

}  // namespace
}  // namespace testudo
