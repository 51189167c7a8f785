// The nftables table through the life of a machine: kills, flushes, other programs, large sets, changes of
// mode.
#include "nft_machine.h"

namespace testudo::test {
namespace {

TEST_F(Nft, NotOneGetsThroughWhileANewOwnerAdoptsAfterAKill) {
  const std::vector<DecisionChange> bans{ban("192.0.2.2"), ban("198.51.100.0/24"), ban("2001:db8::7")};
  auto first = std::make_unique<Owner>(net->server(), options,
                                       [&](Backend& backend) { return backend.apply(bans).ok(); });
  ASSERT_TRUE(first->ok());
  ASSERT_EQ(net->delivered("192.0.2.3"), 5) << "the wire works";
  Stream stream(*net, "192.0.2.2");
  stream.wait_for(500);
  for (int round = 0; round < 5; ++round) {
    first->kill_hard();
    first = std::make_unique<Owner>(net->server(), options, [&](Backend& backend) {
      return backend.status().adopted && backend.list()->size() == 3 &&
             backend.list()->front().scenario == "test/knocking" && backend.reconcile(bans, {}).ok();
    });
    ASSERT_TRUE(first->ok());
    stream.wait_for(500);
  }
  stream.end();
  EXPECT_EQ(stream.arrived(), 0) << "of " << stream.sent();
}

TEST_F(Nft, WhatAnEarlierRunLeftIsBroughtInLine) {
  Owner owner(net->server(), options, [](Backend& backend) {
    return backend.allow(std::vector{allowed("192.0.2.6")}).ok() &&
           backend
               .apply(std::vector{ban("192.0.2.2"), ban("192.0.2.3"), ban("192.0.2.4/31"), ban("192.0.2.6"),
                                  ban("192.0.2.7", Remediation::log_only)})
               .ok();
  });
  ASSERT_TRUE(owner.ok());
  owner.kill_hard();
  const auto backend = open();
  ASSERT_TRUE(backend);
  EXPECT_EQ(net->delivered("192.0.2.3"), 0);
  EXPECT_EQ(net->delivered("192.0.2.6"), 5) << "its allowlist too";
  reconcile(*backend, {ban("192.0.2.2"), ban("192.0.2.5"), ban("192.0.2.7")}, {allowed("192.0.2.8")});
  EXPECT_EQ(net->delivered("192.0.2.2"), 0);
  EXPECT_EQ(net->delivered("192.0.2.3"), 5);
  EXPECT_EQ(net->delivered("192.0.2.4"), 5);
  EXPECT_EQ(net->delivered("192.0.2.5"), 0);
  EXPECT_EQ(net->delivered("192.0.2.6"), 5);
  EXPECT_EQ(net->delivered("192.0.2.7"), 0);
  const std::string rules = said_on_server("nft list table inet " + table());
  EXPECT_EQ(rules.find("192.0.2.6"), std::string::npos) << rules;
  EXPECT_NE(rules.find("192.0.2.8"), std::string::npos) << rules;
}

TEST_F(Nft, AFlushedRulesetIsNoticedRestoredAndCounted) {
  const auto backend = open();
  ASSERT_TRUE(backend);
  allow(*backend, {allowed("192.0.2.6")});
  apply(*backend, {ban("192.0.2.2"), ban("192.0.2.4/30"), ban("2001:db8::2")});
  ASSERT_TRUE(on_server("nft flush ruleset"));
  EXPECT_EQ(net->delivered("192.0.2.2"), 5) << "flushed";
  refresh(*backend);
  EXPECT_EQ(backend->status().restored, 1u);
  EXPECT_EQ(net->delivered("192.0.2.2"), 0);
  EXPECT_EQ(net->delivered("192.0.2.5"), 0);
  EXPECT_EQ(net->delivered("192.0.2.6"), 5);
  EXPECT_EQ(net->delivered("2001:db8::2"), 0);
  refresh(*backend);
  EXPECT_EQ(backend->status().restored, 1u) << "our own work is no news";

  ASSERT_TRUE(on_server("nft delete table inet " + table()));
  apply(*backend, {ban("192.0.2.3")});
  EXPECT_EQ(net->delivered("192.0.2.2"), 0) << "the next change notices it, too";
  EXPECT_EQ(net->delivered("192.0.2.3"), 0);
  EXPECT_EQ(backend->status().restored, 2u);
}

TEST_F(Nft, ARuleAnElementOrASetThatSomebodyRemovesComesBack) {
  const auto backend = open();
  ASSERT_TRUE(backend);
  apply(*backend, {ban("192.0.2.2"), ban("192.0.2.4/30")});
  ASSERT_TRUE(on_server("nft flush chain inet " + table() + " in"));
  ASSERT_EQ(net->delivered("192.0.2.2"), 5);
  refresh(*backend);
  EXPECT_EQ(net->delivered("192.0.2.2"), 0);
  ASSERT_TRUE(on_server("nft delete element inet " + table() + " ban.a4 '{ 192.0.2.2 }'"));
  ASSERT_EQ(net->delivered("192.0.2.2"), 5);
  refresh(*backend);
  EXPECT_EQ(net->delivered("192.0.2.2"), 0);
  ASSERT_TRUE(on_server("nft flush map inet " + table() + " ban.r4"));
  ASSERT_EQ(net->delivered("192.0.2.5"), 5);
  refresh(*backend);
  EXPECT_EQ(net->delivered("192.0.2.5"), 0);
  ASSERT_TRUE(on_server("nft flush table inet " + table()));
  ASSERT_TRUE(on_server("nft delete map inet " + table() + " ban.r4"));
  apply(*backend, {ban("192.0.2.3")});
  EXPECT_EQ(net->delivered("192.0.2.5"), 0);
  EXPECT_EQ(net->delivered("192.0.2.3"), 0);
}

TEST_F(Nft, OtherTablesAreLeftAloneAndTheirChangesAreNoNews) {
  ASSERT_TRUE(on_server("nft add table ip docker"));
  ASSERT_TRUE(on_server("nft add chain ip docker nat '{ type nat hook prerouting priority -100; }'"));
  ASSERT_TRUE(on_server("nft add rule ip docker nat tcp dport 81 accept"));
  const std::string before = said_on_server("nft list table ip docker");
  {
    const auto backend = open();
    ASSERT_TRUE(backend);
    apply(*backend, {ban("192.0.2.2")});
    ASSERT_TRUE(on_server("nft add rule ip docker nat tcp dport 82 accept"));
    refresh(*backend);
    EXPECT_EQ(backend->status().restored, 0u);
    const Inside inside(net->server());
    EXPECT_TRUE(backend->flush().ok());
    EXPECT_TRUE(nft_remove(table()).ok());
  }
  ASSERT_TRUE(on_server("nft delete rule ip docker nat handle 3"));
  EXPECT_EQ(said_on_server("nft list table ip docker"), before);
  EXPECT_EQ(said_on_server("nft list tables"), "table ip docker\n");
}

TEST_F(Nft, AFlushByHandWithNoDaemonEmptiesItAndLeavesItsMark) {
  Owner owner(net->server(), options, [](Backend& backend) {
    return backend.allow(std::vector{allowed("192.0.2.6")}).ok() &&
           backend.apply(std::vector{ban("192.0.2.2"), ban("192.0.2.4/30"), ban("2001:db8::2")}).ok();
  });
  ASSERT_TRUE(owner.ok());
  owner.kill_hard();
  const Inside inside(net->server());
  const auto status = status_pinned(net->pin());
  ASSERT_TRUE(status.ok()) << status.error().text();
  EXPECT_EQ(status->backend, "nftables");
  EXPECT_EQ(status->bans, 2u);
  EXPECT_EQ(status->ranges, 1u);
  EXPECT_EQ(status->allowed, 1u);
  const Prefix host = *Prefix::parse("192.0.2.5");
  const auto listed = list_pinned(net->pin(), &host);
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(listed->front().prefix.text(), "192.0.2.4/30");
  EXPECT_EQ(listed->front().scenario, "test/knocking");
  EXPECT_EQ(flush_mark_unix_ns(net->pin()), 0);

  const auto report = flush_pinned(net->pin());
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_TRUE(report->found);
  EXPECT_EQ(report->removed, 3u);
  EXPECT_GT(flush_mark_unix_ns(net->pin()), unix_nanos(now() - 1min));
  EXPECT_EQ(net->delivered("192.0.2.2"), 5);
  EXPECT_EQ(net->delivered("2001:db8::2"), 5);
  EXPECT_TRUE(remove_pinned(net->pin()).ok());
  EXPECT_EQ(status_pinned(net->pin()).error().code, Code::not_found);
}

TEST_F(Nft, AFlushByHandBesideALivingDaemonIsObeyedNotRepaired) {
  const auto backend = open();
  ASSERT_TRUE(backend);
  apply(*backend, {ban("192.0.2.2"), ban("192.0.2.4/30")});
  {
    const Inside inside(net->server());
    ASSERT_TRUE(nft_flush(table()).ok());
  }
  refresh(*backend);
  EXPECT_EQ(net->delivered("192.0.2.2"), 5);
  EXPECT_EQ(net->delivered("192.0.2.5"), 5);
  EXPECT_EQ(backend->status().bans + backend->status().ranges, 0u);
  apply(*backend, {ban("192.0.2.2"), ban("192.0.2.4/30")});
  EXPECT_EQ(net->delivered("192.0.2.2"), 0);
  EXPECT_EQ(net->delivered("192.0.2.5"), 0);
}

TEST_F(Nft, TenThousandRoundsOfAddAndRemoveLeaveTheSetsEmpty) {
  const auto backend = open();
  ASSERT_TRUE(backend);
  const Inside inside(net->server());
  const char* prefixes[] = {"198.18.0.1",      "198.18.0.0/24", "198.18.0.128/25",
                            "2001:db8:1::/64", "2001:db8:2::1", "2001:db8:3::/48"};
  for (int round = 0; round < 10000; ++round) {
    const char* prefix = prefixes[round % 6];
    ASSERT_TRUE(backend->apply(std::vector{ban(prefix)}).ok());
    if (round % 3 == 0) {
      ASSERT_TRUE(backend->apply(std::vector{ban(prefixes[(round + 1) % 6])}).ok());
    }
    ASSERT_TRUE(backend->apply(std::vector{lift(prefix), lift(prefixes[(round + 1) % 6])}).ok());
  }
  EXPECT_EQ(backend->status().bans + backend->status().ranges, 0u);
  const auto listed = nft_list(nullptr, table());
  ASSERT_TRUE(listed.ok());
  EXPECT_TRUE(listed->empty());
  EXPECT_EQ(said_on_server("nft list sets; nft list maps").find("elements"), std::string::npos);
}

TEST_F(Nft, AListTakesThePlaceOfItsFormerContentAtOnce) {
  const auto backend = open();
  ASSERT_TRUE(backend);
  const Inside inside(net->server());
  BlockList list{"firehol", TimePoint::max(), {*Prefix::parse("192.0.2.2"), *Prefix::parse("192.0.2.4/31")}};
  ASSERT_TRUE(backend->put_list(list).ok());
  EXPECT_EQ(net->delivered("192.0.2.2"), 0);
  EXPECT_EQ(net->delivered("192.0.2.5"), 0);
  EXPECT_TRUE(backend->list(nullptr)->empty()) << "no decisions";
  const Prefix host = *Prefix::parse("192.0.2.5");
  ASSERT_EQ(backend->list(&host)->size(), 1u);
  EXPECT_EQ(backend->list(&host)->front().origin, "lists");
  Stream stream(*net, "192.0.2.2");
  stream.wait_for(200);
  list.prefixes = {*Prefix::parse("192.0.2.2"), *Prefix::parse("2001:db8::2")};
  for (int round = 0; round < 10; ++round) ASSERT_TRUE(backend->put_list(list).ok());
  stream.wait_for(200);
  stream.end();
  EXPECT_EQ(stream.arrived(), 0) << "of " << stream.sent();
  EXPECT_EQ(net->delivered("192.0.2.5"), 5);
  EXPECT_EQ(net->delivered("2001:db8::2"), 0);
  ASSERT_EQ(backend->lists().size(), 1u);
  EXPECT_EQ(backend->lists()[0].entries, 2u);
  const auto counters = backend->counters();
  ASSERT_TRUE(counter_of(counters, "ban"));
  EXPECT_EQ(counter_of(counters, "ban")->scenario, "firehol");
  list.prefixes.clear();
  ASSERT_TRUE(backend->put_list(list).ok());
  EXPECT_EQ(net->delivered("192.0.2.2"), 5);
  EXPECT_TRUE(backend->lists().empty());
}

TEST_F(Nft, ALargeSetThatCannotBeReadBackIsFilledAnewBesideTheOldOne) {
  std::vector<DecisionChange> many{ban("192.0.2.2")};
  for (uint32_t i = 0; i < nft::kReadable + 1000; ++i) {
    many.push_back(many.front());
    many.back().prefix = Prefix::host(Ip::v4(0xc6120000u + i));
  }
  Owner owner(net->server(), options, [&](Backend& backend) { return backend.reconcile(many, {}).ok(); });
  ASSERT_TRUE(owner.ok());
  owner.kill_hard();
  Stream stream(*net, "192.0.2.2");
  stream.wait_for(200);
  const auto backend = open();
  ASSERT_TRUE(backend);
  many.resize(many.size() - 500);
  many.push_back(ban("192.0.2.3"));
  reconcile(*backend, many);
  stream.wait_for(200);
  stream.end();
  EXPECT_EQ(stream.arrived(), 0) << "of " << stream.sent();
  EXPECT_EQ(net->delivered("192.0.2.3"), 0);
  EXPECT_EQ(backend->status().bans, many.size());
  const Inside inside(net->server());
  const Prefix lifted = Prefix::host(Ip::v4(0xc6120000u + nft::kReadable + 999));
  EXPECT_TRUE(nft_list(&lifted, table())->empty());
  const Prefix kept = Prefix::host(Ip::v4(0xc6120000u));
  EXPECT_EQ(nft_list(&kept, table())->size(), 1u);
}

TEST_F(Nft, WhatDoesNotFitIsRefusedAndTheRestHolds) {
  options.max_entries = 3;
  const auto backend = open();
  ASSERT_TRUE(backend);
  const Inside inside(net->server());
  const auto done = backend->apply(std::vector{ban("192.0.2.2"), ban("192.0.2.3"), ban("192.0.2.4/31"),
                                               ban("192.0.2.6"), ban("192.0.2.2", Remediation::ban, 2h)});
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::too_large);
  EXPECT_NE(done.error().message.find("192.0.2.6"), std::string::npos) << done.error().text();
  EXPECT_EQ(net->delivered("192.0.2.2"), 0);
  EXPECT_EQ(net->delivered("192.0.2.5"), 0);
  EXPECT_EQ(net->delivered("192.0.2.6"), 5);
  const BlockList list{"long", TimePoint::max(), {*Prefix::parse("192.0.2.7")}};
  const auto put = backend->put_list(list);
  ASSERT_FALSE(put.ok());
  EXPECT_EQ(put.error().code, Code::too_large);
}

TEST_F(Nft, NextToADaemonInAnotherNamespaceEachHasItsOwn) {
  Sandbox other;
  const auto here = open();
  ASSERT_TRUE(here);
  apply(*here, {ban("192.0.2.2")});
  const Inside inside(other.server());
  auto there = NftBackend::open(options);
  ASSERT_TRUE(there.ok());
  EXPECT_FALSE((*there)->status().adopted);
  ASSERT_TRUE((*there)->apply(std::vector{ban("192.0.2.3")}).ok());
  EXPECT_EQ(net->delivered("192.0.2.3"), 5);
  EXPECT_EQ(other.delivered("192.0.2.2"), 5);
  EXPECT_EQ(other.delivered("192.0.2.3"), 0);
}

TEST_F(Nft, ATableOfAnotherLayoutStaysInForceUntilOursIsFilled) {
  ASSERT_TRUE(on_server("nft add table inet " + table()));
  ASSERT_TRUE(
      on_server("nft add chain inet " + table() + " in '{ type filter hook prerouting priority -300; }'"));
  ASSERT_TRUE(on_server("nft add rule inet " + table() + " in ip saddr 192.0.2.2 drop"));
  const auto backend = open();
  ASSERT_TRUE(backend);
  EXPECT_EQ(net->delivered("192.0.2.2"), 0) << "the old one";
  reconcile(*backend, {ban("192.0.2.3")});
  EXPECT_EQ(net->delivered("192.0.2.2"), 5);
  EXPECT_EQ(net->delivered("192.0.2.3"), 0);
  EXPECT_EQ(said_on_server("nft list tables"), "table inet " + table() + "-2\n");
}

TEST_F(Nft, NotOneGetsThroughWhileTheModeChangesAndChangesBack) {
  const std::vector<DecisionChange> bans{ban("192.0.2.2"), ban("2001:db8::2")};
  options.mode = "xdp";
  const Inside inside(net->server());
  auto opened = open_backend(options);
  ASSERT_TRUE(opened.ok()) << opened.error().text();
  std::unique_ptr<Backend> backend = std::move(*opened);
  ASSERT_TRUE(backend->reconcile(bans, {}).ok());
  Stream stream(*net, "192.0.2.2");
  stream.wait_for(200);
  EnforceOptions from = options;
  for (const char* mode : {"nftables", "xdp-generic", "nftables", "nftables", "xdp"}) {
    SCOPED_TRACE(mode);
    EnforceOptions to = from;
    to.mode = mode;
    const auto done = switch_backend(backend, from, to, bans, {});
    ASSERT_TRUE(done.ok()) << done.error().text();
    from = to;
    const bool nft = to.mode == "nftables";
    EXPECT_EQ(backend->status().backend, nft ? "nftables" : "xdp");
    EXPECT_EQ(backend->status().bans, 2u);
    EXPECT_EQ(nft_status(table()).ok(), nft) << "one of them alone is left";
    stream.wait_for(200);
  }
  stream.end();
  EXPECT_EQ(stream.arrived(), 0) << "of " << stream.sent();

  EnforceOptions broken = from;
  broken.mode = "nftables";
  broken.interfaces = {"no such name"};
  EXPECT_FALSE(switch_backend(backend, from, broken, bans, {}).ok());
  EXPECT_EQ(backend->status().backend, "xdp");
  EXPECT_EQ(net->delivered("192.0.2.2"), 0) << "as before";
}

TEST_F(Nft, AutoTakesTheFirstOfTheOrderThatWorksAndSaysWhyNotTheBetterOnes) {
  options.mode = "auto";
  options.interfaces = {"lo"};  // has no native mode
  options.order = {"xdp", "nftables", "xdp-generic"};
  const Inside inside(net->server());
  auto backend = open_backend(options);
  ASSERT_TRUE(backend.ok()) << backend.error().text();
  const EnforceStatus status = (*backend)->status();
  EXPECT_EQ(status.backend, "nftables");
  ASSERT_EQ(status.interfaces.size(), 1u);
  EXPECT_NE(status.interfaces[0].why_not_better.find("xdp: lo"), std::string::npos)
      << status.interfaces[0].why_not_better;
  EXPECT_TRUE(retire_others(options, **backend).ok());
  options.order = {"nftables", "xdp"};
  backend->reset();
  backend = open_backend(options);
  ASSERT_TRUE(backend.ok());
  EXPECT_EQ((*backend)->status().interfaces[0].why_not_better, "");
}

}  // namespace
}  // namespace testudo::test
