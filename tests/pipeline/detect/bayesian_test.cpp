// Bayesian buckets (engine-spec §5.4): the posterior is computed anew from the prior at each event, in float.
#include "pipeline/detect/rig.h"

namespace testudo::detect {
namespace {

std::string bayes(const std::string& threshold, const std::string& conditions) {
  return head("bayesian") +
         "capacity: -1\nleakspeed: 1m\nbayesian_prior: 0.5\nbayesian_threshold: " + threshold +
         "\nbayesian_conditions:\n" + conditions;
}
const std::string kUser =
    " - {condition: \"evt.Meta.user == 'root'\", prob_given_evil: 0.8, prob_given_benign: 0.2}\n";
const std::string kMany =
    " - {condition: len(queue.Queue) >= 2, prob_given_evil: 0.9, prob_given_benign: 0.3}\n";

TEST(Bayesian, ComputesThePosteriorFromAllConditions) {
  // root: .8*.5/(.8*.5+.2*.5) = .8; fewer than two: .1*.8/(.1*.8+.7*.2) = .3636; two: .9*.8/(.9*.8+.3*.2) =
  // .9231
  for (const auto& [threshold, alerts] : {std::pair{"0.92", 1u}, {"0.93", 0u}}) {
    Rig rig(bayes(threshold, kUser + kMany));
    EXPECT_TRUE(rig.pour(0, from("192.0.2.1", {{"user", "root"}})).empty());
    EXPECT_EQ(rig.pour(1, from("192.0.2.1", {{"user", "root"}})).size(), alerts) << threshold;
  }
}

TEST(Bayesian, AFalseConditionSpeaksForInnocence) {
  // bob: .2*.5/(.2*.5+.8*.5) = .2; two: .9*.2/(.9*.2+.3*.8) = .4286
  for (const auto& [threshold, alerts] : {std::pair{"0.42", 1u}, {"0.43", 0u}}) {
    Rig rig(bayes(threshold, kUser + kMany));
    EXPECT_TRUE(rig.pour(0, from("192.0.2.1", {{"user", "bob"}})).empty());
    EXPECT_EQ(rig.pour(1, from("192.0.2.1", {{"user", "bob"}})).size(), alerts) << threshold;
  }
}

TEST(Bayesian, RemembersNothingButQueueAndGuillotine) {
  Rig forgets(bayes("0.9", kUser + kMany));
  forgets.pour(0, from("192.0.2.1", {{"user", "root"}}));
  EXPECT_TRUE(forgets.pour(1, from("192.0.2.1", {{"user", "bob"}})).empty());
  const std::string once =
      " - {condition: \"evt.Meta.user == 'root'\", prob_given_evil: 0.8, prob_given_benign: 0.2, guillotine: "
      "true}\n";
  Rig keeps(bayes("0.9", once + kMany));
  keeps.pour(0, from("192.0.2.1", {{"user", "root"}}));
  EXPECT_EQ(keeps.pour(1, from("192.0.2.1", {{"user", "bob"}})).size(), 1u);
}

TEST(Bayesian, AFailingConditionIsLeftOut) {
  // Only the queue speaks: .9*.5/(.9*.5+.3*.5) = .75
  const std::string bad =
      " - {condition: \"queue.Queue[9].Meta.user == 'x'\", prob_given_evil: 0.01, prob_given_benign: 0.99}\n";
  Rig rig(bayes("0.74", bad + kMany));
  rig.pour(0, from("192.0.2.1"));
  EXPECT_EQ(rig.pour(1, from("192.0.2.1")).size(), 1u);
  EXPECT_EQ(rig.counters().errors, 2u);
}

}  // namespace
}  // namespace testudo::detect
