// Real packets over a veth pair, nftables in force: the same meaning as XDP.
#include "nft_machine.h"

namespace testudo::test {
namespace {

TEST_F(Nft, ABannedAddressIsDroppedAndCountedByOriginScenarioAndRemediation) {
  const auto backend = open();
  ASSERT_TRUE(backend);
  ASSERT_EQ(net->delivered("192.0.2.2"), 5);
  apply(*backend, {ban("192.0.2.2"), ban("2001:db8::2")});
  EXPECT_EQ(net->delivered("192.0.2.2"), 0);
  EXPECT_EQ(net->delivered("192.0.2.3"), 5);
  EXPECT_EQ(net->delivered("2001:db8::2"), 0);
  EXPECT_EQ(net->delivered("2001:db8::3"), 5);

  const Inside inside(net->server());
  const EnforceStatus status = backend->status();
  EXPECT_EQ(status.backend, "nftables");
  EXPECT_EQ(status.bans, 2u);
  EXPECT_GE(status.dropped_packets, 10u);
  EXPECT_GE(status.passed_packets, 10u);
  EXPECT_GT(status.last_drop_unix_ns, 0);
  EXPECT_EQ(status.interfaces.front().name, "server0");
  EXPECT_EQ(status.interfaces.front().mode, "nftables");
  const auto counters = backend->counters();
  for (const Family family : {Family::v4, Family::v6}) {
    const DropCounter* counter = counter_of(counters, "ban", family);
    ASSERT_TRUE(counter);
    EXPECT_EQ(counter->origin, "crowdsec");
    EXPECT_EQ(counter->scenario, "test/knocking");
    EXPECT_GE(counter->packets, 5u);
    EXPECT_GT(counter->bytes, counter->packets * 20);
  }
  apply(*backend, {lift("192.0.2.2"), lift("2001:db8::2")});
  EXPECT_EQ(net->delivered("192.0.2.2"), 5);
  EXPECT_EQ(net->delivered("2001:db8::2"), 5);
}

TEST_F(Nft, RangesNestedWithDifferentEndsHoldUntilTheLastOfThem) {
  const auto backend = open();
  ASSERT_TRUE(backend);
  apply(*backend, {ban("192.0.2.0/29"), ban("192.0.2.4/31", Remediation::ban, 2h), ban("2001:db8::/64"),
                   ban("2001:db8::4/126")});
  EXPECT_EQ(net->delivered("192.0.2.3"), 0);
  EXPECT_EQ(net->delivered("192.0.2.4"), 0);
  EXPECT_EQ(net->delivered("192.0.2.8"), 5);
  EXPECT_EQ(net->delivered("2001:db8::9"), 0) << "in the /64";
  apply(*backend, {lift("192.0.2.0/29"), lift("2001:db8::/64")});
  EXPECT_EQ(net->delivered("192.0.2.3"), 5);
  EXPECT_EQ(net->delivered("192.0.2.4"), 0) << "the inner one goes on";
  EXPECT_EQ(net->delivered("192.0.2.5"), 0);
  EXPECT_EQ(net->delivered("2001:db8::4"), 0);
  EXPECT_EQ(net->delivered("2001:db8::9"), 5);
  apply(*backend, {ban("192.0.2.0/28"), lift("192.0.2.4/31")});
  EXPECT_EQ(net->delivered("192.0.2.4"), 0) << "now by the outer one";
  EXPECT_EQ(backend->status().ranges, 2u);
}

TEST_F(Nft, TheAllowlistWinsOverEveryBanAlsoInsideOfBannedRanges) {
  const auto backend = open();
  ASSERT_TRUE(backend);
  allow(*backend, {allowed("192.0.2.3"), allowed("2001:db8::3"), allowed("192.0.2.6/31")});
  apply(*backend, {ban("192.0.2.0/24"), ban("192.0.2.3"), ban("2001:db8::/64"), ban("2001:db8::3")});
  EXPECT_EQ(net->delivered("192.0.2.2"), 0);
  EXPECT_EQ(net->delivered("192.0.2.3"), 5);
  EXPECT_EQ(net->delivered("192.0.2.7"), 5);
  EXPECT_EQ(net->delivered("2001:db8::2"), 0);
  EXPECT_EQ(net->delivered("2001:db8::3"), 5);
  AllowChange again = allowed("192.0.2.3", AllowChange::Reason::session);
  allow(*backend, {again});
  AllowChange gone = allowed("192.0.2.3");
  gone.op = AllowChange::Op::clear;
  allow(*backend, {gone});
  EXPECT_EQ(net->delivered("192.0.2.3"), 5) << "the session still holds";
  again.op = AllowChange::Op::clear;
  allow(*backend, {again});
  EXPECT_EQ(net->delivered("192.0.2.3"), 0);
}

TEST_F(Nft, LogOnlyAndSampleCountAndLetPass) {
  const auto backend = open();
  ASSERT_TRUE(backend);
  apply(*backend, {ban("192.0.2.2", Remediation::log_only), ban("192.0.2.3", Remediation::sample),
                   ban("2001:db8::/64", Remediation::log_only)});
  EXPECT_EQ(net->delivered("192.0.2.2"), 5);
  EXPECT_EQ(net->delivered("192.0.2.3"), 5);
  EXPECT_EQ(net->delivered("2001:db8::2"), 5);
  const auto counters = backend->counters();
  ASSERT_TRUE(counter_of(counters, "log-only"));
  EXPECT_GE(counter_of(counters, "log-only")->packets, 5u);
  EXPECT_GE(counter_of(counters, "sample")->packets, 5u);
  EXPECT_GE(counter_of(counters, "log-only", Family::v6)->packets, 5u);
  EXPECT_EQ(backend->status().dropped_packets, 0u);
}

TEST_F(Nft, AThrottledSourcePassesItsBurstAndNoMore) {
  const auto backend = open();
  ASSERT_TRUE(backend);
  Terms terms;
  terms.rate = 1;
  terms.burst = 4;
  apply(*backend, {with_terms(ban("192.0.2.2", Remediation::throttle), terms),
                   with_terms(ban("2001:db8::4/127", Remediation::throttle), terms)});
  const int passed = net->delivered("192.0.2.2", 40);
  EXPECT_GE(passed, 4);
  EXPECT_LE(passed, 8) << "4 at once, 1 a second";
  const int passed6 = net->delivered("2001:db8::5", 40);
  EXPECT_GE(passed6, 1) << "neighbour discovery passes through the same bucket";
  EXPECT_LE(passed6, 8);
  EXPECT_EQ(net->delivered("192.0.2.3", 40), 40);
  const auto counters = backend->counters();
  ASSERT_TRUE(counter_of(counters, "throttle"));
  EXPECT_GE(counter_of(counters, "throttle")->packets, 30u);
  EXPECT_EQ(counter_of(counters, "throttle")->scenario, "test/knocking");
}

TEST_F(Nft, AnAddressThatIsThrottledInsideOfABannedRangeIsDropped) {
  const auto backend = open();
  ASSERT_TRUE(backend);
  Terms terms;
  terms.rate = 1000;
  apply(*backend, {with_terms(ban("192.0.2.2", Remediation::throttle), terms), ban("192.0.2.0/28")});
  EXPECT_EQ(net->delivered("192.0.2.2"), 0);
}

TEST_F(Nft, AResetAnswersTcpAndDropsTheRest) {
  const auto backend = open();
  ASSERT_TRUE(backend);
  // Their neighbour's discovery is not TCP: without an entry of its own the server could not answer.
  ASSERT_TRUE(on_server("ping -c1 -W1 2001:db8::2"));
  apply(*backend,
        {ban("192.0.2.2", Remediation::reset), ban("2001:db8::2", Remediation::reset), ban("192.0.2.3")});
  EXPECT_EQ(net->delivered("192.0.2.2"), 0);
  EXPECT_EQ(connect_error(*net, "192.0.2.2"), ECONNREFUSED);
  EXPECT_EQ(connect_error(*net, "2001:db8::2"), ECONNREFUSED);
  EXPECT_EQ(connect_error(*net, "192.0.2.3"), ETIMEDOUT) << "a ban says nothing";
  EXPECT_EQ(connect_error(*net, "192.0.2.4"), 0);
  ASSERT_TRUE(counter_of(backend->counters(), "reset"));
}

TEST_F(Nft, PortsAndProtocolNarrowADecision) {
  const auto backend = open();
  ASSERT_TRUE(backend);
  Terms tcp;
  tcp.protocol = 6;
  Terms high_udp;
  high_udp.protocol = 17;
  high_udp.port_first = 1;
  high_udp.port_last = 65535;
  Terms other_port;
  other_port.port_first = other_port.port_last = 1;
  apply(*backend, {with_terms(ban("192.0.2.2"), tcp), with_terms(ban("192.0.2.3"), high_udp),
                   with_terms(ban("192.0.2.4"), other_port), with_terms(ban("2001:db8::2"), tcp)});
  EXPECT_EQ(net->delivered("192.0.2.2"), 5) << "UDP";
  EXPECT_EQ(connect_error(*net, "192.0.2.2"), ETIMEDOUT);
  EXPECT_EQ(net->delivered("192.0.2.3"), 0);
  EXPECT_EQ(connect_error(*net, "192.0.2.3"), 0);
  EXPECT_EQ(net->delivered("192.0.2.4"), 5);
  EXPECT_EQ(connect_error(*net, "2001:db8::2"), ETIMEDOUT);
  EXPECT_EQ(net->delivered("2001:db8::2"), 5);
}

TEST_F(Nft, TheNextRemedyHoldsWhereTheFirstDoesNot) {
  const auto backend = open();
  ASSERT_TRUE(backend);
  DecisionChange change = ban("192.0.2.2", Remediation::ban, 1s);
  change.next =
      std::make_shared<Remedy>(Remedy{Remediation::log_only, now() + 1h, "crowdsec", "test/later", Terms{}});
  apply(*backend, {change});
  EXPECT_EQ(net->delivered("192.0.2.2", 2), 0);
  const int64_t end = monotonic_ns() + 5'000'000'000;
  int got = 0;
  while (got == 0 && monotonic_ns() < end) got = net->delivered("192.0.2.2", 1);
  EXPECT_EQ(got, 1) << "the ban ended by itself";
  const DropCounter* later = nullptr;
  const auto counters = backend->counters();
  for (const DropCounter& counter : counters)
    if (counter.scenario == "test/later") later = &counter;
  ASSERT_TRUE(later) << "and what comes next is counted";
  EXPECT_GE(later->packets, 1u);
}

TEST_F(Nft, PacketsToABannedAddressAreDroppedWhereThatIsAskedFor) {
  options.outgoing = true;
  const auto backend = open();
  ASSERT_TRUE(backend);
  Terms terms;
  terms.outgoing = true;
  ASSERT_TRUE(on_server("ping -c1 -W1 192.0.2.2"));
  apply(*backend, {with_terms(ban("192.0.2.2"), terms), ban("192.0.2.3")});
  EXPECT_FALSE(on_server("ping -c1 -W1 192.0.2.2"));
  EXPECT_NE(said_on_server("nft list chain inet " + table() + " out").find("ip daddr map"),
            std::string::npos);
}

TEST_F(Nft, BansEndByThemselvesWhenTheDaemonIsDead) {
  Owner owner(net->server(), options, [](Backend& backend) {
    return backend
        .apply(std::vector{ban("192.0.2.2", Remediation::ban, 2s), ban("192.0.2.3"),
                           ban("192.0.2.4/31", Remediation::ban, 2s)})
        .ok();
  });
  ASSERT_TRUE(owner.ok());
  owner.kill_hard();
  EXPECT_EQ(net->delivered("192.0.2.2", 1), 0);
  EXPECT_EQ(net->delivered("192.0.2.5", 1), 0);
  const int64_t end = monotonic_ns() + 8'000'000'000;
  int address = 0, range = 0;
  while ((address == 0 || range == 0) && monotonic_ns() < end) {
    if (address == 0) address = net->delivered("192.0.2.2", 1);
    if (range == 0) range = net->delivered("192.0.2.5", 1);
  }
  EXPECT_EQ(address, 1);
  EXPECT_EQ(range, 1);
  EXPECT_EQ(net->delivered("192.0.2.3", 1), 0) << "this one lasts an hour";
}

TEST_F(Nft, WhatHasEndedByItselfIsLiftedOrBannedAgainWithoutASecondLook) {
  const auto backend = open();
  ASSERT_TRUE(backend);
  const Inside inside(net->server());
  std::vector<DecisionChange> bans, lifts;
  for (int i = 0; i < 300; ++i) {
    const std::string address = "198.18.1." + std::to_string(i % 250) + (i < 250 ? "" : "/31");
    bans.push_back(ban(address, Remediation::ban, 1s));
    lifts.push_back(lift(address));
  }
  ASSERT_TRUE(backend->apply(bans).ok());
  const int64_t end = monotonic_ns() + 10'000'000'000;
  while (!nft_list(nullptr, table())->empty() && monotonic_ns() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  lifts.push_back(ban("192.0.2.2"));
  lifts[0] = ban("198.18.1.0");
  const auto done = backend->apply(lifts);
  EXPECT_TRUE(done.ok()) << done.error().text();
  EXPECT_EQ(net->delivered("192.0.2.2"), 0);
  EXPECT_EQ(nft_list(nullptr, table())->size(), 2u);
  EXPECT_EQ(backend->status().bans + backend->status().ranges, 2u);
  EXPECT_EQ(said_on_server("nft list maps").find(".x1"), std::string::npos) << "a set was filled anew";
}

}  // namespace
}  // namespace testudo::test
