// What is committed comes back, whole and once.
#include <gtest/gtest.h>

#include "foundation/store/samples.h"

namespace testudo::store_test {

class CommitTest : public StoreTest {};
TESTUDO_ALL_STORES(CommitTest);

TEST_P(CommitTest, AlertComesBackAsItWas) {
  Alert made = alert(7, {ban(3, "203.0.113.7")});
  made.scenario_version = "0.3";
  made.scenario_hash = "4441dcff07020f6690d998b7101e642359ba405c2abb83565bbbdcee36de280f";
  made.message = "Ip 203.0.113.7 performed 'crowdsecurity/ssh-bf' (6 events over 5s)";
  made.events_count = 6;
  made.capacity = 5;
  made.leakspeed = "10s";
  made.start_at = noon - 61s + 123456789ns;
  made.start_text = "2026-11-24T19:58:59+02:00";
  made.stop_text = "2026-11-24T20:00:00+02:00";
  made.remediation = true;
  made.simulated = true;
  made.simulated_why = "ambiguous line";
  made.ambiguous = true;
  made.kind = "waf";
  made.machine_id = "agent1";
  made.labels = {"ssh:bruteforce", "quote\" and \\ and \n"};
  made.meta = {{"target_user", R"(["root","admin"])"}, {"target_user", "twice"}};
  made.source = {"ip", "203.0.113.7", "203.0.113.7", "203.0.113.0/24", "64496", "Example",
                 "FR", 48.85f,        2.35f};
  made.line = std::string("sshd[1]: \0 \xff\xfe end", 18);
  made.source_name = "file:/var/log/auth.log";
  made.events = {{"2026-11-24T18:00:00Z", {{"log_type", "ssh_failed-auth"}, {"user", "\xc3\xa4\xff\x01"}}},
                 {"2026-11-24T18:00:01Z", {}}};
  ASSERT_OK(store->commit(batch({made})));

  const auto found = store->alerts({}, noon);
  ASSERT_OK(found);
  ASSERT_EQ(found->size(), 1u);
  const Alert& a = found->front();
  EXPECT_EQ(a.id, 7);
  EXPECT_EQ(a.uuid, made.uuid);
  EXPECT_EQ(a.scenario, made.scenario);
  EXPECT_EQ(a.scenario_version, made.scenario_version);
  EXPECT_EQ(a.scenario_hash, made.scenario_hash);
  EXPECT_EQ(a.message, made.message);
  EXPECT_EQ(a.events_count, 6);
  EXPECT_EQ(a.capacity, 5);
  EXPECT_EQ(a.leakspeed, "10s");
  EXPECT_EQ(a.start_at, made.start_at);
  EXPECT_EQ(a.stop_at, made.stop_at);
  EXPECT_EQ(a.start_text, made.start_text);
  EXPECT_EQ(a.stop_text, made.stop_text);
  EXPECT_TRUE(a.remediation);
  EXPECT_TRUE(a.simulated);
  EXPECT_EQ(a.simulated_why, "ambiguous line");
  EXPECT_TRUE(a.ambiguous);
  EXPECT_EQ(a.kind, "waf");
  EXPECT_EQ(a.machine_id, "agent1");
  EXPECT_EQ(a.labels, made.labels);
  EXPECT_EQ(a.meta, made.meta);
  EXPECT_EQ(a.source.scope, "Ip") << "scopes are normalised";
  EXPECT_EQ(a.source.value, made.source.value);
  EXPECT_EQ(a.source.ip, made.source.ip);
  EXPECT_EQ(a.source.range, made.source.range);
  EXPECT_EQ(a.source.as_number, "64496");
  EXPECT_EQ(a.source.as_name, "Example");
  EXPECT_EQ(a.source.cn, "FR");
  EXPECT_EQ(a.source.latitude, 48.85f);
  EXPECT_EQ(a.source.longitude, 2.35f);
  EXPECT_EQ(a.created_at, made.created_at);
  EXPECT_EQ(a.line, made.line);
  EXPECT_EQ(a.source_name, made.source_name);
  ASSERT_EQ(a.events.size(), 2u);
  EXPECT_EQ(a.events[0].timestamp, made.events[0].timestamp);
  EXPECT_EQ(a.events[0].meta, made.events[0].meta);
  EXPECT_EQ(a.events[1].meta, MetaPairs{});

  ASSERT_EQ(a.decisions.size(), 1u);
  const Decision &d = a.decisions[0], &given = made.decisions[0];
  EXPECT_EQ(d.id, 3);
  EXPECT_EQ(d.uuid, given.uuid);
  EXPECT_EQ(d.alert_id, 7);
  EXPECT_EQ(d.origin, given.origin);
  EXPECT_EQ(d.scenario, given.scenario);
  EXPECT_EQ(d.scope, "Ip");
  EXPECT_EQ(d.value, given.value);
  EXPECT_EQ(d.type, "ban");
  EXPECT_EQ(d.duration, Duration(4h));
  EXPECT_EQ(d.until, given.until);
  EXPECT_EQ(d.created_at, given.created_at);
  EXPECT_FALSE(d.simulated);
  EXPECT_EQ(d.prefix, given.prefix);
}

TEST_P(CommitTest, DecisionWithoutAddressHasNoPrefix) {
  Decision country = ban(1, "FR");
  country.scope = "country";
  ASSERT_OK(store->commit(batch({alert(1, {country})})));
  const auto found = store->decisions({}, noon);
  ASSERT_OK(found);
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().scope, "Country");
  EXPECT_EQ(found->front().prefix, std::nullopt);
}

