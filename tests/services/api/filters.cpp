#include "api/filters.h"

#include <gtest/gtest.h>

#include "net/url.h"
#include "services/api/samples.h"

namespace testudo {
namespace {

using samples::noon;

Result<AlertQuery> alerts(std::string_view query) { return alert_query(*parse_query(query), noon); }
Result<DecisionQuery> decisions(std::string_view query) { return decision_query(*parse_query(query)); }

TEST(AlertQuery, DefaultsToTheNewestHundredOfEverything) {
  const auto query = alerts("");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->filter.limit, 100);
  EXPECT_FALSE(query->filter.ascending);
  EXPECT_TRUE(query->filter.include_capi);
  EXPECT_FALSE(query->filter.simulated);
  EXPECT_FALSE(query->filter.has_active_decision);
}

TEST(AlertQuery, ReadsEveryParameter) {
  const auto query = alerts(
      "scope=ip&value=192.0.2.1&scenario=s&ip=192.0.2.1&contains=0&since=7d&until=1h30m&created_before=1h&"
      "simulated=false"
      "&has_active_decision=T&decision_type=ban&include_capi=false&kind=cscli&limit=0&sort=ASC&with_"
      "decisions=false");
  ASSERT_TRUE(query) << query.error().text();
  const AlertFilter& f = query->filter;
  EXPECT_EQ(f.scope, "Ip");
  EXPECT_EQ(f.value, "192.0.2.1");
  EXPECT_EQ(f.scenario, "s");
  EXPECT_EQ(f.range, Prefix::parse("192.0.2.1"));
  EXPECT_FALSE(f.contains);
  EXPECT_EQ(f.since, noon - 168h);
  EXPECT_EQ(f.until, noon - 90min);
  EXPECT_EQ(query->created_before, noon - 1h);
  EXPECT_EQ(f.simulated, false);
  EXPECT_EQ(f.has_active_decision, true);
  EXPECT_EQ(f.decision_type, "ban");
  EXPECT_FALSE(f.include_capi);
  EXPECT_EQ(f.kind, "cscli");
  EXPECT_EQ(f.limit, 0);
  EXPECT_TRUE(f.ascending);
  EXPECT_FALSE(f.with_decisions);
}

TEST(AlertQuery, AnOriginIncludesCommunityAlertsWhateverElseIsSaid) {
  const auto query = alerts("origin=CAPI&include_capi=false");
  ASSERT_TRUE(query);
  EXPECT_TRUE(query->filter.include_capi);
}

struct BadCase {
  const char* query;
  const char* message;
};
TEST(AlertQuery, SaysWhichParameterIsWrongInTheWordsThatClientsKnow) {
  const BadCase cases[] = {
      {"nonsense=1", "Filter parameter 'nonsense' is unknown (=1): invalid filter"},
      {"since=yesterday", "while parsing duration: time: invalid duration \"yesterday\""},
      {"since=9999999h", "while parsing duration: time: invalid duration \"9999999h\""},
      {"limit=-1", "invalid limit value '-1': a number, 0 or more, is needed"},
      {"limit=99999999999", "invalid limit value '99999999999': a number, 0 or more, is needed"},
  };
  for (const BadCase& c : cases) {
    const auto query = alerts(c.query);
    ASSERT_FALSE(query) << c.query;
    EXPECT_EQ(query.error().message, c.message);
  }
  for (const char* bad :
       {"ip=x", "range=10.0.0.0/33", "contains=perhaps", "has_active_decision=maybe", "with_decisions=2"})
    EXPECT_FALSE(alerts(bad)) << bad;
}

TEST(DecisionQuery, ReadsEveryParameterAndIgnoresUnknownOnes) {
  const auto query = decisions(
      "range=198.51.100.0/"
      "24&contains=false&scopes=ip,country&scope=username&value=v&type=captcha&origins=cscli,lists"
      "&scenarios_containing=ssh,http&scenarios_not_containing=slow&simulated=true&nonsense=1");
  ASSERT_TRUE(query) << query.error().text();
  const DecisionFilter& f = query->filter;
  EXPECT_EQ(f.range, Prefix::parse("198.51.100.0/24"));
  EXPECT_FALSE(f.contains);
  EXPECT_EQ(f.scopes, (std::vector<std::string>{"Ip", "Country", "username"}));
  EXPECT_EQ(f.value, "v");
  EXPECT_EQ(f.type, "captcha");
  EXPECT_EQ(f.origins, (std::vector<std::string>{"cscli", "lists"}));
  EXPECT_EQ(f.scenarios_containing, (std::vector<std::string>{"ssh", "http"}));
  EXPECT_EQ(f.scenarios_not_containing, (std::vector<std::string>{"slow"}));
  EXPECT_TRUE(f.include_simulated);
  EXPECT_FALSE(query->paged);
}

TEST(DecisionQuery, LeavesSimulatedOnesOutUnlessAskedAndPagesById) {
  EXPECT_FALSE(decisions("")->filter.include_simulated);
  EXPECT_FALSE(decisions("simulated=false")->filter.include_simulated);
  const auto query = decisions("limit=10&offset=20&id_gt=30");
  ASSERT_TRUE(query);
  EXPECT_TRUE(query->paged);
  EXPECT_EQ(query->limit, 10);
  EXPECT_EQ(query->offset, 20);
  EXPECT_EQ(query->id_gt, 30);
}

TEST(DecisionQuery, NamesABadAddressAsCrowdSecDoes) {
  const auto query = decisions("ip=not-an-ip");
  ASSERT_FALSE(query);
  EXPECT_EQ(
      query.error().message,
      "unable to convert 'not-an-ip' to int: invalid ip address 'not-an-ip': invalid ip address / range");
}

TEST(DeletionFilter, RefusesWhatItDoesNotKnowBecauseAMisspeltFilterWouldDeleteEverything) {
  const auto wrong = deletion_filter({{"vlaue", "192.0.2.1"}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message, "'vlaue' doesn't exist: invalid filter");
  EXPECT_FALSE(deletion_filter({{"value", ""}}));
}

TEST(DeletionFilter, ReadsEveryParameterScopeInAnyCaseToo) {
  const auto filter = deletion_filter(
      *parse_query("ip=192.0.2.1&scope=ip&value=v&type=ban&origin=cscli&scenario=s&uuid=a&uuid=b"));
  ASSERT_TRUE(filter) << filter.error().text();
  EXPECT_EQ(filter->range, Prefix::parse("192.0.2.1"));
  EXPECT_TRUE(filter->contains);
  EXPECT_EQ(filter->scopes, std::vector<std::string>{"Ip"});
  EXPECT_EQ(filter->origins, std::vector<std::string>{"cscli"});
  EXPECT_EQ(filter->scenario, "s");
  EXPECT_EQ(filter->uuids, (std::vector<std::string>{"a", "b"}));
}

TEST(TargetPrefix, FoldsMappedAddressesSoThatTheyEscapeNoBan) {
  EXPECT_EQ(parse_target_prefix("::ffff:192.0.2.1"), Prefix::parse("192.0.2.1"));
  EXPECT_EQ(parse_target_prefix("::ffff:192.0.2.0/120"), Prefix::parse("192.0.2.0/24"));
  EXPECT_EQ(parse_target_prefix("2001:db8::/32"), Prefix::parse("2001:db8::/32"));
  EXPECT_EQ(parse_target_prefix("203.0.113.77/28"), Prefix::parse("203.0.113.64/28"));
  EXPECT_FALSE(parse_target_prefix("192.0.2.400"));
}

}  // namespace
}  // namespace testudo
