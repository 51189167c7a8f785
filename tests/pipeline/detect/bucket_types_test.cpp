// Each type of bucket, and what ends one (engine-spec §5.1 to §5.6).
#include "pipeline/detect/rig.h"

namespace testudo::detect {
namespace {

TEST(Leaky, OverflowsAsTheSpecificationCounts) {
  // §5.3: capacity 3, leak 10 s, events at 0, 5, 14, 14, 14 s; distinct values.
  Rig rig(head("leaky") + "capacity: 3\nleakspeed: 10s\ndistinct: evt.Meta.path\n");
  size_t alerts = 0;
  int n = 0;
  for (const double t : {0., 5., 14., 14.})
    alerts += rig.pour(t, from("192.0.2.1", {{"path", std::to_string(n++)}})).size();
  EXPECT_EQ(alerts, 0u);
  const auto out = rig.pour(14, from("192.0.2.1", {{"path", "last"}}));
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].events_count, 5);
  EXPECT_EQ(out[0].events.size(), 4u);
}

TEST(Counter, OverflowsWhenItsTimeIsUpLiveAndNeverByLogTime) {
  const std::string yaml = head("counter") + "capacity: -1\nduration: 30s\n";
  Rig live(yaml);
  live.log_time = false;
  for (const double t : {0., 1., 29.}) EXPECT_TRUE(live.pour(t, from("192.0.2.1")).empty());
  EXPECT_TRUE(live.tick(29.9).empty());
  const auto out = live.tick(31);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].events_count, 3);
  EXPECT_EQ(out[0].stop_at, Rig::at(30)) << "the duration after the first event";
  EXPECT_EQ(live.shards_.buckets(), 0u);

  Rig replay(yaml);
  for (const double t : {0., 1., 29., 40., 50.}) EXPECT_TRUE(replay.pour(t, from("192.0.2.1")).empty());
  EXPECT_TRUE(replay.tick(1000).empty());
}

TEST(Counter, WhoseTickWasLateOverflowsBeforeTheNextEventCounts) {
  Rig rig(head("counter") + "capacity: -1\nduration: 30s\n");
  rig.log_time = false;
  rig.pour(0, from("192.0.2.1"));
  const auto out = rig.pour(45, from("192.0.2.1"));
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].events_count, 1);
  EXPECT_EQ(rig.tick(75.5).size(), 1u) << "the next one began at 45";
}

TEST(Conditional, OverflowsWhenItsConditionHoldsAndTheQueueHoldsTheCurrentEvent) {
  Rig rig(head("conditional") +
          "capacity: -1\nleakspeed: 10s\ncondition: \"len(queue.Queue) >= 2 and queue.Queue[-1].Meta.user == "
          "'root'\"\n");
  EXPECT_TRUE(rig.pour(0, from("192.0.2.1", {{"user", "root"}})).empty());
  EXPECT_TRUE(rig.pour(1, from("192.0.2.1", {{"user", "bob"}})).empty());
  const auto out = rig.pour(2, from("192.0.2.1", {{"user", "root"}}));
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].events.size(), 3u);
  EXPECT_EQ(out[0].leakspeed, "10s");
}

TEST(Conditional, IsForgottenAfterItsLeakspeed) {
  Rig rig(head("conditional") + "capacity: -1\nleakspeed: 10s\ncondition: len(queue.Queue) >= 2\n");
  rig.pour(0, from("192.0.2.1"));
  EXPECT_TRUE(rig.pour(10.5, from("192.0.2.1")).empty());
  EXPECT_EQ(rig.pour(20.5, from("192.0.2.1")).size(), 1u) << "exactly the leakspeed later is in time";
}

