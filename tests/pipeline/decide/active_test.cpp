#include "decide/active.h"

#include "support.h"

namespace testudo {
namespace {

const TimePoint noon = from_unix_seconds(1'800'000'000);
using Op = DecisionChange::Op;

struct Fixture : testing::Test {
  ActiveIndex index;
  ActiveIndex::Changes changes;
  void add(Decision decision) {
    changes.clear();
    index.add(decision, changes);
  }
  void remove(int64_t id) {
    changes.clear();
    index.remove(id, changes);
  }
  void expire(TimePoint at) {
    changes.clear();
    index.expire(at, changes);
  }
};
using ActiveIndexTest = Fixture;

TEST_F(ActiveIndexTest, AFirstBanIsProjected) {
  add(decision_of(1, "192.0.2.1", noon + 4h));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].op, Op::set);
  EXPECT_EQ(changes[0].prefix, prefix("192.0.2.1"));
  EXPECT_EQ(changes[0].until, noon + 4h);
}

TEST_F(ActiveIndexTest, TheEndOfAShorterBanDoesNotLiftTheLonger) {
  add(decision_of(1, "192.0.2.1", noon + 4h));
  add(decision_of(2, "192.0.2.1", noon + 1h));
  EXPECT_TRUE(changes.empty());
  expire(noon + 1h);
  EXPECT_TRUE(changes.empty());
  EXPECT_EQ(index.projection(prefix("192.0.2.1"))->until, noon + 4h);
}

TEST_F(ActiveIndexTest, ALongerBanMovesTheEnd) {
  add(decision_of(1, "192.0.2.1", noon + 1h));
  add(decision_of(2, "192.0.2.1", noon + 4h));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].op, Op::set);
  EXPECT_EQ(changes[0].until, noon + 4h);
}

TEST_F(ActiveIndexTest, WhenTheLongerIsLiftedTheShorterRemains) {
  add(decision_of(1, "192.0.2.1", noon + 1h));
  add(decision_of(2, "192.0.2.1", noon + 4h));
  remove(2);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].op, Op::set);
  EXPECT_EQ(changes[0].until, noon + 1h);
  remove(1);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].op, Op::clear);
}

TEST_F(ActiveIndexTest, TheStrongestRemediationWinsAndWhatRemainsFollows) {
  add(decision_of(1, "192.0.2.1", noon + 4h, "throttle"));
  EXPECT_EQ(changes.at(0).remediation, Remediation::throttle);
  add(decision_of(2, "192.0.2.1", noon + 1h, "ban"));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].remediation, Remediation::ban);
  EXPECT_EQ(changes[0].until, noon + 1h);
  add(decision_of(3, "192.0.2.1", noon + 9h, "sample"));
  EXPECT_TRUE(changes.empty());
  expire(noon + 1h);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].op, Op::set);
  EXPECT_EQ(changes[0].remediation, Remediation::throttle);
  EXPECT_EQ(changes[0].until, noon + 4h);
}

TEST_F(ActiveIndexTest, TypesThatNoKernelKnowsNeverProject) {
  add(decision_of(2, "192.0.2.1", noon + 4h, "mfa"));
  EXPECT_TRUE(changes.empty());
  EXPECT_FALSE(index.projection(prefix("192.0.2.1")));
  EXPECT_EQ(index.size(), 1u);
  expire(noon + 5h);
  EXPECT_TRUE(changes.empty());
  EXPECT_EQ(index.size(), 0u);
}

TEST_F(ActiveIndexTest, ASimulatedBanIsTriedDryAndGivesWayToAnythingMeant) {
  Decision simulated = decision_of(1, "192.0.2.1", noon + 9h);
  simulated.simulated = true;
  add(simulated);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].remediation, Remediation::log_only);
  add(decision_of(2, "192.0.2.1", noon + 1h, "log-only"));
  ASSERT_EQ(changes.size(), 1u) << "what is meant goes before what is simulated";
  EXPECT_EQ(changes[0].until, noon + 1h);
  ASSERT_TRUE(changes[0].next);
  EXPECT_EQ(changes[0].next->until, noon + 9h);
  add(decision_of(3, "192.0.2.1", noon + 1h, "sample"));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].remediation, Remediation::sample);
}

TEST_F(ActiveIndexTest, OtherSimulatedDecisionsDoNothing) {
  for (const char* type : {"throttle", "captcha", "sample", "log-only", "mfa"}) {
    Decision simulated = decision_of(int64_t(index.size()) + 1, "192.0.2.1", noon + 4h, type);
    simulated.simulated = true;
    add(simulated);
    EXPECT_TRUE(changes.empty()) << type;
  }
}

TEST_F(ActiveIndexTest, PrefixesOfOneAddressAreApart) {
  add(decision_of(1, "192.0.2.0/24", noon + 4h));
  add(decision_of(2, "192.0.2.1", noon + 1h));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].prefix, prefix("192.0.2.1"));
  EXPECT_EQ(index.covering(prefix("192.0.2.1")).size(), 2u);
  EXPECT_EQ(index.covering(prefix("192.0.2.2")).size(), 1u);
  EXPECT_EQ(index.touching(prefix("192.0.0.0/16")).size(), 2u);
  EXPECT_TRUE(index.touching(prefix("192.0.3.0/24")).empty());
}