TEST_P(CommitTest, AlertWithAKnownUuidIsSkippedWithItsDecisions) {
  ASSERT_OK(store->commit(batch({alert(1, {ban(1, "203.0.113.7")})})));
  Alert again = alert(2, {ban(2, "203.0.113.7")});
  again.uuid = "alert-1";
  CommitBatch second = batch({again, alert(3, {ban(3, "203.0.113.8")})});
  second.positions = {{"file:/var/log/auth.log", "2049:77:1024"}};
  ASSERT_OK(store->commit(second));
  EXPECT_EQ(ids(store->alerts({}, noon)), (Ids{3, 1}));
  EXPECT_EQ(ids(store->decisions({}, noon)), (Ids{1, 3}));
  EXPECT_EQ(store->positions()->front().value, "2049:77:1024") << "the rest of the batch is kept";
}

TEST_P(CommitTest, TwoAlertsOfOneUuidInOneBatchAreOne) {
  Alert twin = alert(2, {ban(2, "203.0.113.7")});
  twin.uuid = "alert-1";
  ASSERT_OK(store->commit(batch({alert(1, {ban(1, "203.0.113.7")}), twin})));
  EXPECT_EQ(ids(store->alerts({}, noon)), Ids{1});
}

TEST_P(CommitTest, AlertsWithoutUuidAreAllKept) {
  Alert one = alert(1), two = alert(2);
  one.uuid = two.uuid = "";
  ASSERT_OK(store->commit(batch({one, two})));
  EXPECT_EQ(ids(store->alerts({}, noon)), (Ids{2, 1}));
}

TEST_P(CommitTest, ABatchThatFailsLeavesNothing) {
  ASSERT_OK(store->commit(batch({alert(1, {ban(1, "203.0.113.7")})})));
  // Decision 1 exists: the second alert cannot be stored.
  CommitBatch bad = batch({alert(2, {ban(2, "203.0.113.8")}), alert(3, {ban(1, "203.0.113.9")})});
  bad.positions = {{"file:/x", "1"}};
  bad.changes = {change(1, "203.0.113.8")};
  const auto refused = store->commit(bad);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_EQ(ids(store->alerts({}, noon)), Ids{1});
  EXPECT_EQ(ids(store->decisions({}, noon)), Ids{1});
  EXPECT_TRUE(store->positions()->empty());
  EXPECT_TRUE(store->changes_after(0, 10)->empty());
  EXPECT_EQ(store->last_decision_id(), 1);
  ASSERT_OK(store->commit(batch({alert(2, {ban(2, "203.0.113.8")})}))) << "the store goes on";
}

TEST_P(CommitTest, NewEndsTakeEffect) {
  ASSERT_OK(store->commit(batch({alert(1, {ban(1, "203.0.113.7"), ban(2, "203.0.113.8")})})));
  CommitBatch expire;
  expire.decisions_until = {{1, noon}, {999, noon}};
  ASSERT_OK(store->commit(expire)) << "a decision that is gone is no error";
  EXPECT_EQ(ids(store->decisions({}, noon + 1s)), Ids{2});
}

TEST_P(CommitTest, ChangesComeInOrderBehindASequence) {
  CommitBatch made;
  made.changes = {change(1, "203.0.113.7"), change(2, "2001:db8::/48"), change(3, "203.0.113.9")};
  made.changes[1].change.op = DecisionChange::Op::clear;
  made.changes[2].change.remediation = Remediation::throttle;
  ASSERT_OK(store->commit(made));
  const auto rows = store->changes_after(1, 10);
  ASSERT_OK(rows);
  ASSERT_EQ(rows->size(), 2u);
  const ChangeRow& row = rows->front();
  EXPECT_EQ(row.sequence, 2u);
  EXPECT_EQ(row.change.sequence, 2u);
  EXPECT_EQ(row.change.op, DecisionChange::Op::clear);
  EXPECT_EQ(row.change.prefix, prefix("2001:db8::/48"));
  EXPECT_EQ(row.change.until, noon + 4h);
  EXPECT_EQ(row.change.origin, "crowdsec");
  EXPECT_EQ(row.change.scenario, "crowdsecurity/ssh-bf");
  EXPECT_EQ(row.at, noon);
  EXPECT_EQ((*rows)[1].change.remediation, Remediation::throttle);
  EXPECT_EQ(store->changes_after(0, 1)->size(), 1u) << "at most limit";
  EXPECT_EQ(store->changes_after(3, 10)->size(), 0u);
  EXPECT_EQ(store->changes_after(UINT64_MAX, SIZE_MAX)->size(), 0u);
}