TEST(Condition, OfALeakyBucketIsAnotherTriggerAndNoGate) {
  Rig rig(head("leaky") + "capacity: 2\nleakspeed: 10s\ncondition: evt.Meta.user == 'root'\n");
  EXPECT_EQ(rig.pour(0, from("192.0.2.1", {{"user", "root"}})).size(), 1u);
  EXPECT_TRUE(rig.pour(1, from("192.0.2.2")).empty());
  EXPECT_TRUE(rig.pour(1, from("192.0.2.2")).empty());
  EXPECT_EQ(rig.pour(1, from("192.0.2.2")).size(), 1u) << "by its level";
}

TEST(Condition, ThatFailsOverflowsNothing) {
  // Coordinates are "" here: Distance fails.
  Rig rig(
      head("leaky") +
      "capacity: 5\nleakspeed: 10s\ncondition: Distance(queue.Queue[-1].Parsed.lat, '1', '2', '3') > 0\n");
  EXPECT_TRUE(rig.pour(0, from("192.0.2.1")).empty());
  EXPECT_EQ(rig.counters().errors, 1u);
}

TEST(Condition, SeesTheBucket) {
  Rig rig(head("leaky") +
          "capacity: 5\nleakspeed: 10s\ncondition: leaky.Total_count == 2 && leaky.Last_ts - leaky.First_ts "
          "== duration('3s') && leaky.Queue.Queue[0].Parsed.a == 'first'\n");
  EXPECT_TRUE(rig.pour(0, from("192.0.2.1"), {{"a", "first"}}).empty());
  EXPECT_EQ(rig.pour(3, from("192.0.2.1")).size(), 1u);
}

TEST(CancelOn, DropsTheBucketAndDoesNotPourTheEvent) {
  for (const char* cancel : {"evt.Meta.user == 'me'", "len(queue.Queue) < 100 && evt.Meta.user == 'me'"}) {
    Rig rig(head("leaky") + "capacity: 1\nleakspeed: 10s\ncancel_on: \"" + cancel + "\"\n");
    EXPECT_TRUE(rig.pour(0, from("192.0.2.1")).empty());
    EXPECT_TRUE(rig.pour(1, from("192.0.2.1", {{"user", "me"}})).empty());
    EXPECT_EQ(rig.shards_.buckets(), 0u) << cancel;
    EXPECT_TRUE(rig.pour(2, from("192.0.2.1")).empty());
    EXPECT_EQ(rig.counters().cancelled, 1u);
  }
}

TEST(CancelOn, IsAskedAfterDistinct) {
  Rig rig(head("leaky") +
          "capacity: 5\nleakspeed: 10s\ndistinct: evt.Meta.path\ncancel_on: evt.Meta.user == 'me'\n");
  rig.pour(0, from("192.0.2.1", {{"path", "a"}}));
  rig.pour(1, from("192.0.2.1", {{"path", "a"}, {"user", "me"}}));
  EXPECT_EQ(rig.shards_.buckets(), 1u) << "a value seen before does not get that far";
}

TEST(Trigger, AsksNeitherDistinctNorCancelOnNorCondition) {
  Rig rig(head("trigger") + "distinct: evt.Meta.user\ncancel_on: 'true'\ncondition: 'false'\n");
  EXPECT_EQ(rig.pour(0, from("192.0.2.1")).size(), 1u);
  EXPECT_EQ(rig.pour(0, from("192.0.2.1")).size(), 1u);
}

TEST(Distinct, DuplicatesDoNotRefreshTheBucket) {
  Rig rig(head("leaky") + "capacity: 1\nleakspeed: 10s\ndistinct: evt.Meta.user\n");
  rig.pour(0, from("192.0.2.1", {{"user", "a"}}));
  rig.pour(19, from("192.0.2.1", {{"user", "a"}}));
  rig.pour(21, from("192.0.2.1", {{"user", "a"}}));
  EXPECT_EQ(rig.counters().underflowed, 1u) << "it lives 20 s from its last counted event";
}

