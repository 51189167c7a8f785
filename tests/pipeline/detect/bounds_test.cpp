// What strangers can make a shard keep, what is given up first, and what outlives a reload or a restart.
#include "detect/dispatch.h"
#include "pipeline/detect/rig.h"

namespace testudo::detect {
namespace {

const std::string kSlow = head("leaky") + "capacity: 5\nleakspeed: 1h\n";
std::string address(int i) {
  return std::to_string(i % 200 + 1) + "." + std::to_string(i / 200 % 256) + "." + std::to_string(i / 51200) +
         ".7";
}

TEST(Bounds, MillionsOfGroupsEvictTheEmptiestAndTheSameInEveryRun) {
  const auto run = [](std::vector<size_t>& sizes) {
    ShardOptions options = Rig::fixed();
    options.max_buckets = 17 * 300;
    Rig rig(kSlow, "", options);
    for (int k = 0; k < 5; ++k) rig.pour(0, from("192.0.2.1"));
    for (int i = 0; i < 30'000; ++i) rig.pour(1 + i * 0.001, from(address(i)));
    EXPECT_LE(rig.shards_.buckets(), 17u * 300u);
    EXPECT_GT(rig.counters().evicted, 20'000u);
    for (uint32_t i = 0; i < Shards::kCount; ++i) sizes.push_back(rig.shards_[i].bytes());
    return rig.pour(40, from("192.0.2.1")).size();
  };
  std::vector<size_t> first, second;
  EXPECT_EQ(run(first), 1u) << "the slow attacker's bucket, being fuller, was kept";
  run(second);
  EXPECT_EQ(first, second);
}

TEST(Bounds, NoNetworkHoldsMoreThanItsShareOfAShard) {
  ShardOptions options = Rig::fixed();
  options.max_buckets = 17 * 400;
  Rig rig(kSlow, "", options);
  for (int i = 0; i < 60'000; ++i)
    rig.pour(i * 0.001, from("2001:db8:7::" + std::to_string(i / 1000) + ":" + std::to_string(i % 1000)));
  EXPECT_LE(rig.shards_.buckets(), 16u * 20u);
  for (int k = 0; k < 6; ++k) rig.pour(100, from("198.51.100.1"));
  EXPECT_EQ(rig.counters().overflowed, 1u);
}

TEST(Bounds, LargeEventsCountByTheirBytes) {
  ShardOptions options = Rig::fixed();
  options.max_bytes = 17 << 20;
  Rig rig(kSlow, "", options);
  const std::string big(2048, 'x');
  for (int i = 0; i < 4000; ++i)
    rig.pour(i * 0.001,
             from(address(i), {{"a", big}, {"b", big}, {"c", big}, {"d", big}, {"e", big}, {"f", big}}));
  EXPECT_LE(rig.shards_.bytes(), 18u << 20);
  EXPECT_GT(rig.counters().evicted, 100u);
}

TEST(Bounds, QueuesWithoutABoundGiveWayWhenMemoryIsShort) {
  ShardOptions options = Rig::fixed();
  options.max_bytes = 17 << 20;
  Rig rig(head("conditional") + "capacity: -1\nleakspeed: 1h\ncondition: queue.Queue[0].Meta.kind == 'y'\n",
          "", options);
  const std::string big(2000, 'x');
  for (int i = 0; i < 12'000; ++i)
    rig.pour(i * 0.001, from("192.0.2." + std::to_string(i % 16), {{"a", big}}));
  EXPECT_LE(rig.shards_.bytes(), 18u << 20);
  EXPECT_EQ(rig.shards_.buckets(), 16u) << "no bucket had to go";
}

TEST(Bounds, BlackholesAreForgottenWhenTheyAreOver) {
  Blackholes holes(1000);
  for (int i = 0; i < 5000; ++i)
    EXPECT_FALSE(holes.swallows(0, uint64_t(i), false, std::to_string(i), Rig::at(i), 10s));
  EXPECT_LE(holes.size(), 200u);
  for (int i = 0; i < 5000; ++i) holes.swallows(1, uint64_t(i), false, std::to_string(i), Rig::at(6000), 1h);
  EXPECT_LE(holes.size(), 1000u);
  EXPECT_TRUE(holes.swallows(1, 4999, false, "4999", Rig::at(6001), 1h)) << "the newest are kept";
}

TEST(Bounds, GroupsThatAreLongAreKnownByTheirHash) {
  Rig rig(
      "type: leaky\nname: me/s\ndescription: d\nfilter: 'true'\ngroupby: evt.Meta.path\ncapacity: "
      "1\nleakspeed: 1h\n");
  const std::string path(60'000, 'p');
  rig.pour(0, {{"path", path + "a"}, {"source_ip", "192.0.2.1"}});
  EXPECT_TRUE(rig.pour(0, {{"path", path + "b"}, {"source_ip", "192.0.2.1"}}).empty());
  EXPECT_EQ(rig.pour(0, {{"path", path + "a"}, {"source_ip", "192.0.2.1"}}).size(), 1u);
}

TEST(Sweep, BucketsThatAreEmptyGoLiveByTheClockAndInAReplayAsNewOnesCome) {
  Rig live(head("leaky") + "capacity: 5\nleakspeed: 1s\n");
  live.log_time = false;
  for (int i = 0; i < 100; ++i) live.pour(0, from(address(i)));
  live.tick(5);
  EXPECT_EQ(live.shards_.buckets(), 100u);
  live.tick(7);
  EXPECT_EQ(live.shards_.buckets(), 0u);

  Rig replay(head("leaky") + "capacity: 5\nleakspeed: 1s\n");
  for (int i = 0; i < 100'000; ++i) replay.pour(i * 0.001, from(address(i)));
  EXPECT_LT(replay.shards_.buckets(), 20'000u);
  EXPECT_EQ(replay.counters().evicted, 0u);
}

TEST(Sweep, LeavesBucketsInLogTimeAloneWhileABacklogIsRead) {
  Rig rig(kSlow);
  rig.pour(-100'000, from("192.0.2.1"));
  rig.tick(0);
  rig.pour(-99'990, from("192.0.2.1"));
  rig.tick(30);
  EXPECT_EQ(rig.shards_.buckets(), 1u) << "a line in log time came since the last tick";
  rig.tick(100);
  EXPECT_EQ(rig.shards_.buckets(), 0u) << "a minute without one";
}

const std::string kAll = head("leaky") +
                         "capacity: 2\nleakspeed: 10s\ndistinct: evt.Meta.user\nblackhole: 1m\nscope: {type: "
                         "user, expression: evt.Meta.user}\n---\n" +
                         head("conditional") +
                         "capacity: -1\nleakspeed: 1m\ncondition: \"let a = filter(queue.Queue, {#.Meta.user "
                         "!= 'a'}); len(a) >= 2\"\n---\n" +
                         head("counter") + "capacity: -1\nduration: 1m\n";

TEST(Snapshot, BringsEverythingIntoAnotherContentWithOtherNumbers) {
  // The other content has another scenario first and other slots: all numbers differ.
  const std::string other =
      "type: leaky\nname: me/first\ndescription: d\nfilter: evt.Meta.zzz == 'q'\ngroupby: "
      "evt.Meta.yyy\ncapacity: 9\nleakspeed: 1s\n---\n" +
      kAll;
  Rig before(kAll), after(other);
  before.log_time = after.log_time = false;
  for (int i = 0; i < 50; ++i) before.pour(0, from(address(i), {{"user", "a"}, {"new", "n"}}));
  before.pour(1, from(address(3), {{"user", "b"}}));
  ASSERT_EQ(before.shards_.buckets(), 150u);
  const auto restored = after.shards_.restore(before.shards_.save());
  ASSERT_TRUE(restored.ok()) << restored.error().text();
  EXPECT_EQ(*restored, 150u);
  EXPECT_TRUE(after.pour(2, from(address(3), {{"user", "b"}})).size() == 1u)
      << "conditional: b and b; leaky: seen";
  const auto out = after.pour(3, from(address(3), {{"user", "c"}}));
  ASSERT_EQ(out.size(), 3u) << "leaky: users a, b, c";
  EXPECT_EQ(out[0].source.value, "a");
  EXPECT_EQ(*out[0].events.at(0).find("new"), "n") << "a name that no content mentions";
  EXPECT_EQ(after.tick(61).size(), 50u) << "counters go on with the time they had";
}

TEST(Snapshot, OfAReloadKeepsWhatTheNewContentKnows) {
  Rig rig(kAll);
  rig.pour(0, from("192.0.2.1", {{"user", "a"}}));
  const Compiled fresh(head("leaky") + "capacity: 1\nleakspeed: 10s\n---\n" + head("trigger"));
  rig.shards_.adopt(fresh.set, fresh.names);
  EXPECT_EQ(rig.shards_.buckets(), 1u);
  EXPECT_EQ(rig.shards_.buckets_per_scenario().at(0), 1u);
}

TEST(Snapshot, RefusesDamageWhole) {
  Rig rig(kAll);
  for (int i = 0; i < 3; ++i) rig.pour(0, from(address(i), {{"user", "a"}}));
  const std::string good = rig.shards_.save();
  for (size_t cut = 0; cut < good.size(); cut += 7) {
    Rig other(kAll);
    EXPECT_FALSE(other.shards_.restore(std::string_view(good).substr(0, cut)).ok());
    EXPECT_EQ(other.shards_.buckets(), 0u);
  }
}

struct Heard : MatchTrace, PourTrace {
  std::vector<std::string> lines;
  void filter(const Scenario& s, expr::Expression::Truth truth, std::string_view error) override {
    lines.push_back(s.name + " " + std::to_string(int(truth)) + (error.empty() ? "" : " !"));
  }
  void step(const Scenario& poured, const Scenario& owner, const PourStep& step) override {
    lines.push_back(poured.name + ">" + owner.name + " " + std::to_string(int(step.result)) + " " +
                    std::string(step.group) + " " + std::to_string(int(step.level)) + "/" +
                    std::to_string(step.capacity) + (step.fresh ? " new" : ""));
  }
};

TEST(Trace, TellsFiltersAndLevels) {
  Rig rig(
      head("leaky") + "capacity: 2\nleakspeed: 10s\n---\n" +
      "type: trigger\nname: me/no\ndescription: d\nfilter: evt.Meta.kind == 'x' && evt.Meta.user != ''\n");
  Heard heard;
  rig.matcher_.set_trace(&heard);
  rig.shards_.set_trace(&heard);
  rig.pour(0, from("192.0.2.1"));
  rig.pour(0, from("192.0.2.1"));
  rig.pour(0, from("192.0.2.1"));
  const std::vector<std::string> expected = {"me/leaky 1", "me/no 0", "me/leaky>me/leaky 0 192.0.2.1 1/2 new",
                                             "me/leaky 1", "me/no 0", "me/leaky>me/leaky 0 192.0.2.1 2/2",
                                             "me/leaky 1", "me/no 0", "me/leaky>me/leaky 3 192.0.2.1 2/2"};
  EXPECT_EQ(heard.lines, expected);
}

TEST(Dispatch, LeavesOutWhatCannotHold) {
  // Behind one value, and without any equality: scenarios whose constants do not occur are not asked.
  Rig rig(
      "type: trigger\nname: me/a\ndescription: d\nfilter: \"evt.Meta.kind == 'x' && evt.Parsed.cmd contains "
      "'mimi'\"\n---\n"
      "type: trigger\nname: me/b\ndescription: d\nfilter: \"Lower(evt.Parsed.cmd) endsWith 'katz'\"\n---\n"
      "type: trigger\nname: me/c\ndescription: d\nfilter: \"evt.Meta.kind == 'x' && evt.Parsed.cmd != "
      "'z'\"\n");
  const Dispatch dispatch(*rig.content_.set, *rig.content_.names);
  const auto candidates = [&](const Rig::Fields& meta, const Rig::Fields& parsed) {
    rig.make(0, meta, parsed);
    rig.context_.event = &rig.event_;
    rig.context_.arena = &rig.event_.arena;
    uint64_t bits = 0;
    dispatch.candidates(rig.event_, rig.context_, &bits);
    return bits;
  };
  EXPECT_EQ(candidates({{"kind", "x"}}, {{"cmd", "ls"}}), 4u);
  EXPECT_EQ(candidates({{"kind", "x"}}, {{"cmd", "mimiKATZ"}}), 7u);
  EXPECT_EQ(candidates({{"kind", "y"}}, {{"cmd", "mimiKATZ"}}), 2u);
  rig.context_.texts = nullptr;
  EXPECT_EQ(candidates({{"kind", "x"}}, {{"cmd", "ls"}}), 7u) << "nobody has looked: all are asked";
}

TEST(Dispatch, DoesNotJumpBySlotsThatFiltersWrite) {
  Rig rig(
      "type: trigger\nname: me/a\ndescription: d\nfilter: \"evt.Meta.kind == 'x' && evt.SetMeta('cve', "
      "'C-1')\"\n---\n"
      "type: trigger\nname: me/b\ndescription: d\nfilter: evt.Meta.cve == 'C-1'\ngroupby: evt.Meta.cve\n");
  const auto out = rig.pour(0, from("192.0.2.1"));
  ASSERT_EQ(out.size(), 2u) << "in the order of scenarios, the second sees what the first wrote";
  EXPECT_EQ(*out[0].events[0].find("cve"), "C-1");
}

}  // namespace
}  // namespace testudo::detect