TEST_P(CommitTest, ParamsOfADecisionComeBackAsTheyWere) {
  Decision throttle = ban(1, "203.0.113.7"), country = ban(2, "FR");
  throttle.params = R"({"rate":"100/s","note":"\u00e4 \"quoted\""})";
  country.scope = "Country";
  country.params = R"({"protocol":"tcp"})";
  ASSERT_OK(store->commit(batch({alert(1, {throttle, country, ban(3, "203.0.113.8")})})));
  const auto found = store->decisions({}, noon);
  ASSERT_OK(found);
  ASSERT_EQ(found->size(), 3u);
  EXPECT_EQ((*found)[0].params, throttle.params);
  EXPECT_EQ((*found)[0].prefix, throttle.prefix);
  EXPECT_EQ((*found)[1].params, country.params);
  EXPECT_EQ((*found)[2].params, "");
}

TEST_P(CommitTest, AChangeKeepsWhatItNarrowsItselfTo) {
  CommitBatch changes;
  changes.changes = {change(1, "203.0.113.7"), change(2, "203.0.113.8"), change(3, "203.0.113.9")};
  Terms all;
  all.protocol = 132;
  all.port_first = 1;
  all.port_last = 65535;
  all.outgoing = true;
  all.unit = Terms::Unit::bytes;
  all.rate = 1'000'000'000'000;
  all.burst = 7;
  all.sample = 4'294'967'295;
  changes.changes[0].change.terms = all;
  changes.changes[1].change.remediation = Remediation::reset;
  changes.changes[2].change.remediation = Remediation::sample;
  ASSERT_OK(store->commit(changes));
  const auto rows = store->changes_after(0, 10);
  ASSERT_OK(rows);
  ASSERT_EQ(rows->size(), 3u);
  EXPECT_EQ((*rows)[0].change.terms, all);
  EXPECT_EQ((*rows)[1].change.terms, Terms());
  EXPECT_EQ((*rows)[1].change.remediation, Remediation::reset);
  EXPECT_EQ((*rows)[2].change.remediation, Remediation::sample);
}

TEST_P(CommitTest, ASequenceGivenTwiceIsRefused) {
  CommitBatch made;
  made.changes = {change(1, "203.0.113.7")};
  ASSERT_OK(store->commit(made));
  const auto refused = store->commit(made);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::conflict);
}

TEST_P(CommitTest, LastNumbersFollowTheBatches) {
  EXPECT_EQ(store->last_alert_id(), 0);
  EXPECT_EQ(store->last_decision_id(), 0);
  EXPECT_EQ(store->last_sequence(), 0u);
  CommitBatch made = batch({alert(5, {ban(9, "203.0.113.7"), ban(8, "203.0.113.8")}), alert(4)});
  made.changes = {change(12, "203.0.113.7")};
  ASSERT_OK(store->commit(made));
  EXPECT_EQ(store->last_alert_id(), 5);
  EXPECT_EQ(store->last_decision_id(), 9);
  EXPECT_EQ(store->last_sequence(), 12u);
}

TEST_P(CommitTest, PositionsAreReplacedByKey) {
  CommitBatch made;
  made.positions = {{"file:/a", "1"}, {"file:/b", "2"}};
  ASSERT_OK(store->commit(made));
  made.positions = {{"file:/a", "3"}};
  ASSERT_OK(store->commit(made));
  const auto found = store->positions();
  ASSERT_OK(found);
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].key, "file:/a");
  EXPECT_EQ((*found)[0].value, "3");
  EXPECT_EQ((*found)[1].value, "2");
}

TEST_P(CommitTest, UuidsSinceATimeAreThoseStoredSince) {
  ASSERT_OK(store->commit(batch({alert(1, {}, noon - 1h), alert(2, {}, noon), alert(3, {}, noon + 1h)})));
  EXPECT_EQ(*store->alert_uuids_since(noon), (std::vector<std::string>{"alert-2", "alert-3"}));
}

TEST_P(CommitTest, NamedValuesAreKept) {
  EXPECT_EQ(*store->get_value("flush"), "");
  ASSERT_OK(store->set_value("flush", "1"));
  ASSERT_OK(store->set_value("flush", "2"));
  EXPECT_EQ(*store->get_value("flush"), "2");
}

}  // namespace testudo::store_test
