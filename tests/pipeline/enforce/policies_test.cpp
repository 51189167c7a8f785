#include "enforce/policies.h"

#include <gtest/gtest.h>

namespace testudo {
namespace {

TEST(Policies, TheSameThreeAreTheSameRow) {
  Policies policies;
  const auto first = policies.row_of("crowdsec", "crowdsecurity/ssh-bf", Remediation::ban);
  EXPECT_TRUE(first.fresh);
  EXPECT_GE(first.row, TESTUDO_POLICIES_SHARED);
  const auto again = policies.row_of("crowdsec", "crowdsecurity/ssh-bf", Remediation::ban);
  EXPECT_FALSE(again.fresh);
  EXPECT_EQ(again.row, first.row);
  EXPECT_NE(policies.row_of("lists", "crowdsecurity/ssh-bf", Remediation::ban).row, first.row);
  EXPECT_NE(policies.row_of("crowdsec", "crowdsecurity/ssh-slow-bf", Remediation::ban).row, first.row);
  EXPECT_NE(policies.row_of("crowdsec", "crowdsecurity/ssh-bf", Remediation::log_only).row, first.row);
}

TEST(Policies, BordersBetweenOriginAndScenarioDoNotBlur) {
  Policies policies;
  EXPECT_NE(policies.row_of("ab", "c", Remediation::ban).row,
            policies.row_of("a", "bc", Remediation::ban).row);
}

TEST(Policies, ARunLaterGivesTheSameRows) {
  Policies first, second;
  const auto ssh = first.row_of("crowdsec", "ssh", Remediation::ban).row;
  const auto web = first.row_of("crowdsec", "web", Remediation::ban).row;
  for (uint32_t row = 0; row < first.size(); ++row) second.adopt(row, Policies::text_of(*first.at(row)));
  EXPECT_EQ(second.row_of("crowdsec", "web", Remediation::ban).row, web);
  EXPECT_EQ(second.row_of("crowdsec", "ssh", Remediation::ban).row, ssh);
  EXPECT_TRUE(second.row_of("crowdsec", "new", Remediation::ban).fresh);
}

TEST(Policies, WhenRowsRunOutTheLabelIsLostButNotTheRemediation) {
  Policies policies;
  for (int i = 0; i < TESTUDO_POLICIES; ++i) policies.row_of("o", std::to_string(i), Remediation::ban);
  EXPECT_EQ(policies.size(), uint32_t(TESTUDO_POLICIES));
  const auto late = policies.row_of("o", "late", Remediation::log_only);
  EXPECT_FALSE(late.fresh);
  EXPECT_EQ(policies.at(late.row)->remediation, Remediation::log_only);
  EXPECT_EQ(policies.at(late.row)->scenario, "other");
}

TEST(Policies, LongTextsAreCutAndStayOneRow) {
  Policies policies;
  const std::string longer(5000, 's');
  const auto first = policies.row_of("lists", longer, Remediation::ban);
  EXPECT_EQ(policies.row_of("lists", longer + "more", Remediation::ban).row, first.row);
  const policy_text text = Policies::text_of(*policies.at(first.row));
  EXPECT_EQ(Policies::policy_of(text).scenario, std::string(sizeof text.scenario - 1, 's'));
}

TEST(Policies, TextThatSomebodyDamagedIsReadWithinItsBounds) {
  policy_text text;
  std::memset(&text, 'x', sizeof text);
  const Policy policy = Policies::policy_of(text);
  EXPECT_EQ(policy.origin.size(), sizeof text.origin);
  EXPECT_EQ(policy.remediation, Remediation::log_only);
}

}  // namespace
}  // namespace testudo
