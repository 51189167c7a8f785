// Live lines that are read late are poured in log time: an hour of downtime bans nobody for six typos.
#include "support/lines.h"

namespace testudo {
namespace {

using support::Content;

const TimePoint kNow = *parse_rfc3339("2026-06-01T12:00:00Z");

class Live {
 public:
  Live() {
    content_.parser("s00-raw", "a", R"(
name: a
onsuccess: next_stage
grok:
  pattern: '^%{TIMESTAMP_ISO8601:stamp} %{NOTSPACE:ip}$'
  apply_on: Line.Raw
  statics:
    - {meta: source_ip, expression: evt.Parsed.ip}
    - {target: evt.StrTime, expression: evt.Parsed.stamp}
)");
    content_.dates();
    content_.scenario("s", R"(
name: me/s
description: d
filter: "true"
groupby: evt.Meta.source_ip
capacity: 5
leakspeed: 10s
labels: {remediation: true}
)");
    worker_ = std::make_unique<Worker>(content_.load(), WorkerOptions{});
    source_->id = 1;
    source_->type = "file";
    source_->labels = {{"type", "t"}};
  }
  LineCounts line(TimePoint stamp, TimePoint arrived, bool backlog = false) {
    LineBatch batch;
    batch.bytes = std::make_shared<const std::string>(format_rfc3339(stamp) + " 192.0.2.1");
    batch.lines = {*batch.bytes};
    batch.source = source_;
    batch.arrived = arrived;
    batch.backlog = backlog;
    return worker_->run(batch, alerts);
  }
  void tick(TimePoint at) { worker_->tick(at, {}); }
  void reload() { worker_->adopt(content_.load()); }
  std::vector<Alert> alerts;

 private:
  Content content_;
  std::unique_ptr<Worker> worker_;
  std::shared_ptr<SourceInfo> source_ = std::make_shared<SourceInfo>();
};

TEST(LogTime, SixTyposOverAnHourThatAreReadAtOnceOverflowNothing) {
  Live live;
  for (int i = 0; i < 6; ++i) EXPECT_EQ(live.line(kNow - 1h + i * 10min, kNow, true).late, 1u);
  EXPECT_TRUE(live.alerts.empty());
}

TEST(LogTime, AnAttackOfAnHourAgoIsSeenInItsOwnTime) {
  Live live;
  for (int i = 0; i < 6; ++i) live.line(kNow - 1h + i * 1s, kNow, true);
  ASSERT_EQ(live.alerts.size(), 1u);
  EXPECT_EQ(live.alerts[0].stop_at, kNow - 1h + 5s);
}

TEST(LogTime, TheFirstTickAfterAStartOrAReloadForgetsNoLateBucket) {
  Live live;
  for (int i = 0; i < 6; ++i) {
    live.line(kNow - 1h + i * 1s, kNow + i * 100ms, true);
    if (i == 2) live.tick(kNow + 1s);
    if (i == 3) live.reload();
    if (i == 4) live.tick(kNow + 2s);
  }
  EXPECT_EQ(live.alerts.size(), 1u);
}

TEST(LogTime, FreshLinesAreCountedByTheClockOnTheWall) {
  Live live;
  for (int i = 0; i < 6; ++i) EXPECT_EQ(live.line(kNow + i * 1s - 2s, kNow + i * 1s).late, 0u);
  ASSERT_EQ(live.alerts.size(), 1u);
  EXPECT_EQ(live.alerts[0].stop_at, kNow + 5s);
}

TEST(LogTime, ASyslogDaemonThatWasStuckDoesNotTeachAWrongClock) {
  Live live;
  // 3,000 lines of the last hour in one second, neighbours a second apart.
  for (int i = 0; i < 3000; ++i) EXPECT_EQ(live.line(kNow - 1h + i * 1s, kNow + i * 300us).late, 1u) << i;
}

TEST(LogTime, ASourceWhoseClockIsAlwaysOffIsLearnedWithinAMinute) {
  Live live;
  uint64_t late = 0;
  for (int i = 0; i < 100; ++i) late += live.line(kNow - 1h + i * 10s, kNow + i * 10s).late;
  EXPECT_LE(late, 8u);
  EXPECT_EQ(live.line(kNow - 1h - 30s + 1000s, kNow + 1000s).late, 1u) << "later than usual is late again";
}

TEST(LogTime, AStampFromTheFutureIsNotLate) {
  Live live;
  EXPECT_EQ(live.line(kNow + 10min, kNow).late, 0u);
}

}  // namespace
}  // namespace testudo