TEST_F(ActiveIndexTest, SeveralThatEndTogetherAreOneChange) {
  add(decision_of(1, "192.0.2.1", noon + 1h));
  add(decision_of(2, "192.0.2.1", noon + 2h));
  expire(noon + 2h);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].op, Op::clear);
}

TEST_F(ActiveIndexTest, CountsActiveDecisionsByOriginScenarioAndType) {
  const auto counts = index.counts();
  add(decision_of(1, "192.0.2.1", noon + 1h));
  add(decision_of(2, "192.0.2.2", noon + 1h));
  EXPECT_EQ(counts->snapshot().at({"crowdsec", "test/ssh-bf", "ban"}), 2);
  expire(noon + 1h);
  EXPECT_TRUE(counts->snapshot().empty());
}

TEST_F(ActiveIndexTest, ValuesThatAreNoAddressAreFoundByText) {
  Decision country = decision_of(1, "FR", noon + 1h);
  country.scope = "Country";
  add(country);
  EXPECT_TRUE(changes.empty());
  EXPECT_EQ(index.by_value("FR").size(), 1u);
  remove(1);
  EXPECT_TRUE(index.by_value("FR").empty());
}

struct FilterCase {
  const char* sentence;
  DecisionFilter filter;
  size_t found;
};

TEST_F(ActiveIndexTest, FiltersAsTheApiAsks) {
  add(decision_of(1, "192.0.2.1", noon + 1h));
  add(decision_of(2, "192.0.2.0/24", noon + 1h, "captcha"));
  Decision other = decision_of(3, "2001:db8::1", noon + 1h);
  other.scenario = "test/http-probing";
  other.origin = "cscli";
  add(other);
  Decision simulated = decision_of(4, "192.0.2.9", noon + 1h);
  simulated.simulated = true;
  add(simulated);
  DecisionFilter none, range, inside, scope, origin, type, containing, without, with_simulated, one;
  range.range = prefix("192.0.2.1");
  inside.range = prefix("192.0.0.0/16");
  inside.contains = false;
  scope.scopes = {"range"};
  origin.origins = {"cscli", "CAPI"};
  type.type = "captcha";
  containing.scenarios_containing = {"PROBING"};
  without.scenarios_not_containing = {"ssh"};
  with_simulated.include_simulated = true;
  one.limit = 1;
  const FilterCase cases[] = {
      {"no condition: all but simulated ones", none, 3},
      {"covering an address", range, 2},
      {"inside a range", inside, 2},
      {"scope, in any case", scope, 1},
      {"one of the origins", origin, 1},
      {"type", type, 1},
      {"part of the scenario, in any case", containing, 1},
      {"not part of the scenario", without, 1},
      {"simulated ones included", with_simulated, 4},
      {"a limit", one, 1},
  };
  for (const FilterCase& c : cases) EXPECT_EQ(index.find(c.filter).size(), c.found) << c.sentence;
}

// The index against a slow and obvious model: what is projected is the maximum over what is active.
TEST_F(ActiveIndexTest, AgreesWithAModelUnderRandomWork) {
  std::map<int64_t, Decision> model;
  std::map<Prefix, DecisionChange> kernel;
  uint64_t seed = 42;
  const auto roll = [&](uint64_t n) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (seed >> 33) % n;
  };
  const std::vector<std::string> values{"192.0.2.1", "192.0.2.2", "192.0.2.0/24", "2001:db8::/64"};
  const std::vector<std::string> types{"ban", "captcha", "throttle", "mfa"};
  TimePoint clock = noon;
  for (int64_t step = 1; step < 4000; ++step) {
    changes.clear();
    const uint64_t what = roll(10);
    if (what < 6) {
      Decision d = decision_of(step, values[roll(4)], clock + std::chrono::minutes(1 + int(roll(100))),
                               types[roll(4)]);
      d.simulated = roll(5) == 0;
      index.add(d, changes);
      model[d.id] = d;
    } else if (what < 8 && !model.empty()) {
      const auto it = std::next(model.begin(), long(roll(model.size())));
      index.remove(it->first, changes);
      model.erase(it);
    } else {
      clock += std::chrono::minutes(roll(10));
      index.expire(clock, changes);
      std::erase_if(model, [&](const auto& row) { return row.second.until <= clock; });
    }
    for (const DecisionChange& change : changes) {
      if (change.op == Op::set)
        kernel[change.prefix] = change;
      else
        kernel.erase(change.prefix);
    }
    for (const std::string& value : values) {
      int best = 0;
      TimePoint until{};
      for (const auto& [id, d] : model) {
        if (d.prefix != Prefix::parse(value)) continue;
        // A simulated ban before a captcha, which is nothing to the kernel, and all else before them.
        const int s = d.simulated           ? (d.type == "ban" ? 2 : 0)
                      : d.type == "captcha" ? 1
                                            : 4 * severity(remediation_of(d.type));
        if (s == 0 || s < best) continue;
        until = s > best ? d.until : std::max(until, d.until);
        best = s;
      }
      const auto it = kernel.find(prefix(value));
      ASSERT_EQ(best != 0, it != kernel.end()) << value << " at step " << step;
      if (best == 0) continue;
      const int told = severity(it->second.remediation);
      ASSERT_EQ(told, best == 1 ? severity(Remediation::captcha) : best == 2 ? 1 : best / 4) << step;
      ASSERT_EQ(it->second.until, until) << value << " at step " << step;
    }
  }
}

}  // namespace
}  // namespace testudo
