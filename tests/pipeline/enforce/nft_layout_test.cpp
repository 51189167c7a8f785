#include "enforce/nft_layout.h"

#include <gtest/gtest.h>

#include "enforce/nft_flat.h"
#include "enforce/nft_pinned.h"
#include "enforce/nft_writer.h"

namespace testudo::nft {
namespace {

Terms ssh() {
  Terms terms;
  terms.protocol = 6;
  terms.port_first = terms.port_last = 22;
  return terms;
}

TEST(NftLayout, EveryNameOfASetTellsWhatItHolds) {
  Terms throttle;
  throttle.rate = 1000;
  throttle.burst = 5000;
  throttle.unit = Terms::Unit::bytes;
  throttle.outgoing = true;
  std::vector<GroupId> groups{{},
                              *group_of(Remediation::ban, {}),
                              *group_of(Remediation::reset, ssh()),
                              *group_of(Remediation::throttle, throttle),
                              *group_of(Remediation::sample, {}),
                              *group_of(Remediation::log_only, ssh())};
  groups[3].policy = 12;
  groups.push_back({Remediation::ban, {}, 3, 77});
  for (const GroupId& group : groups)
    for (const Kind kind : kAllKinds)
      for (const uint32_t version : {0u, 3u}) {
        const std::string name = set_name({group, kind, version});
        SCOPED_TRACE(name);
        const auto back = set_from(name);
        ASSERT_TRUE(back);
        EXPECT_EQ(back->group, group);
        EXPECT_EQ(back->kind, kind);
        EXPECT_EQ(back->version, version);
      }
  EXPECT_EQ(set_name({groups[2], Kind::a4}), "reset.p6.d22_22.a4");
  for (const char* strange :
       {"", "a4", "ban", "ban.", "ban.zz", "ban.q1.a4", "ban.p999.a4", "mine.a4", "ban.a4.x"})
    EXPECT_FALSE(set_from(strange)) << strange;
}

TEST(NftLayout, TermsThatDoNotMatterToTheRemedyMakeNoOtherGroup) {
  Terms rate;
  rate.rate = 5;
  rate.sample = 7;
  EXPECT_EQ(*group_of(Remediation::ban, rate), *group_of(Remediation::ban, {}));
  EXPECT_EQ(group_of(Remediation::throttle, rate)->terms.burst, 5u) << "a second's worth";
  EXPECT_EQ(group_of(Remediation::sample, {})->terms.sample, 100u);
}

TEST(NftLayout, WhatNftablesCannotDoIsRefusedByName) {
  EXPECT_EQ(group_of(Remediation::throttle, {}).error().code, Code::bad_input);
  Terms icmp = ssh();
  icmp.protocol = 1;
  EXPECT_NE(group_of(Remediation::ban, icmp).error().message.find("protocol 1"), std::string::npos);
  Terms backwards = ssh();
  backwards.port_first = 23;
  EXPECT_FALSE(group_of(Remediation::ban, backwards).ok());
}

TEST(NftLayout, RulesAskTheAllowlistFirstThenTheStrongest) {
  Layout layout;
  layout.table = "testudo";
  layout.interfaces = {"eth0"};
  const std::string script = rules_script(layout, {{*group_of(Remediation::log_only, {}), Kind::a4},
                                                   {*group_of(Remediation::ban, {}), Kind::r4},
                                                   {*group_of(Remediation::ban, {}), Kind::a4},
                                                   {*group_of(Remediation::ban, ssh()), Kind::s6},
                                                   {GroupId{}, Kind::r4}});
  const auto at = [&](const std::string& text) {
    const size_t found = script.find(text);
    EXPECT_NE(found, std::string::npos) << text << " in\n" << script;
    return found;
  };
  EXPECT_LT(at("iifname != { \"eth0\" } accept"), at("ip saddr @allow.r4 accept"));
  EXPECT_LT(at("@allow.r4 accept"), at("in counter name ip saddr map @ban.a4 drop"));
  EXPECT_LT(at("@ban.a4 drop"), at("@ban.r4 drop"));
  EXPECT_LT(at("@ban.r4 drop"), at("map @log_only.a4\n"));
  at("in6 meta l4proto 6 th dport 22-22 counter name ip6 saddr & ffff:ffff:ffff:ffff:: map @ban.p6.d22_22.s6 "
     "drop");
}

TEST(NftLayout, ATableIsNamedAsItsFolderOfPins) {
  EXPECT_EQ(nft_table("/sys/fs/bpf/testudo"), "testudo");
  EXPECT_EQ(nft_table("/sys/fs/bpf/te st;udo"), "te_st_udo");
  EXPECT_EQ(nft_table(""), "testudo");
  EXPECT_EQ(nft_table("/sys/fs/bpf/7"), "testudo7");
}

TEST(NftFlat, HoldsWhatASetHoldsThroughAnyNumberOfAddsAndRemovals) {
  Flat<uint32_t> flat;
  std::map<uint32_t, int64_t> reference;
  uint32_t x = 1;
  for (int i = 0; i < 200000; ++i) {
    x = x * 1664525 + 1013904223;
    const uint32_t key = (x >> 8) % 500;
    if (x & 0x80) {
      EXPECT_EQ(flat.erase(key), reference.erase(key) == 1);
    } else {
      flat.put(key, i, uint16_t(key));
      reference[key] = i;
    }
  }
  EXPECT_EQ(flat.size(), reference.size());
  for (const auto& [key, until] : reference) {
    ASSERT_TRUE(flat.find(key)) << key;
    EXPECT_EQ(flat.find(key)->until, until);
    EXPECT_EQ(flat.find(key)->policy, key);
  }
}

TEST(NftWriter, StepsOfOneElementAreDrawnTogether) {
  Group group;
  group.id.remediation = Remediation::ban;
  std::vector<Step> steps;
  const Prefix a = *Prefix::parse("192.0.2.1"), b = *Prefix::parse("192.0.2.2");
  Book::set(group, a, {10, 1}, steps);
  Book::set(group, b, {10, 1}, steps);
  Book::set(group, a, {20, 1}, steps);
  Book::remove(group, b, steps);
  const auto drawn = draw_together(steps);
  ASSERT_EQ(drawn.size(), 1u) << "b came and went";
  EXPECT_FALSE(drawn[0].before.present);
  EXPECT_EQ(drawn[0].after.until, 20);
}

TEST(NftWriter, AnElementTimesOutNoEarlierThanItsDecisionEnds) {
  EXPECT_EQ(timeout_ms(kForever, 5), 0u) << "never";
  EXPECT_EQ(timeout_ms(1'000'001, 0), 2u);
  EXPECT_EQ(timeout_ms(1'000'000, 0), 1u);
  EXPECT_EQ(timeout_ms(5, 10), 1u) << "0 would be for ever";
}

}  // namespace
}  // namespace testudo::nft
