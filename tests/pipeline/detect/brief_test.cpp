// Who wants the heads of alerts alone gets the same heads, though nothing is kept that nobody reads.
#include "pipeline/detect/rig.h"

namespace testudo::detect {
namespace {

std::string scenario(const std::string& name, const std::string& rest) {
  return "name: me/" + name + "\ndescription: d\nfilter: evt.Meta.kind == 'x'\n" + rest;
}
const std::string kBySource = "groupby: evt.Meta.source_ip\n";
const std::string kPulse =
    "type: conditional\ncapacity: -1\nleakspeed: 90s\ncondition: \"let a = filter(queue.Queue, {#.Meta.user "
    "== "
    "'b'}); len(a) >= 3 && MedianInterval(map(a[-3:], {#.Time})) > duration('2s')\"\n";
const std::string kContent =
    scenario("plain", kBySource + "type: leaky\ncapacity: 3\nleakspeed: 3s\nblackhole: 5s\n") + "---\n" +
    scenario("distinct", kBySource + "type: leaky\ncapacity: 2\nleakspeed: 9s\ndistinct: evt.Meta.user\n") +
    "---\n" + scenario("pulse", kBySource + kPulse) + "---\n" +
    scenario("cancelled", kBySource + "cancel_on: evt.Meta.user == 'c'\n" + kPulse) + "---\n" +
    scenario("site",
             "groupby: evt.Meta.source_ip + '/' + evt.Parsed.site\ntype: leaky\ncapacity: "
             "2\nleakspeed: 7s\n") +
    "---\n" +
    scenario("range",
             "groupby: evt.Meta.SourceRange\nscope: {type: Range}\ntype: leaky\ncapacity: "
             "4\nleakspeed: 3s\n") +
    "---\n" + scenario("all", "type: leaky\ncapacity: 6\nleakspeed: 1s\n") + "---\n" +
    scenario("user", kBySource +
                         "scope: {type: user, expression: evt.Meta.user}\ntype: leaky\ncapacity: "
                         "4\nleakspeed: 3s\n") +
    "---\n" +
    scenario("queue", kBySource +
                          "type: leaky\ncapacity: 6\nleakspeed: 30s\noverflow_filter: "
                          "any(queue.Queue, {.Meta.user == 'c'})\n") +
    "---\n" + scenario("trigger", kBySource + "type: trigger\nblackhole: 4s\n");

std::string head(const Alert& a) {
  return a.scenario + " " + a.source.scope + ":" + a.source.value + " " + a.source.ip + " " + a.source.range +
         " " + a.source.as_name + " " + std::to_string(a.events_count) + " " + a.start_text + " " +
         a.stop_text + (a.ambiguous ? " marked" : "");
}

ShardOptions brief() {
  ShardOptions options = Rig::fixed();
  options.brief = true;
  return options;
}

struct Random {
  uint64_t state;
  uint64_t operator()(uint64_t n) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33) % n;
  }
};

TEST(Brief, GivesTheHeadsOfTheFullAlerts) {
  Rig full(kContent), heads(kContent, "", brief());
  Random next{5};
  double t = 0;
  std::map<std::string, int> seen;
  for (int i = 0; i < 20'000; ++i) {
    t += next(30) == 0 ? -double(next(20)) : next(60) == 0 ? double(next(200)) : double(next(5)) / 2;
    Rig::Fields meta =
        from("192.0.2." + std::to_string(next(5)), {{"user", std::string(1, char('a' + next(3)))}});
    // Not an address, or a range that is none: such an event spoils the alert of each bucket that holds it.
    if (next(40) == 0) meta["source_ip"] = next(2) ? "somewhere" : "192.0.2.1/a";
    if (next(3) == 0) meta["SourceRange"] = next(20) == 0 ? "192.0.2.0/99" : "192.0.2.0/24";
    const Rig::Fields parsed{{"site", next(2) ? "a" : "b"}};
    const bool marked = next(4) == 0;
    std::vector<std::string> expected, got;
    for (Rig* rig : {&full, &heads}) {
      rig->make(t, meta, parsed);
      rig->run(t, marked);
      for (const Emitted& one : rig->emitted_)
        for (const Alert& alert : one.overflow.alerts) {
          (rig == &full ? expected : got).push_back(head(alert));
          EXPECT_EQ(alert.events.empty() && alert.message.empty(), rig == &heads);
          ++seen[alert.scenario];
        }
    }
    ASSERT_EQ(got, expected) << "event " << i;
  }
  EXPECT_EQ(seen.size(), 10u) << "each scenario had its alerts";
  for (const auto& [name, count] : seen) EXPECT_GT(count, 50) << name;
  EXPECT_EQ(full.counters().no_source, heads.counters().no_source);
  EXPECT_LT(heads.shards_.bytes(), full.shards_.bytes());
}