TEST(Distinct, ThatFailsLetsTheEventThrough) {
  Rig rig(head("leaky") + "capacity: 1\nleakspeed: 10s\ndistinct: Sprintf('%s', evt.Unmarshaled.x.y)\n");
  EXPECT_TRUE(rig.pour(0, from("192.0.2.1")).empty());
  EXPECT_EQ(rig.pour(0, from("192.0.2.1")).size(), 1u);
}

TEST(OverflowFilter, DiscardsOnFalseKeepsOnError) {
  const std::string leaky = head("leaky") + "capacity: 1\nleakspeed: 10s\noverflow_filter: ";
  const auto overflows = [](const std::string& yaml) {
    Rig rig(yaml);
    rig.pour(0, from("192.0.2.1"));
    return rig.pour(0, from("192.0.2.1")).size();
  };
  EXPECT_EQ(overflows(leaky + "\"signal.Alert.GetEventsCount() > 2\"\n"), 0u);
  EXPECT_EQ(overflows(leaky + "\"len(queue.GetQueue()) == 2 && 'x' == queue.Queue[0].Meta.kind\"\n"), 1u);
  EXPECT_EQ(overflows(leaky + "\"'192.0.2.1' in signal.Sources && leaky.Total_count == 2\"\n"), 1u);
  EXPECT_EQ(overflows(leaky + "\"queue.Queue[7].Meta.kind == 'x'\"\n"), 1u) << "out of range: an error";
}

TEST(Blackhole, IsArmedEvenWhenNoAlertCouldBeBuiltAndIsNotExtended) {
  Rig rig(head("leaky") + "capacity: 1\nleakspeed: 1s\nblackhole: 10s\n");
  rig.pour(0, from("nobody"));
  rig.pour(0, from("nobody"));
  EXPECT_EQ(rig.counters().no_source, 1u);
  rig.pour(5, from("nobody"));
  rig.pour(5, from("nobody"));
  EXPECT_EQ(rig.counters().blackholed, 1u);
  rig.pour(10, from("nobody"));
  rig.pour(10, from("nobody"));
  EXPECT_EQ(rig.counters().no_source, 1u) << "until 10 s after the first, not after the second";
}

TEST(Expiry, IsStrictAndLogTimeMayGoBackwards) {
  Rig rig(head("leaky") + "capacity: 2\nleakspeed: 10s\n");
  rig.pour(0, from("192.0.2.1"));
  rig.pour(30, from("192.0.2.1"));
  EXPECT_EQ(rig.counters().underflowed, 0u) << "three leaks after the last event is not later than that";
  rig.pour(-50, from("192.0.2.1"));
  EXPECT_EQ(rig.counters().underflowed, 0u) << "an older event is just poured";
  rig.pour(-19, from("192.0.2.1"));
  EXPECT_EQ(rig.counters().underflowed, 1u) << "its clock went back with it";
}

TEST(Documents, ThatShareABucketBehaveAsTheOneThatMadeIt) {
  // The second document would overflow at once; the first made the bucket.
  const std::string two = head("leaky") + "capacity: 3\nleakspeed: 10s\nlabels: {label: first}\n---\n" +
                          "type: trigger\nname: me/leaky\ndescription: d\nfilter: evt.Meta.kind == 'x'\n"
                          "groupby: evt.Meta.source_ip\nlabels: {label: second}\n";
  Rig rig(two);
  EXPECT_TRUE(rig.pour(0, from("192.0.2.1")).empty()) << "two events by now";
  const auto out = rig.pour(0, from("192.0.2.1"));
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].events_count, 4);
  EXPECT_EQ(out[0].labels, std::vector<std::string>{"label:first"});
}

TEST(Documents, TakeDistinctAndScopeFromTheMakerOfTheBucket) {
  const std::string both =
      "type: leaky\nname: me/s\ndescription: d\nfilter: evt.Meta.kind == 'x'\ngroupby: evt.Meta.source_ip\n"
      "capacity: 2\nleakspeed: 10s\n";
  Rig rig(both + "scope: {type: user, expression: evt.Meta.user}\n---\n" + both +
          "distinct: evt.Meta.path\n");
  rig.pour(0, from("192.0.2.1", {{"user", "ann"}, {"path", "p"}}));
  const auto out = rig.pour(0, from("192.0.2.1", {{"user", "ann"}, {"path", "p"}}));
  ASSERT_EQ(out.size(), 1u) << "no distinct: each event counts twice";
  EXPECT_EQ(out[0].source.scope, "user");
  EXPECT_EQ(out[0].source.value, "ann");
}

