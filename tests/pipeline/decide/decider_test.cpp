// What becomes of an alert.
#include "decide/machine.h"
#include "house.h"

namespace testudo {
namespace {

struct DeciderTest : House {
  DeciderTest() { start(); }
};

TEST_F(DeciderTest, AnAlertBecomesABanInKernelAndStore) {
  const auto outcome = alert("192.0.2.1");
  EXPECT_EQ(outcome.verdict, Verdict::decided) << outcome.why;
  EXPECT_GT(outcome.alert_id, 0);
  EXPECT_TRUE(kernel.has("192.0.2.1"));
  EXPECT_EQ(kernel.until("192.0.2.1"), clock.load() + 4h);
  ASSERT_TRUE(decider->barrier());
  const auto rows = store->decisions({}, clock.load());
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ((*rows)[0].origin, "crowdsec");
  EXPECT_EQ((*rows)[0].scenario, "test/ssh-bf");
  EXPECT_EQ((*rows)[0].value, "192.0.2.1");
  EXPECT_EQ((*rows)[0].alert_id, outcome.alert_id);
  const auto log = store->changes_after(0, 10);
  ASSERT_EQ(log->size(), 1u);
  EXPECT_EQ((*log)[0].sequence, kernel.sequences.at(0));
}

TEST_F(DeciderTest, TheSameLinesAgainAreADuplicate) {
  const Alert once = alert_of("192.0.2.1", clock.load());
  EXPECT_EQ(decider->on_alert(once).verdict, Verdict::decided);
  EXPECT_EQ(decider->on_alert(once).verdict, Verdict::duplicate);
  EXPECT_EQ(active(), 1u);
  EXPECT_EQ(stored_alerts(), 1u);
  restart();
  EXPECT_EQ(decider->on_alert(once).verdict, Verdict::duplicate);
}

TEST_F(DeciderTest, AnAlertWithoutRemediationIsKeptAndBansNobody) {
  Alert quiet = alert_of("192.0.2.1", clock.load());
  quiet.remediation = false;
  EXPECT_EQ(decider->on_alert(quiet).verdict, Verdict::no_remediation);
  EXPECT_TRUE(kernel.entries.empty());
  EXPECT_EQ(stored_alerts(), 1u);
}

TEST_F(DeciderTest, AnAlertThatNoProfileMatchesIsKept) {
  Alert user = alert_of("somebody", clock.load());
  user.source.scope = "username";
  EXPECT_EQ(decider->on_alert(user).verdict, Verdict::no_profile);
  EXPECT_EQ(stored_alerts(), 1u);
}

TEST_F(DeciderTest, AnAmbiguousLineBansNobody) {
  Alert twofold = alert_of("8.8.8.8", clock.load());
  twofold.ambiguous = true;
  EXPECT_EQ(decider->on_alert(twofold).verdict, Verdict::simulated);
  EXPECT_FALSE(kernel.drops("8.8.8.8"));
  EXPECT_EQ(active(), 0u);
  EXPECT_EQ(active(true), 1u);
  const auto report = decider->why(ip("8.8.8.8"));
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_FALSE(report->banned);
  ASSERT_EQ(report->alerts.size(), 1u);
  EXPECT_EQ(report->alerts[0].simulated_why, "ambiguous line");
  EXPECT_EQ(report->recent.size(), 1u);
}

TEST_F(DeciderTest, ASimulatedScenarioBansNobody) {
  folder.file("simulation.yaml", "simulation: false\nexclusions: [test/ssh-bf]\n");
  ASSERT_TRUE(decider->reload());
  EXPECT_EQ(alert("192.0.2.1").verdict, Verdict::simulated);
  EXPECT_EQ(alert("192.0.2.1", "test/other").verdict, Verdict::decided);
  EXPECT_EQ(kernel.entries.size(), 1u);
}

TEST_F(DeciderTest, ASimulatedDecisionSurvivesARestartAndStillBansNobody) {
  folder.file("simulation.yaml", "simulation: true\n");
  ASSERT_TRUE(decider->reload());
  alert("192.0.2.1");
  restart();
  EXPECT_FALSE(kernel.drops("192.0.2.1"));
  EXPECT_EQ(kernel.entries.at(prefix("192.0.2.1")).remediation, Remediation::log_only)
      << "what would be dropped is counted";
  EXPECT_EQ(active(true), 1u);
}

TEST_F(DeciderTest, AnOldLineThatWouldBanNoLongerDoesNot) {
  EXPECT_EQ(decider->on_alert(alert_of("192.0.2.1", clock.load() - 4h)).verdict, Verdict::late);
  EXPECT_TRUE(kernel.entries.empty());
  EXPECT_EQ(active(), 0u);
}

TEST_F(DeciderTest, AnOldLineBansForWhatIsLeft) {
  EXPECT_EQ(decider->on_alert(alert_of("192.0.2.1", clock.load() - 3h)).verdict, Verdict::decided);
  EXPECT_EQ(kernel.until("192.0.2.1"), clock.load() + 1h);
}

TEST_F(DeciderTest, ALineFromTheFutureBansNoLongerThanFromNow) {
  EXPECT_EQ(decider->on_alert(alert_of("192.0.2.1", clock.load() + 24h)).verdict, Verdict::decided);
  EXPECT_EQ(kernel.until("192.0.2.1"), clock.load() + 4h);
}

TEST_F(DeciderTest, IPv6IsWidenedForDetectionAndExactByHand) {
  alert("2001:db8:1:2::77");
  EXPECT_TRUE(kernel.has("2001:db8:1:2::/64"));
  DecisionFilter all;
  EXPECT_EQ((*decider->decisions(all))[0].value, "2001:db8:1:2::77");
  ASSERT_TRUE(by_hand("2001:db8:9::5"));
  EXPECT_TRUE(kernel.has("2001:db8:9::5"));
}

TEST_F(DeciderTest, ANeighbourWhoMustNotBeBannedNarrowsTheWidening) {
  ASSERT_TRUE(decider->add_to_allowlist("office", {item("2001:db8:1:2::1")}));
  EXPECT_EQ(alert("2001:db8:1:2::77").verdict, Verdict::decided);
  EXPECT_TRUE(kernel.has("2001:db8:1:2::77"));
  EXPECT_FALSE(kernel.has("2001:db8:1:2::/64"));
  EXPECT_EQ(alert("2001:db8:1:2::1").verdict, Verdict::allowlisted);
}

TEST_F(DeciderTest, MappedAddressesAreIPv4) {
  alert("::ffff:192.0.2.1");
  EXPECT_TRUE(kernel.has("192.0.2.1"));
  ASSERT_TRUE(by_hand("::ffff:198.51.100.0/120"));
  EXPECT_TRUE(kernel.has("198.51.100.0/24"));
}

TEST_F(DeciderTest, TheAllowlistWinsWhateverTheOrigin) {
  ASSERT_TRUE(decider->add_to_allowlist("office", {item("192.0.2.0/24", "headquarters")}));
  const auto detected = alert("192.0.2.7");
  EXPECT_EQ(detected.verdict, Verdict::allowlisted);
  EXPECT_EQ(detected.alert_id, 0);
  EXPECT_NE(detected.why.find("192.0.2.0/24 from office (headquarters)"), std::string::npos) << detected.why;
  EXPECT_EQ(by_hand("192.0.2.7")->at(0).verdict, Verdict::allowlisted);
  EXPECT_EQ(by_hand("192.0.2.7", 4h, /*force=*/true)->at(0).verdict, Verdict::allowlisted);
  EXPECT_EQ(by_hand("192.0.0.0/16")->at(0).verdict, Verdict::allowlisted);
  EXPECT_TRUE(kernel.entries.empty());
  EXPECT_EQ(stored_alerts(), 0u);
  const auto report = decider->why(ip("192.0.2.7"));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->allowlisted_by.size(), 1u);
  EXPECT_GE(report->unheard.size(), 2u);
}

TEST_F(DeciderTest, AddingToAnAllowlistEndsWhatItTouches) {
  alert("192.0.2.7");
  ASSERT_TRUE(by_hand("198.51.100.0/24"));
  alert("203.0.113.1");
  const auto ended = decider->add_to_allowlist("office", {item("192.0.2.0/24"), item("198.51.100.9")});
  ASSERT_TRUE(ended) << ended.error().text();
  EXPECT_EQ(*ended, 2);
  EXPECT_FALSE(kernel.has("192.0.2.7"));
  EXPECT_FALSE(kernel.has("198.51.100.0/24"));
  EXPECT_TRUE(kernel.has("203.0.113.1"));
  EXPECT_EQ(kernel.allowed.at(prefix("192.0.2.0/24")), AllowChange::Reason::list);
  restart();
  EXPECT_EQ(kernel.entries.size(), 1u);
  EXPECT_TRUE(kernel.allowed.contains(prefix("198.51.100.9")));
}

TEST_F(DeciderTest, AnAllowlistItemEndsByItselfAndByHand) {
  AllowlistItem guest = item("192.0.2.1");
  guest.expires_at = clock.load() + 1h;
  ASSERT_TRUE(decider->add_to_allowlist("guests", {guest, item("192.0.2.2")}));
  EXPECT_EQ(alert("192.0.2.1").verdict, Verdict::allowlisted);
  advance(1h);
  EXPECT_FALSE(kernel.allowed.contains(prefix("192.0.2.1")));
  EXPECT_EQ(alert("192.0.2.1").verdict, Verdict::decided);
  EXPECT_EQ(*decider->remove_from_allowlist("guests", {prefix("192.0.2.2")}), 1);
  EXPECT_FALSE(kernel.allowed.contains(prefix("192.0.2.2")));
  EXPECT_EQ(alert("192.0.2.2").verdict, Verdict::decided);
}

TEST_F(DeciderTest, AnAllowlistCanBeMadeAndDeleted) {
  ASSERT_TRUE(decider->create_allowlist("office", "where we sit"));
  EXPECT_FALSE(decider->create_allowlist("office", "again"));
  ASSERT_TRUE(decider->add_to_allowlist("office", {item("192.0.2.1")}));
  EXPECT_EQ(decider->allowlists()->size(), 1u);
  EXPECT_EQ(decider->allowlisted_by(prefix("192.0.2.1")), std::vector<std::string>{"192.0.2.1 from office"});
  ASSERT_TRUE(decider->delete_allowlist("office"));
  EXPECT_TRUE(kernel.allowed.empty());
  EXPECT_FALSE(decider->delete_allowlist("office"));
}

TEST_F(DeciderTest, AnAdministratorsSessionIsNeverBannedEvenByForce) {
  admins->push_back(ip("203.0.113.5"));
  decider->tick(clock.load());
  EXPECT_EQ(alert("203.0.113.5").verdict, Verdict::protected_address);
  EXPECT_EQ(by_hand("203.0.113.5", 4h, true)->at(0).verdict, Verdict::protected_address);
  EXPECT_EQ(by_hand("203.0.113.0/24", 4h, true)->at(0).verdict, Verdict::protected_address);
  EXPECT_TRUE(kernel.entries.empty());
  EXPECT_EQ(kernel.allowed.at(prefix("203.0.113.5")), AllowChange::Reason::session);
  EXPECT_NE(decider->why(ip("203.0.113.5"))->protected_by.find("administrator's session"), std::string::npos);
}

TEST_F(DeciderTest, ASessionLeavesTheKernelsTableAfterTheGrace) {
  admins->push_back(ip("203.0.113.5"));
  decider->set_session_source(std::make_unique<FakeSessions>(admins));
  decider->tick(clock.load());
  admins->clear();
  advance(3h);
  EXPECT_TRUE(kernel.allowed.contains(prefix("203.0.113.5")));
  advance(1h + 1s);
  EXPECT_FALSE(kernel.allowed.contains(prefix("203.0.113.5")));
  EXPECT_EQ(alert("203.0.113.5").verdict, Verdict::decided);
}

struct GuardedTest : House {};

TEST_F(GuardedTest, AContentDeliveryNetworkIsNeverBannedByDetection) {
  options.cdn_ranges_file = std::string(TESTUDO_SOURCE_DIR) + "/config/cdn-ranges.txt";
  start();
  const auto outcome = alert("104.17.1.1");
  EXPECT_EQ(outcome.verdict, Verdict::protected_address);
  EXPECT_NE(outcome.why.find("Cloudflare"), std::string::npos) << outcome.why;
  EXPECT_EQ(alert("2606:4700::1234").verdict, Verdict::protected_address);
  EXPECT_EQ(by_hand("104.17.1.1")->at(0).verdict, Verdict::protected_address);
  EXPECT_TRUE(kernel.entries.empty());
  EXPECT_TRUE(kernel.allowed.empty());  // refused here, not let pass in the kernel
  EXPECT_EQ(by_hand("104.17.1.1", 4h, true)->at(0).verdict, Verdict::decided);
  EXPECT_TRUE(kernel.has("104.17.1.1"));
}

TEST_F(GuardedTest, WhatTheConfigurationConnectsToIsProtectedAndAllowed) {
  options.configured_addresses = {ip("198.51.100.50")};
  start();
  EXPECT_EQ(alert("198.51.100.50").verdict, Verdict::protected_address);
  EXPECT_EQ(by_hand("198.51.100.0/24")->at(0).verdict, Verdict::protected_address);
  EXPECT_EQ(kernel.allowed.at(prefix("198.51.100.50")), AllowChange::Reason::configured);
}

TEST_F(GuardedTest, TheMachineNeverBansItself) {
  const MachineAddresses here = machine_addresses();
  if (here.empty()) GTEST_SKIP() << "this machine has no address but loopback";
  options.own_addresses = true;
  start();
  for (const auto& [address, why] : here) {
    EXPECT_EQ(alert(address.text()).verdict, Verdict::protected_address) << why;
    EXPECT_EQ(kernel.allowed.at(Prefix::host(address)), AllowChange::Reason::own) << why;
  }
  EXPECT_EQ(alert("127.0.0.1").verdict, Verdict::protected_address);
  EXPECT_TRUE(kernel.entries.empty());
}

TEST_F(GuardedTest, SimulationOfEverythingBansNobody) {
  options.simulate_all = true;
  start();
  EXPECT_EQ(alert("192.0.2.1").verdict, Verdict::simulated);
  EXPECT_EQ(by_hand("192.0.2.2")->at(0).verdict, Verdict::decided);  // asked for by a human
  EXPECT_FALSE(kernel.drops("192.0.2.1"));
  EXPECT_TRUE(kernel.drops("192.0.2.2"));
}

TEST_F(GuardedTest, KernelAndDecisionsAreComparedAndRepaired) {
  options.reconcile_every = 0ns;
  start();
  alert("192.0.2.1");
  kernel.entries.clear();
  kernel.entries[prefix("198.51.100.1")] = {Remediation::ban, clock.load() + 1h, "x", "y"};
  decider->tick(clock.load());
  EXPECT_TRUE(kernel.has("192.0.2.1"));
  EXPECT_FALSE(kernel.has("198.51.100.1"));
  EXPECT_EQ(metrics.counter("testudo_reconcile_differences_total", "").value(), 2u);
  decider->tick(clock.load());
  EXPECT_EQ(metrics.counter("testudo_reconcile_differences_total", "").value(), 2u);
}

TEST_F(DeciderTest, TooWideIsRefusedUnlessForced) {
  EXPECT_EQ(by_hand("96.0.0.0/7")->at(0).verdict, Verdict::refused);
  EXPECT_EQ(by_hand("2a00::/16")->at(0).verdict, Verdict::refused);
  EXPECT_TRUE(kernel.entries.empty());
  EXPECT_EQ(by_hand("96.0.0.0/7", 4h, true)->at(0).verdict, Verdict::decided);
  EXPECT_TRUE(kernel.has("96.0.0.0/7"));
}

TEST_F(DeciderTest, OfSeveralDecisionsTheGoodOnesStand) {
  Alert alert = alert_of("192.0.2.1", clock.load());
  Decision bad = decision_of(0, "not-an-address", {}), good = decision_of(0, "192.0.2.1", {}),
           zero = decision_of(0, "192.0.2.2", {});
  bad.duration = good.duration = 1h;
  alert.decisions = {bad, zero, good};
  const auto outcomes = decider->post_alerts({alert});
  ASSERT_TRUE(outcomes);
  EXPECT_EQ(outcomes->at(0).verdict, Verdict::decided);
  EXPECT_EQ(kernel.entries.size(), 1u);
  alert.uuid.clear();
  alert.decisions = {bad};
  EXPECT_EQ(decider->post_alerts({alert})->at(0).verdict, Verdict::refused);
}

TEST_F(DeciderTest, PostedAlertsOfAnAgentGoThroughTheProfiles) {
  const auto outcomes =
      decider->post_alerts({alert_of("192.0.2.1", clock.load()), alert_of("192.0.2.2", clock.load())});
  ASSERT_TRUE(outcomes);
  EXPECT_EQ(outcomes->size(), 2u);
  EXPECT_TRUE(kernel.has("192.0.2.2"));
  EXPECT_EQ(rows_on_disk(), 2u);  // on disk when it returns
}

TEST_F(DeciderTest, ScopesThatAreNoAddressesAreServedAndNeverReachTheKernel) {
  Alert alert = alert_of("x", clock.load());
  Decision country = decision_of(0, "FR", {});
  country.scope = "country";
  country.duration = 1h;
  alert.decisions = {country};
  EXPECT_EQ(decider->post_alerts({alert})->at(0).verdict, Verdict::decided);
  EXPECT_TRUE(kernel.entries.empty());
  EXPECT_EQ((*decider->decisions({}))[0].scope, "Country");
}

TEST_F(DeciderTest, DeletingEndsInKernelAndStore) {
  alert("192.0.2.1");
  alert("192.0.2.2");
  DecisionFilter one;
  one.range = prefix("192.0.2.1");
  EXPECT_EQ(*decider->delete_decisions(one), 1);
  EXPECT_EQ(*decider->delete_decisions(one), 0);
  EXPECT_FALSE(kernel.has("192.0.2.1"));
  EXPECT_EQ(rows_on_disk(), 1u);
  EXPECT_EQ(*decider->delete_decisions({}), 1);
  EXPECT_TRUE(kernel.entries.empty());
}

TEST_F(DeciderTest, TheEndOfAShorterDecisionDoesNotLiftTheLonger) {
  alert("192.0.2.1");
  ASSERT_TRUE(by_hand("192.0.2.1", 1h));
  advance(1h);
  EXPECT_TRUE(kernel.has("192.0.2.1"));
  advance(3h);
  EXPECT_FALSE(kernel.has("192.0.2.1"));
  EXPECT_EQ(active(), 0u);
}

TEST_F(DeciderTest, WhyTellsTheWholeStory) {
  const auto outcome = alert("192.0.2.1");
  ASSERT_TRUE(by_hand("192.0.2.0/24"));
  const auto report = decider->why(ip("192.0.2.1"));
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_TRUE(report->banned);
  EXPECT_EQ(report->active.size(), 2u);
  EXPECT_EQ(report->kernel.size(), 2u);
  ASSERT_EQ(report->alerts.size(), 2u);
  EXPECT_EQ(report->alerts.back().id, outcome.alert_id);
  EXPECT_EQ(report->alerts.back().line, "sshd[1]: Failed password for root from 192.0.2.1");
  ASSERT_TRUE(decider->delete_decisions({}));
  const auto after = decider->why(ip("192.0.2.1"));
  EXPECT_FALSE(after->banned);
  EXPECT_TRUE(after->active.empty());
  EXPECT_EQ(after->recent.size(), 2u);
}

TEST_F(DeciderTest, CountsVerdictsActiveDecisionsAndReaction) {
  Alert timed = alert_of("192.0.2.1", clock.load());
  timed.first_read_mono = monotonic_ns();
  decider->on_alert(timed);
  EXPECT_EQ(metrics.counter("testudo_alerts_total", "", {{"verdict", "decided"}}).value(), 1u);
  bool reaction = false, gauge = false;
  for (const MetricFamily& family : metrics.collect()) {
    if (family.name == "testudo_reaction_seconds")
      for (const MetricSample& sample : family.samples)
        reaction = sample.histogram != nullptr && sample.histogram->sum() > 0;
    if (family.name == "testudo_decisions_active")
      gauge = family.samples.size() == 1 && family.samples[0].value == 1;
  }
  EXPECT_TRUE(reaction);
  EXPECT_TRUE(gauge);
  decider.reset();
  metrics.collect();  // the registry outlives the decider
}

}  // namespace
}  // namespace testudo