TEST(Brief, ShowsWhatIsReadOfEventsAndHowManyThereWere) {
  const auto rig = [](bool short_alerts) {
    ShardOptions options = Rig::fixed();
    options.brief = short_alerts;
    const auto tell = [](ScenarioSet& set) {
      set.later.add("all(evt.Overflow.Alert.Events, {.GetMeta('exe') == '/bin/x'})");
    };
    return std::make_unique<Rig>(kContent, "", options, tell);
  };
  const auto full = rig(false), heads = rig(true);
  Random next{8};
  size_t with = 0, without = 0;
  for (int i = 0; i < 6000; ++i) {
    const double t = i * 0.5;
    Rig::Fields meta =
        from("192.0.2." + std::to_string(next(9)), {{"user", std::string(1, char('a' + next(3)))}});
    if (next(6) == 0) meta["exe"] = "/bin/" + std::to_string(next(3));
    const auto expected = full->pour(t, meta), got = heads->pour(t, meta);
    ASSERT_EQ(got.size(), expected.size());
    for (size_t a = 0; a < got.size(); ++a) {
      ASSERT_EQ(head(got[a]), head(expected[a]));
      ASSERT_EQ(got[a].events.size(), expected[a].events.size()) << got[a].scenario;
      for (size_t e = 0; e < got[a].events.size(); ++e) {
        const std::string *one = got[a].events[e].find("exe"), *other = expected[a].events[e].find("exe");
        ASSERT_EQ(one ? *one : "", other ? *other : "") << got[a].scenario << " event " << e;
        ++(one ? with : without);
      }
    }
  }
  EXPECT_GT(with, 500u);
  EXPECT_GT(without, 500u);
}

TEST(Brief, TurnsFullWhereContentMayReadAnything) {
  ShardOptions options = brief();
  Rig rig(kContent, "", options,
          [](ScenarioSet& set) { set.later.add("len(evt.Overflow.Alert.Events) > 2"); });
  for (int i = 0; i < 3; ++i) rig.pour(i * 0.1, from("192.0.2.1", {{"user", "a"}}));
  const auto alerts = rig.pour(0.3, from("192.0.2.1", {{"user", "a"}}));
  ASSERT_FALSE(alerts.empty());
  EXPECT_EQ(alerts[0].events.size(), 4u);
  EXPECT_FALSE(alerts[0].message.empty());
}

TEST(Pulse, CountsTheEventsThatTheQueueStillHolds) {
  // Of a queue without bound the last thousand are kept: what counts and is older counts no more.
  const std::string yaml = kBySource +
                           "type: conditional\nname: me/c\ndescription: d\nfilter: evt.Meta.kind == "
                           "'x'\ncapacity: -1\nleakspeed: 1h\ncondition: \"let a = "
                           "filter(queue.Queue, {#.Meta.user == 'b'}); len(a) >= 2\"\n";
  for (const bool short_alerts : {false, true}) {
    for (const int between : {998, 999}) {
      ShardOptions options = Rig::fixed();
      options.brief = short_alerts;
      Rig rig(yaml, "", options);
      rig.pour(0, from("192.0.2.1", {{"user", "b"}}));
      for (int i = 0; i < between; ++i) rig.pour(0.1, from("192.0.2.1", {{"user", "a"}}));
      EXPECT_EQ(rig.pour(0.2, from("192.0.2.1", {{"user", "b"}})).size(), between == 998 ? 1u : 0u);
    }
  }
}

}  // namespace
}  // namespace testudo::detect
