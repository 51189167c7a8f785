#include "decide/commit.h"

#include "house.h"

namespace testudo {
namespace {

struct CommitterTest : House {
  CommitLimits fast() {
    CommitLimits limits;
    limits.alerts_wait = 10ms;
    limits.positions_wait = 20ms;
    limits.first_retry = 5ms;
    limits.last_retry = 10ms;
    return limits;
  }
  Alert numbered(int64_t id) {
    Alert alert = alert_of("192.0.2.1", clock.load());
    alert.id = id;
    alert.created_at = clock.load();
    alert.events.resize(1);
    alert.events[0].meta = {{"k", std::string(1000, 'x')}};
    return alert;
  }
};

TEST_F(CommitterTest, WhatComesTogetherIsOneCommit) {
  CommitLimits limits = fast();
  limits.alerts_wait = 10s;
  Committer committer(*flaky, metrics, limits);
  for (int64_t id = 1; id <= 50; ++id) committer.add(numbered(id), {});
  ASSERT_TRUE(committer.barrier());
  EXPECT_EQ(flaky->commits, 1);
  EXPECT_EQ(store->last_alert_id(), 50);
}

TEST_F(CommitterTest, WritesByItselfWhenTheTimeIsOver) {
  Committer committer(*flaky, metrics, fast());
  committer.add(numbered(1), {});
  for (int i = 0; i < 500 && flaky->commits == 0; ++i) std::this_thread::sleep_for(2ms);
  EXPECT_EQ(flaky->commits, 1);
}

TEST_F(CommitterTest, WritesWhatIsPendingAtTheEnd) {
  CommitLimits limits = fast();
  limits.alerts_wait = limits.positions_wait = 1h;
  {
    Committer committer(*flaky, metrics, limits);
    committer.add(numbered(1), {});
    committer.remember({{"file:x", "7"}});
  }
  EXPECT_EQ(store->last_alert_id(), 1);
  EXPECT_EQ(store->positions()->size(), 1u);
}

TEST_F(CommitterTest, KeepsTheGroupWhileTheStoreFailsAndTheOrderAfterwards) {
  Committer committer(*flaky, metrics, fast());
  flaky->broken = true;
  committer.add(numbered(1), {});
  EXPECT_FALSE(committer.barrier());
  committer.add(numbered(2), {});
  committer.end_decision(1, clock.load());
  EXPECT_NE(committer.problem(), "");
  int64_t seen = 0;
  committer.visit_pending([&](const Alert& alert) { EXPECT_EQ(alert.id, ++seen); });
  EXPECT_EQ(seen, 2);
  flaky->broken = false;
  ASSERT_TRUE(committer.barrier());
  EXPECT_EQ(store->last_alert_id(), 2);
  EXPECT_EQ(committer.problem(), "");
}

TEST_F(CommitterTest, ABoundedAmountWaits) {
  CommitLimits limits = fast();
  limits.max_bytes = 60'000;
  flaky->broken = true;
  Committer committer(*flaky, metrics, limits);
  for (int64_t id = 1; id <= 200; ++id) committer.add(numbered(id), {});
  EXPECT_GT(metrics.counter("testudo_store_stripped_alerts_total", "").value(), 0u);
  const uint64_t dropped = metrics.counter("testudo_store_dropped_alerts_total", "").value();
  EXPECT_GT(dropped, 0u);
  size_t waiting = 0;
  committer.visit_pending([&](const Alert&) { ++waiting; });
  EXPECT_EQ(waiting + dropped, 200u);
  flaky->broken = false;
  ASSERT_TRUE(committer.barrier());
  EXPECT_EQ(store
                ->alerts(
                    [] {
                      AlertFilter all;
                      all.limit = 0;
                      return all;
                    }(),
                    clock.load())
                ->size(),
            waiting);
}

TEST_F(CommitterTest, OneAlertThatTheStoreRefusesDoesNotHoldUpTheOthers) {
  Committer committer(*flaky, metrics, fast());
  committer.add(numbered(1), {});
  ASSERT_TRUE(committer.barrier());
  committer.add(numbered(1), {});  // an id that exists
  committer.add(numbered(2), {});
  committer.remember({{"file:x", "7"}});
  ASSERT_TRUE(committer.barrier());
  EXPECT_EQ(store->last_alert_id(), 2);
  EXPECT_EQ(store->positions()->size(), 1u);
  EXPECT_EQ(metrics.counter("testudo_store_dropped_alerts_total", "").value(), 1u);
}

}  // namespace
}  // namespace testudo
