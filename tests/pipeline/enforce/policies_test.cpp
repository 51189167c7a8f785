#include "enforce/policies.h"

#include <gtest/gtest.h>

namespace testudo {
namespace {

policy_value plain(Remediation remediation) { return *policy_value_of(remediation, {}); }

TEST(Policies, TheSameThreeAreTheSameRow) {
  Policies policies;
  const auto first = *policies.row_of("crowdsec", "crowdsecurity/ssh-bf", plain(Remediation::ban));
  EXPECT_TRUE(first.fresh);
  EXPECT_GE(first.row, TESTUDO_POLICIES_SHARED);
  const auto again = *policies.row_of("crowdsec", "crowdsecurity/ssh-bf", plain(Remediation::ban));
  EXPECT_FALSE(again.fresh);
  EXPECT_EQ(again.row, first.row);
  EXPECT_NE(policies.row_of("lists", "crowdsecurity/ssh-bf", plain(Remediation::ban))->row, first.row);
  EXPECT_NE(policies.row_of("crowdsec", "crowdsecurity/ssh-slow-bf", plain(Remediation::ban))->row,
            first.row);
  EXPECT_NE(policies.row_of("crowdsec", "crowdsecurity/ssh-bf", plain(Remediation::log_only))->row,
            first.row);
}

TEST(Policies, OtherTermsAreAnotherRow) {
  Policies policies;
  const Terms ssh{.protocol = 6, .port_first = 22, .port_last = 22};
  const Terms web{.protocol = 6, .port_first = 80, .port_last = 443};
  const auto row = [&](Remediation remediation, const Terms& terms) {
    return policies.row_of("crowdsec", "x", *policy_value_of(remediation, terms))->row;
  };
  EXPECT_NE(row(Remediation::ban, ssh), row(Remediation::ban, web));
  EXPECT_NE(row(Remediation::ban, ssh), row(Remediation::ban, {}));
  EXPECT_NE(row(Remediation::throttle, {.rate = 1}), row(Remediation::throttle, {.rate = 2}));
  EXPECT_EQ(row(Remediation::ban, ssh), row(Remediation::ban, ssh));
}

TEST(Policies, TermsComeBackAsTheyWereGiven) {
  for (const uint64_t rate : {1ull, 7ull, 1000ull, 100'000'000'000ull}) {
    for (const uint64_t burst : {1ull, 15ull, 1'000'000ull}) {
      Terms terms{.protocol = 17, .port_first = 53, .port_last = 54, .outgoing = true};
      terms.unit = Terms::Unit::bytes;
      terms.rate = rate;
      terms.burst = burst;
      const Terms back = terms_of(*policy_value_of(Remediation::throttle, terms));
      EXPECT_NEAR(double(back.rate), double(rate), double(rate) / 1000) << rate;
      // The clock of buckets ticks sixteen times a nanosecond: so many bytes of the fastest rate.
      const double tick = double(rate) / 16e9;
      EXPECT_NEAR(double(back.burst), double(burst), 1 + tick + double(burst) / 1000) << rate << " " << burst;
      EXPECT_EQ(back.protocol, 17);
      EXPECT_EQ(back.port_last, 54);
      EXPECT_TRUE(back.outgoing);
      EXPECT_EQ(back.unit, Terms::Unit::bytes);
    }
  }
}

TEST(Policies, AThrottleWithoutARateIsRefusedWithARemedy) {
  const auto value = policy_value_of(Remediation::throttle, {});
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.error().code, Code::bad_config);
  EXPECT_NE(value.error().text().find("rate"), std::string::npos);
}

TEST(Policies, ABurstOfNothingIsASecondsWorth) {
  const policy_value value = *policy_value_of(Remediation::throttle, {.rate = 50});
  EXPECT_EQ(terms_of(value).burst, 50u);
}

TEST(Policies, BordersBetweenOriginAndScenarioDoNotBlur) {
  Policies policies;
  EXPECT_NE(policies.row_of("ab", "c", plain(Remediation::ban))->row,
            policies.row_of("a", "bc", plain(Remediation::ban))->row);
}

TEST(Policies, ARunLaterGivesTheSameRows) {
  Policies first, second;
  const auto ssh = first.row_of("crowdsec", "ssh", plain(Remediation::ban))->row;
  const auto web = first.row_of("crowdsec", "web", plain(Remediation::ban))->row;
  for (uint32_t row = 0; row < first.size(); ++row)
    second.adopt(row, Policies::text_of(*first.at(row)), first.at(row)->value);
  EXPECT_EQ(second.row_of("crowdsec", "web", plain(Remediation::ban))->row, web);
  EXPECT_EQ(second.row_of("crowdsec", "ssh", plain(Remediation::ban))->row, ssh);
  EXPECT_TRUE(second.row_of("crowdsec", "new", plain(Remediation::ban))->fresh);
}

TEST(Policies, WhenRowsRunOutTheLabelIsLostButNotWhatIsDone) {
  Policies policies;
  for (int i = 0; i < TESTUDO_POLICIES; ++i)
    ASSERT_TRUE(policies.row_of("o", std::to_string(i), plain(Remediation::ban)).ok());
  const auto late = *policies.row_of("o", "late", plain(Remediation::log_only));
  EXPECT_FALSE(late.fresh);
  EXPECT_EQ(policies.at(late.row)->remediation, Remediation::log_only);
  EXPECT_EQ(policies.at(late.row)->scenario, "other");
  const policy_value slow = *policy_value_of(Remediation::throttle, {.rate = 3});
  const auto narrow = *policies.row_of("o", "late", slow);
  EXPECT_TRUE(narrow.fresh);
  EXPECT_EQ(policies.at(narrow.row)->scenario, "other");
  EXPECT_EQ(terms_of(policies.at(narrow.row)->value).rate, 3u);
  EXPECT_EQ(policies.row_of("o", "later", slow)->row, narrow.row);
}

TEST(Policies, TermsThatFindNoRowAreRefusedRatherThanWidened) {
  Policies policies;
  for (uint16_t port = 1; port <= TESTUDO_POLICIES; ++port)
    (void)policies
        .row_of("o", "s", *policy_value_of(Remediation::ban, {.port_first = port, .port_last = port}))
        .ok();
  const auto late =
      policies.row_of("o", "s", *policy_value_of(Remediation::ban, {.port_first = 9999, .port_last = 9999}));
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, Code::too_large);
  EXPECT_LE(policies.size(), uint32_t(TESTUDO_POLICIES));
}

TEST(Policies, LongTextsAreCutAndStayOneRow) {
  Policies policies;
  const std::string longer(5000, 's');
  const auto first = *policies.row_of("lists", longer, plain(Remediation::ban));
  EXPECT_EQ(policies.row_of("lists", longer + "more", plain(Remediation::ban))->row, first.row);
  const policy_text text = Policies::text_of(*policies.at(first.row));
  EXPECT_EQ(Policies::policy_of(text, {}).scenario, std::string(sizeof text.scenario - 1, 's'));
}

TEST(Policies, TextThatSomebodyDamagedIsReadWithinItsBounds) {
  policy_text text;
  std::memset(&text, 'x', sizeof text);
  const Policy policy = Policies::policy_of(text, {});
  EXPECT_EQ(policy.origin.size(), sizeof text.origin);
  EXPECT_EQ(policy.remediation, Remediation::reset) << "the last there is";
}

}  // namespace
}  // namespace testudo