TEST(Marked, EventsFillBucketsOfTheirOwn) {
  Rig rig(head("leaky") + "capacity: 1\nleakspeed: 10s\n");
  rig.make(0, from("192.0.2.1"));
  rig.run(0, true);
  EXPECT_TRUE(rig.pour(0, from("192.0.2.1")).empty());
  rig.make(0, from("192.0.2.1"));
  rig.run(0, true);
  ASSERT_EQ(rig.emitted_.size(), 1u);
  EXPECT_TRUE(rig.emitted_[0].marked);
  EXPECT_TRUE(rig.emitted_[0].overflow.alerts[0].ambiguous);
}

struct Sources {
  SourceInfo off, by_service, always;
  Sources() {
    by_service.witness = witness::kByService;
    always.witness = witness::kAlways;
  }
};

uint8_t asked(Rig& rig, const SourceInfo& first, const SourceInfo& second) {
  rig.make(0, from("192.0.2.1")).source = &first;
  rig.run(0);
  rig.make(1, from("192.0.2.1")).source = &second;
  rig.run(1);
  EXPECT_EQ(rig.emitted_.size(), 1u);
  return rig.emitted_.empty() ? 0 : rig.emitted_[0].overflow.alerts[0].witness;
}

TEST(Witness, AnAlertAsksForWhatAnyOfItsEventsSourcesAsksFor) {
  const Sources s;
  Rig rig(head("leaky") + "capacity: 1\nleakspeed: 10s\n");
  EXPECT_EQ(asked(rig, s.off, s.off), witness::kOff);
  EXPECT_EQ(asked(rig, s.by_service, s.off), witness::kByService);
  EXPECT_EQ(asked(rig, s.off, s.always), witness::kAlways);
  EXPECT_EQ(asked(rig, s.always, s.by_service), witness::kAlways | witness::kByService);
  EXPECT_EQ(asked(rig, s.off, s.off), witness::kOff) << "the next bucket begins anew";
}

TEST(Witness, OfATriggerIsItsEvents) {
  const Sources s;
  Rig rig(head("trigger"));
  rig.make(0, from("192.0.2.1")).source = &s.by_service;
  rig.run(0);
  ASSERT_EQ(rig.emitted_.size(), 1u);
  EXPECT_EQ(rig.emitted_[0].overflow.alerts[0].witness, witness::kByService);
}

TEST(Witness, IsKeptOverAStop) {
  const Sources s;
  const std::string yaml = head("leaky") + "capacity: 1\nleakspeed: 10s\n";
  Rig before(yaml), after(yaml);
  before.make(0, from("192.0.2.1")).source = &s.always;
  before.run(0);
  ASSERT_TRUE(after.shards_.restore(before.shards_.save()));
  after.make(1, from("192.0.2.1"));
  after.run(1);
  ASSERT_EQ(after.emitted_.size(), 1u);
  EXPECT_EQ(after.emitted_[0].overflow.alerts[0].witness, witness::kAlways);
}

TEST(Errors, OfOneFilterLeaveTheOthersAlone) {
  Rig rig(
      "type: trigger\nname: me/bad\ndescription: d\nfilter: evt.Overflow.Alert.Remediation == true || "
      "evt.Unmarshaled.x.y == 1\n---\n" +
      head("trigger"));
  EXPECT_EQ(rig.pour(0, from("192.0.2.1")).size(), 1u);
  EXPECT_EQ(rig.counters().errors, 1u);
}

}  // namespace
}  // namespace testudo::detect
