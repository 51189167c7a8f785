// The same prefix from several origins with different ends, remediations and terms: the most severe in force
// holds, the next takes over when it ends; nothing is lifted early, nothing is made longer.
#include "decide/active.h"
#include "support.h"

namespace testudo {
namespace {

const TimePoint noon = from_unix_seconds(1'800'000'000);
using Op = DecisionChange::Op;

const std::string kAddress = "192.0.2.1";

Decision given(int64_t id, const std::string& type, TimePoint until, const std::string& params = "",
               const std::string& origin = "crowdsec") {
  Decision decision = decision_of(id, kAddress, until, type);
  decision.params = params;
  decision.origin = origin;
  return decision;
}

/// A kernel with no daemon: what it holds of a prefix at a time, by the last change alone.
struct DeadKernel {
  std::optional<DecisionChange> entry;
  void take(const ActiveIndex::Changes& changes) {
    for (const DecisionChange& change : changes)
      entry = change.op == Op::set ? std::optional(change) : std::nullopt;
  }
  /// What happens to a packet of this protocol to this port.
  Remediation verdict(TimePoint at, uint8_t protocol, uint16_t port) const {
    if (!entry) return Remediation::none;
    const auto fits = [&](const Terms& t, TimePoint until) {
      return at < until && (t.protocol == 0 || t.protocol == protocol) &&
             (t.port_last == 0 || (t.port_first <= port && port <= t.port_last));
    };
    if (entry->remediation != Remediation::captcha && fits(entry->terms, entry->until))
      return entry->remediation;
    if (entry->next && fits(entry->next->terms, entry->next->until)) return entry->next->remediation;
    return Remediation::none;
  }
};

TEST(Successor, OutlivesTheStrongest) {
  ActiveIndex index;
  ActiveIndex::Changes changes;
  index.add(given(1, "throttle", noon + 8h, R"({"rate":"10/s"})", "lists"), changes);
  index.add(given(2, "ban", noon + 1h, "", "cscli"), changes);
  const DecisionChange& last = changes.back();
  EXPECT_EQ(last.remediation, Remediation::ban);
  EXPECT_EQ(last.origin, "cscli");
  ASSERT_TRUE(last.next);
  EXPECT_EQ(last.next->remediation, Remediation::throttle);
  EXPECT_EQ(last.next->until, noon + 8h);
  EXPECT_EQ(last.next->origin, "lists");
  EXPECT_EQ(last.next->terms.rate, 10u);
}

TEST(Successor, IsNotNeededWhereTheStrongestLastsLonger) {
  ActiveIndex index;
  ActiveIndex::Changes changes;
  index.add(given(1, "ban", noon + 8h), changes);
  index.add(given(2, "ban", noon + 1h), changes);
  index.add(given(3, "throttle", noon + 4h), changes);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_FALSE(index.projection(prefix(kAddress))->next);
}

TEST(Successor, HoldsWhereANarrowBanDoesNot) {
  ActiveIndex index;
  ActiveIndex::Changes changes;
  index.add(given(1, "throttle", noon + 1h, R"({"rate":"10/s"})"), changes);
  index.add(given(2, "ban", noon + 4h, R"({"protocol":"tcp","ports":"22"})"), changes);
  DeadKernel kernel;
  kernel.take(changes);
  EXPECT_EQ(kernel.verdict(noon, 6, 22), Remediation::ban);
  EXPECT_EQ(kernel.verdict(noon, 6, 80), Remediation::throttle);
  EXPECT_EQ(kernel.verdict(noon + 2h, 6, 80), Remediation::none);
  EXPECT_EQ(kernel.verdict(noon + 2h, 6, 22), Remediation::ban);
}

TEST(Successor, ANarrowBanGivesWayToAWideOneHoweverLongItLasts) {
  ActiveIndex index;
  ActiveIndex::Changes changes;
  index.add(given(1, "ban", noon + 8h, R"({"protocol":"tcp"})"), changes);
  index.add(given(2, "ban", noon + 1h), changes);
  DeadKernel kernel;
  kernel.take(changes);
  EXPECT_EQ(kernel.verdict(noon, 17, 53), Remediation::ban);
  EXPECT_EQ(kernel.verdict(noon + 2h, 17, 53), Remediation::none);
  EXPECT_EQ(kernel.verdict(noon + 2h, 6, 22), Remediation::ban);
}

TEST(Successor, ACaptchaTakesNoPlaceFromWhatTheKernelCanDo) {
  ActiveIndex index;
  ActiveIndex::Changes changes;
  index.add(given(1, "captcha", noon + 4h), changes);
  EXPECT_EQ(changes.back().remediation, Remediation::captcha);
  index.add(given(2, "throttle", noon + 1h, R"({"rate":"10/s"})"), changes);
  EXPECT_EQ(changes.back().remediation, Remediation::throttle);
  index.add(given(3, "ban", noon + 1h, R"({"ports":"22"})"), changes);
  EXPECT_EQ(changes.back().remediation, Remediation::ban);
  EXPECT_EQ(changes.back().next->remediation, Remediation::throttle);
}

TEST(Successor, AChangeOfItAloneIsTold) {
  ActiveIndex index;
  ActiveIndex::Changes changes;
  index.add(given(1, "ban", noon + 1h), changes);
  changes.clear();
  index.add(given(2, "throttle", noon + 4h), changes);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].remediation, Remediation::ban);
  ASSERT_TRUE(changes[0].next);
  changes.clear();
  index.remove(2, changes);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].op, Op::set);
  EXPECT_FALSE(changes[0].next);
}

