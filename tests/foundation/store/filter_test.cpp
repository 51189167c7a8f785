// Which decisions and alerts a filter finds.
#include <gtest/gtest.h>

#include <functional>

#include "foundation/store/samples.h"

namespace testudo::store_test {

namespace {

Decision with(Decision decision, const std::function<void(Decision&)>& change) {
  change(decision);
  return decision;
}

// 1 address · 2 covering range · 3 wider range · 4 neighbour range · 5 IPv6 range · 6 country · 7 simulated ·
// 8 expired · 9 captcha from a list · 10 inside 2, but not 203.0.113.7 · 11 everything, IPv4
CommitBatch decisions_of_all_sorts() {
  std::vector<Decision> all = {
      ban(1, "203.0.113.7"),
      ban(2, "203.0.113.0/24"),
      ban(3, "203.0.0.0/16"),
      ban(4, "203.0.114.0/24"),
      ban(5, "2001:db8::/32"),
      with(ban(6, "FR"), [](Decision& d) { d.scope = "Country"; }),
      with(ban(7, "203.0.113.7"), [](Decision& d) { d.simulated = true; }),
      with(ban(8, "203.0.113.7"), [](Decision& d) { d.until = noon - 1ns; }),
      with(ban(9, "203.0.113.7"),
           [](Decision& d) {
             d.type = "captcha";
             d.origin = "lists";
             d.scenario = "FireHOL_50%";
           }),
      ban(10, "203.0.113.9"),
      ban(11, "0.0.0.0/0"),
  };
  return batch({alert(1, all)});
}

struct DecisionCase {
  const char* sentence;
  std::function<void(DecisionFilter&)> set;
  Ids found;
};

const DecisionCase decision_cases[] = {
    {"no condition: active and not simulated, by id", [](auto&) {}, {1, 2, 3, 4, 5, 6, 9, 10, 11}},
    {"an address finds itself and what covers it",
     [](auto& f) { f.range = prefix("203.0.113.7"); },
     {1, 2, 3, 9, 11}},
    {"an address without a ban of its own finds what covers it",
     [](auto& f) { f.range = prefix("203.0.113.200"); },
     {2, 3, 11}},
    {"a range finds itself and wider ones, nothing inside",
     [](auto& f) { f.range = prefix("203.0.113.0/24"); },
     {2, 3, 11}},
    {"a range between finds only wider ones", [](auto& f) { f.range = prefix("203.0.112.0/22"); }, {3, 11}},
    {"contains=false finds itself and what lies inside",
     [](auto& f) {
       f.range = prefix("203.0.113.0/24");
       f.contains = false;
     },
     {1, 2, 9, 10}},
    {"contains=false of an address finds only that address",
     [](auto& f) {
       f.range = prefix("203.0.113.9");
       f.contains = false;
     },
     {10}},
    {"contains=false of everything finds one family",
     [](auto& f) {
       f.range = prefix("0.0.0.0/0");
       f.contains = false;
     },
     {1, 2, 3, 4, 9, 10, 11}},
    {"IPv6 is apart from IPv4", [](auto& f) { f.range = prefix("2001:db8:1::1"); }, {5}},
    {"an IPv6 address whose first bytes are an IPv4 ban's is not banned by it",
     [](auto& f) { f.range = prefix("cb00:7107::"); },
     {}},
    {"all of IPv6",
     [](auto& f) {
       f.range = prefix("::/0");
       f.contains = false;
     },
     {5}},
    {"scopes in any case",
     [](auto& f) {
       f.scopes = {"range", "COUNTRY"};
     },
     {2, 3, 4, 5, 6, 11}},
    {"value is exact text", [](auto& f) { f.value = "203.0.113.7"; }, {1, 9}},
    {"scope and value of a country",
     [](auto& f) {
       f.scopes = {"Country"};
       f.value = "FR";
     },
     {6}},
    {"type", [](auto& f) { f.type = "captcha"; }, {9}},
    {"origins",
     [](auto& f) {
       f.origins = {"lists", "CAPI"};
     },
     {9}},
    {"scenario is exact", [](auto& f) { f.scenario = "firehol_50%"; }, {}},
    {"scenarios_containing: any word, any case",
     [](auto& f) {
       f.scenarios_containing = {"nothing", "FIREhol"};
     },
     {9}},
    {"a word with % or _ means that character",
     [](auto& f) {
       f.scenarios_containing = {"s%h", "s_h", "50%"};
     },
     {9}},
    {"scenarios_not_containing drops those with any word",
     [](auto& f) {
       f.scenarios_not_containing = {"SSH", "nothing"};
     },
     {9}},
    {"simulated ones on request",
     [](auto& f) {
       f.value = "203.0.113.7";
       f.include_simulated = true;
     },
     {1, 7, 9}},
    {"expired ones on request",
     [](auto& f) {
       f.value = "203.0.113.7";
       f.include_expired = true;
     },
     {1, 8, 9}},
    {"id", [](auto& f) { f.id = 4; }, {4}},
    {"uuids",
     [](auto& f) {
       f.uuids = {"decision-2", "decision-5", "no-such"};
     },
     {2, 5}},
    {"limit", [](auto& f) { f.limit = 2; }, {1, 2}},
    {"all conditions together",
     [](auto& f) {
       f.range = prefix("203.0.113.7");
       f.scopes = {"ip", "range"};
       f.origins = {"crowdsec"};
       f.type = "ban";
       f.scenarios_containing = {"ssh"};
       f.scenarios_not_containing = {"http"};
       f.limit = 3;
     },
     {1, 2, 3}},
    {"values are never read as SQL", [](auto& f) { f.value = "x' OR '1'='1"; }, {}},
};

}  // namespace

class DecisionFilterTest : public StoreTest {};
TESTUDO_ALL_STORES(DecisionFilterTest);

TEST_P(DecisionFilterTest, FindsWhatItSays) {
  ASSERT_OK(store->commit(decisions_of_all_sorts()));
  for (const DecisionCase& row : decision_cases) {
    DecisionFilter filter;
    row.set(filter);
    EXPECT_EQ(ids(store->decisions(filter, noon)), row.found) << row.sentence;
  }
}

TEST_P(DecisionFilterTest, ADecisionIsActiveUpToItsEnd) {
  ASSERT_OK(store->commit(batch({alert(1, {ban(1, "203.0.113.7")})})));
  EXPECT_EQ(ids(store->decisions({}, noon + 4h)), Ids{1});
  EXPECT_EQ(ids(store->decisions({}, noon + 4h + 1ns)), Ids{});
}

TEST_P(DecisionFilterTest, ListsBeyondAnyHonestRequestAreRefused) {
  DecisionFilter filter;
  filter.scenarios_not_containing.assign(501, "x");
  EXPECT_EQ(store->decisions(filter, noon).error().code, Code::too_large);
  filter.scenarios_not_containing.assign(500, "x");
  filter.scenarios_containing.assign(500, "y");
  filter.origins.assign(500, "y");
  filter.range = prefix("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  EXPECT_OK(store->decisions(filter, noon));
  filter.origins = {std::string(1025, 'o')};
  EXPECT_EQ(store->decisions(filter, noon).error().code, Code::too_large);
}

TEST_P(DecisionFilterTest, PrefixesAgreeWithArithmetic) {
  // Every length of both families around one address, against Prefix::contains.
  std::vector<Decision> all;
  for (const char* base : {"170.85.170.85", "aa55:aa55:aa55:aa55:aa55:aa55:aa55:aa55"}) {
    const Ip ip = Ip::parse(base).value();
    for (int length = 0; length <= ip.bits(); ++length) {
      Decision decision = ban(int64_t(all.size() + 1), base);
      decision.prefix = Prefix::of(ip, length);
      all.push_back(decision);
    }
  }
  ASSERT_OK(store->commit(batch({alert(1, all)})));
  for (const char* text : {"170.85.170.85", "170.85.160.0/19", "170.85.170.84/31", "128.0.0.0/1", "0.0.0.0/0",
                           "171.0.0.0/8", "aa55:aa55::/33", "aa55::1", "::/0", "aa55:aa55:aa55:aa55::/64",
                           "aa55:aa55:aa55:aa55:aa55:aa55:aa55:aa55"}) {
    for (const bool contains : {true, false}) {
      DecisionFilter filter;
      filter.range = prefix(text);
      filter.contains = contains;
      Ids expected;
      for (const Decision& decision : all)
        if (contains ? decision.prefix->contains(*filter.range) : filter.range->contains(*decision.prefix))
          expected.push_back(decision.id);
      EXPECT_EQ(ids(store->decisions(filter, noon)), expected) << text << " contains=" << contains;
    }
  }
}

namespace {

Alert changed(Alert made, const std::function<void(Alert&)>& change) {
  change(made);
  return made;
}

// 1 banned · 2 without decisions · 3 its ban is over · 4 simulated range, captcha · 5 community list ·
// 6 list without decisions · 7 waf
CommitBatch alerts_of_all_sorts() {
  return batch({
      alert(1, {ban(1, "203.0.113.7")}, noon - 6h),
      changed(alert(2, {}, noon - 5h), [](Alert& a) { a.scenario = "crowdsecurity/http-probing"; }),
      changed(alert(3, {ban(3, "203.0.113.8")}, noon - 4h),
              [](Alert& a) { a.decisions[0].until = noon - 1s; }),
      changed(alert(4, {ban(4, "198.51.100.0/24")}, noon - 3h),
              [](Alert& a) {
                a.simulated = true;
                a.decisions[0].type = "captcha";
                a.decisions[0].scenario = "inner/scenario";
                a.source.scope = "Range";
              }),
      changed(alert(5, {ban(5, "192.0.2.5")}, noon - 2h),
              [](Alert& a) {
                a.source.scope = "crowdsecurity/community-blocklist";
                a.source.value = "";
                a.decisions[0].origin = "CAPI";
              }),
      changed(alert(6, {}, noon - 1h), [](Alert& a) { a.source.scope = "lists:firehol"; }),
      changed(alert(7, {}, noon), [](Alert& a) { a.kind = "waf"; }),
  });
}

struct AlertCase {
  const char* sentence;
  std::function<void(AlertFilter&)> set;
  Ids found;
};

const AlertCase alert_cases[] = {
    {"no condition: newest first", [](auto&) {}, {7, 6, 5, 4, 3, 2, 1}},
    {"ascending", [](auto& f) { f.ascending = true; }, {1, 2, 3, 4, 5, 6, 7}},
    {"limit", [](auto& f) { f.limit = 2; }, {7, 6}},
    {"limit 0 is all", [](auto& f) { f.limit = 0; }, {7, 6, 5, 4, 3, 2, 1}},
    {"id", [](auto& f) { f.id = 3; }, {3}},
    {"scope in any case", [](auto& f) { f.scope = "range"; }, {4}},
    {"value of the source", [](auto& f) { f.value = "203.0.113.8"; }, {3}},
    {"scenario of the alert", [](auto& f) { f.scenario = "crowdsecurity/http-probing"; }, {2}},
    {"scenario of a decision", [](auto& f) { f.scenario = "inner/scenario"; }, {4}},
    {"range looks at decisions that contain it", [](auto& f) { f.range = prefix("198.51.100.77"); }, {4}},
    {"contains=false: decisions inside",
     [](auto& f) {
       f.range = prefix("203.0.113.0/24");
       f.contains = false;
     },
     {3, 1}},
    {"since: started then or later", [](auto& f) { f.since = noon - 3h - 1min; }, {7, 6, 5, 4}},
    {"until: started then or before", [](auto& f) { f.until = noon - 5h - 1min; }, {2, 1}},
    {"simulated=false leaves them out", [](auto& f) { f.simulated = false; }, {7, 6, 5, 3, 2, 1}},
    {"simulated=true is no condition", [](auto& f) { f.simulated = true; }, {7, 6, 5, 4, 3, 2, 1}},
    {"has_active_decision", [](auto& f) { f.has_active_decision = true; }, {5, 4, 1}},
    {"has_active_decision=false: no decision at all",
     [](auto& f) { f.has_active_decision = false; },
     {7, 6, 2}},
    {"decision_type", [](auto& f) { f.decision_type = "captcha"; }, {4}},
    {"origin", [](auto& f) { f.origin = "CAPI"; }, {5}},
    {"include_capi=false hides lists", [](auto& f) { f.include_capi = false; }, {7, 4, 3, 2, 1}},
    {"origin overrides include_capi=false",
     [](auto& f) {
       f.origin = "CAPI";
       f.include_capi = false;
     },
     {5}},
    {"kind", [](auto& f) { f.kind = "waf"; }, {7}},
    {"values are never read as SQL", [](auto& f) { f.scenario = "' OR 1=1 --"; }, {}},
};

}  // namespace

class AlertFilterTest : public StoreTest {};
TESTUDO_ALL_STORES(AlertFilterTest);

TEST_P(AlertFilterTest, FindsWhatItSays) {
  ASSERT_OK(store->commit(alerts_of_all_sorts()));
  for (const AlertCase& row : alert_cases) {
    AlertFilter filter;
    row.set(filter);
    EXPECT_EQ(ids(store->alerts(filter, noon)), row.found) << row.sentence;
  }
}

TEST_P(AlertFilterTest, EqualTimesAreOrderedById) {
  ASSERT_OK(store->commit(batch({alert(2), alert(3), alert(1)})));
  EXPECT_EQ(ids(store->alerts({}, noon)), (Ids{3, 2, 1}));
}

TEST_P(AlertFilterTest, DecisionsAndEventsCanBeLeftOut) {
  Alert made = alert(1, {ban(1, "203.0.113.7")});
  made.events = {{"2026-11-24T18:00:00Z", {{"k", "v"}}}};
  ASSERT_OK(store->commit(batch({made})));
  AlertFilter filter;
  EXPECT_EQ(store->alerts(filter, noon)->front().decisions.size(), 1u);
  EXPECT_EQ(store->alerts(filter, noon)->front().events.size(), 1u);
  filter.with_decisions = filter.with_events = false;
  EXPECT_TRUE(store->alerts(filter, noon)->front().decisions.empty());
  EXPECT_TRUE(store->alerts(filter, noon)->front().events.empty());
}

}  // namespace testudo::store_test
