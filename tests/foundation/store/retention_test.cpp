// What is deleted, what is spared, and that numbers are never given twice.
#include <gtest/gtest.h>

#include "foundation/store/samples.h"

namespace testudo::store_test {

class RetentionTest : public StoreTest {
 protected:
  size_t change_rows() { return store->changes_after(0, 1000)->size(); }
};
TESTUDO_ALL_STORES(RetentionTest);

TEST_P(RetentionTest, ADeletedAlertTakesItsDecisionsAndEvents) {
  Alert made = alert(1, {ban(1, "203.0.113.7")});
  made.events = {{"2026-11-24T18:00:00Z", {}}};
  ASSERT_OK(store->commit(batch({made, alert(2, {ban(2, "203.0.113.8")})})));
  EXPECT_EQ(*store->delete_alerts({1, 1, 77}), 1);
  EXPECT_EQ(ids(store->alerts({}, noon)), Ids{2});
  EXPECT_EQ(ids(store->decisions({}, noon)), Ids{2});
  EXPECT_EQ(*store->delete_alerts({}), 0);
  // Its number is free again only because this test takes it; its events must not come back with it.
  ASSERT_OK(store->commit(batch({alert(1)})));
  AlertFilter filter;
  filter.id = 1;
  EXPECT_TRUE(store->alerts(filter, noon)->front().events.empty());
}

TEST_P(RetentionTest, NumbersOfDeletedRowsStayTaken) {
  CommitBatch made = batch({alert(5, {ban(9, "203.0.113.7")})});
  made.changes = {change(12, "203.0.113.7")};
  ASSERT_OK(store->commit(made));
  ASSERT_OK(store->delete_alerts({5}));
  ASSERT_OK(store->purge(noon + 1h, 0));
  EXPECT_EQ(change_rows(), 0u);
  if (std::string(GetParam().name) == "file") {
    store.reset();
    store = open_store(folder.file());
  }
  EXPECT_EQ(store->last_alert_id(), 5);
  EXPECT_EQ(store->last_decision_id(), 9);
  EXPECT_EQ(store->last_sequence(), 12u);
}

TEST_P(RetentionTest, PurgeTakesWhatEndedBefore) {
  Alert long_ban = alert(2, {ban(3, "203.0.113.8", noon - 240h), ban(4, "203.0.113.9")}, noon - 240h);
  long_ban.decisions[1].until = noon + 480h;
  CommitBatch made = batch({
      alert(1, {ban(1, "203.0.113.7", noon - 240h)}, noon - 240h),
      long_ban,
      alert(3, {}, noon - 240h),
      alert(4, {ban(5, "203.0.113.10")}, noon),
  });
  made.changes = {change(1, "203.0.113.7", noon - 240h), change(2, "203.0.113.8", noon)};
  ASSERT_OK(store->commit(made));
  EXPECT_EQ(*store->purge(noon - 168h, 0), 2);
  EXPECT_EQ(ids(store->alerts({}, noon)), (Ids{4, 2})) << "a thirty-day ban outlives seven days of retention";
  EXPECT_EQ(store->changes_after(0, 10)->front().sequence, 2u);
}

TEST_P(RetentionTest, CountLimitKeepsTheNewestAndWhatIsInForce) {
  const TimePoint today = now();
  std::vector<Alert> all;
  for (int64_t id = 1; id <= 10; ++id)
    all.push_back(
        alert(id, {ban(id, "203.0.113." + std::to_string(id), id == 2 ? today : today - 5h)}, today));
  ASSERT_OK(store->commit(batch(all)));
  EXPECT_EQ(*store->purge(today - 168h, 3), 6);
  EXPECT_EQ(ids(store->alerts({}, today)), (Ids{10, 9, 8, 2}));
  EXPECT_EQ(*store->purge(today - 168h, 100), 0);
}

TEST_P(RetentionTest, PurgeTakesExpiredAllowlistItems) {
  ASSERT_OK(store->create_allowlist("mine", "", noon - 240h));
  ASSERT_OK(
      store->put_allowlist_items("mine", {{"192.0.2.1", prefix("192.0.2.1"), "", noon - 200h, {}}}, noon));
  EXPECT_EQ(store->allowlists(noon - 201h)->front().items.size(), 1u);
  ASSERT_OK(store->purge(noon - 168h, 0));
  EXPECT_EQ(store->allowlists(noon - 201h)->front().items.size(), 0u);
}

}  // namespace testudo::store_test