TEST(Successor, TheSameDecisionAgainChangesNothing) {
  ActiveIndex index;
  ActiveIndex::Changes changes;
  index.add(given(1, "ban", noon + 1h), changes);
  index.add(given(2, "throttle", noon + 4h), changes);
  changes.clear();
  index.add(given(3, "ban", noon + 1h, "", "cscli"), changes);
  index.add(given(4, "throttle", noon + 4h, "", "cscli"), changes);
  EXPECT_TRUE(changes.empty());
}

// Five origins, their ends and remediations by lot; every minute the kernel does what the strongest that is
// in force says, with the daemon alive. Dead from some moment on, it never does more than was decided, and
// holds what its two slots can hold.
TEST(Successor, FiveOriginsAgreeWithTheStrongestInForceAtEveryMinute) {
  const struct {
    const char* type;
    const char* params;
  } kinds[] = {{"ban", ""},
               {"ban", R"({"protocol":"tcp","ports":"22"})"},
               {"throttle", R"({"rate":"10/s"})"},
               {"throttle", R"({"rate":"99/s","protocol":"udp"})"},
               {"captcha", ""},
               {"log-only", ""},
               {"ban", R"({"reject":true})"}};
  const char* origins[] = {"crowdsec", "cscli", "CAPI", "lists", "cscli-import"};
  uint64_t seed = 7;
  const auto roll = [&](uint64_t n) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (seed >> 33) % n;
  };
  for (int round = 0; round < 300; ++round) {
    ActiveIndex index;
    ActiveIndex::Changes changes;
    std::vector<Decision> all;
    DeadKernel alive;
    for (int64_t id = 1; id <= 5; ++id) {
      const auto& kind = kinds[roll(std::size(kinds))];
      all.push_back(
          given(id, kind.type, noon + std::chrono::minutes(1 + int(roll(20))), kind.params, origins[id - 1]));
      index.add(all.back(), changes);
      alive.take(changes);
      changes.clear();
    }
    const DeadKernel dead = alive;
    for (int minute = 0; minute <= 21; ++minute) {
      const TimePoint at = noon + std::chrono::minutes(minute);
      index.expire(at, changes);
      ASSERT_LE(changes.size(), 1u) << "one change, or `next` alone";
      alive.take(changes);
      changes.clear();
      for (const auto& [protocol, port] : {std::pair<uint8_t, uint16_t>{6, 22}, {6, 80}, {17, 53}}) {
        int wanted = 0, slots = 0;
        for (const Decision& d : all) {
          const Effect effect = *effect_of(d.type, d.params, false);
          if (d.until <= at) continue;
          slots += effect.terms.narrow();
          if (effect.terms.protocol != 0 && effect.terms.protocol != protocol) continue;
          if (effect.terms.port_last != 0 && effect.terms.port_last != port) continue;
          if (effect.remediation == Remediation::captcha) continue;  // not the kernel's
          wanted = std::max(wanted, severity(effect.remediation));
        }
        const auto strength = [](Remediation r) { return r == Remediation::captcha ? 0 : severity(r); };
        const int now = strength(alive.verdict(at, protocol, port));
        const int without_daemon = strength(dead.verdict(at, protocol, port));
        EXPECT_LE(now, wanted) << "round " << round << " minute " << minute << " longer than decided";
        EXPECT_LE(without_daemon, wanted) << "round " << round << " minute " << minute;
        // Two that are narrow fill both slots; then what is wide waits, which active.h says.
        if (slots < 2) {
          EXPECT_EQ(now, wanted) << "round " << round << " minute " << minute << " lifted early";
        }
      }
    }
    EXPECT_FALSE(alive.entry) << "everything has ended";
  }
}

}  // namespace
}  // namespace testudo
