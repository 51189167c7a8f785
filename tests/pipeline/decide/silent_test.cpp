// Somebody is banned, and his lines keep coming: does the kernel drop anything of him? And: do kernel and
// store hold the same?
#include "decide/silent_bans.h"
#include "house.h"

namespace testudo {
namespace {

struct SilentTest : House {
  SilentTest() { start(); }
  uint64_t told() { return metrics.counter("testudo_bans_without_drops_total", "").value(); }
};

TEST_F(SilentTest, ABanThatDropsNothingIsToldOncePerAddressAndHour) {
  alert("192.0.2.1");
  advance(30s);
  alert("192.0.2.1");
  advance(1s);
  EXPECT_EQ(told(), 0u) << "lines may still be on their way";
  advance(1min);
  alert("192.0.2.1", "test/other");
  EXPECT_EQ(told(), 0u) << "nobody who decides waits for the question";
  advance(1s);
  EXPECT_EQ(told(), 1u);
  const auto why = decider->why(ip("192.0.2.1"));
  ASSERT_EQ(why->notes.size(), 1u);
  EXPECT_NE(why->notes[0].find("by an interface that is not covered"), std::string::npos) << why->notes[0];
  ASSERT_EQ(decider->bans_without_drops().size(), 1u);
  EXPECT_EQ(decider->bans_without_drops()[0].address, "192.0.2.1");
  alert("192.0.2.1");
  advance(1s);
  EXPECT_EQ(told(), 1u);
  advance(1h);
  alert("192.0.2.1");
  advance(1s);
  EXPECT_EQ(told(), 2u);
  EXPECT_EQ(decider->bans_without_drops().size(), 1u);
}

TEST_F(SilentTest, ABanThatDropsIsFine) {
  alert("192.0.2.1");
  advance(2min);
  kernel.packets[prefix("192.0.2.1")] = 1;
  alert("192.0.2.1");
  advance(1s);
  EXPECT_EQ(told(), 0u);
  EXPECT_TRUE(decider->why(ip("192.0.2.1"))->notes.empty());
}

TEST_F(SilentTest, ANarrowBanASimulatedOneAndALateLineAreNoSign) {
  Alert narrow = alert_of("192.0.2.1", clock.load());
  Decision ban = decision_of(0, "192.0.2.1", {});
  ban.params = R"({"protocol":"tcp","ports":"22"})";
  ban.duration = 4h;
  narrow.decisions = {ban};
  ASSERT_TRUE(decider->post_alerts({narrow}));
  Alert twofold = alert_of("192.0.2.2", clock.load());
  twofold.ambiguous = true;
  decider->on_alert(twofold);
  alert("192.0.2.3");
  const TimePoint when = clock.load();
  advance(10min);
  alert("192.0.2.1");
  alert("192.0.2.2");
  decider->on_alert(alert_of("192.0.2.3", when + 10s));
  advance(1s);
  EXPECT_EQ(told(), 0u);
}

TEST_F(SilentTest, WhereHitsAreNotCountedByAddressTheScenarioIsAsked) {
  kernel.name = "nftables";
  kernel.drop_counters = {{"crowdsec", "test/ssh-bf", "ban", Family::v4, 3, 180}};
  alert("192.0.2.1");
  alert("192.0.2.2", "test/other");
  advance(2min);
  alert("192.0.2.1");
  alert("192.0.2.2", "test/other");
  advance(1s);
  ASSERT_EQ(told(), 1u);
  EXPECT_EQ(decider->bans_without_drops()[0].address, "192.0.2.2");
}

TEST(SilentBans, AreBounded) {
  constexpr size_t kPlenty = 1'000'000;
  SilentBans bans;
  const TimePoint noon = from_unix_seconds(1'800'000'000);
  size_t taken = 0;
  for (uint32_t i = 0; i < 10000; ++i) {
    bans.suspect(Ip::v4(i), {}, noon);
    for (const auto& [address, ban] : bans.take(i % 2)) {
      ++taken;
      bans.tell(address, ban);
    }
  }
  EXPECT_LE(taken, SilentBans::kMostKnown);
  EXPECT_EQ(bans.told().size(), SilentBans::kMostTold);
  EXPECT_LE(bans.take(kPlenty).size(), SilentBans::kMostWaiting);
  EXPECT_TRUE(bans.suspect(Ip::v4(1), {}, noon + SilentBans::kAgain));
}

struct ComparedTest : House {
  ComparedTest() {
    options.reconcile_every = 0ns;
    start();
  }
  uint64_t count(const char* result) {
    return metrics.counter("testudo_reconcile_total", "", {{"result", result}}).value();
  }
  uint64_t entries() { return metrics.counter("testudo_reconcile_differences_total", "").value(); }
};

TEST_F(ComparedTest, ASuccessorThatIsAnEntryOfItsOwnIsNoDifferenceAndIsNotAdopted) {
  kernel.two_entries = true;
  ASSERT_TRUE(by_hand("192.0.2.1", 1h));
  ASSERT_TRUE(by_hand("192.0.2.1", 8h, false, "throttle"));
  ASSERT_TRUE(kernel.entries.at(prefix("192.0.2.1")).next);
  decider->tick(clock.load());
  EXPECT_EQ(count("same"), 1u);
  restart();
  EXPECT_EQ(active(), 2u);
  EXPECT_EQ(entries(), 0u);
}

TEST_F(ComparedTest, WhatIsMissingForeignOrOtherwiseIsCountedAndRepaired) {
  for (const char* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"}) alert(address);
  decider->tick(clock.load());
  EXPECT_EQ(count("same"), 1u);
  EXPECT_EQ(count("repaired"), 0u);
  kernel.entries.erase(prefix("192.0.2.1"));
  kernel.entries[prefix("192.0.2.2")].remediation = Remediation::log_only;
  kernel.entries[prefix("192.0.2.3")].until += 1h;
  kernel.entries[prefix("198.51.100.1")] = {Remediation::ban, clock.load() + 1h, "x", "y", {}, {}};
  decider->tick(clock.load());
  EXPECT_EQ(count("repaired"), 1u);
  EXPECT_EQ(entries(), 4u);
  EXPECT_TRUE(kernel.drops("192.0.2.1"));
  EXPECT_TRUE(kernel.drops("192.0.2.2"));
  EXPECT_EQ(kernel.until("192.0.2.3"), clock.load() + 4h);
  EXPECT_FALSE(kernel.has("198.51.100.1"));
  decider->tick(clock.load());
  EXPECT_EQ(count("same"), 2u);
  EXPECT_EQ(entries(), 4u);
}

}  // namespace
}  // namespace testudo
