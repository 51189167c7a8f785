// Writing: one call, one transaction.
#include <fmt/format.h>

#include <algorithm>

#include "store/meta_json.h"
#include "store/queries.h"
#include "store/rows.h"
#include "store/sqlite_store.h"

namespace testudo::store {

namespace {

// False: its uuid is known already, nothing was written.
Result<bool> insert_alert(Connection& connection, const Alert& alert) {
  TESTUDO_TRY(auto statement, connection.prepare(sql::insert_alert));
  bind_alert(statement, alert);
  TESTUDO_CHECK(statement.run());
  if (connection.changes() == 0) return false;
  TESTUDO_TRY(auto event_statement, connection.prepare(sql::insert_event));
  int64_t number = 0;
  for (const AlertEvent& event : alert.events) {
    event_statement.bind(alert.id).bind(number++).bind(event.timestamp).bind(event_meta_to_json(event.meta));
    TESTUDO_CHECK(event_statement.run());
  }
  TESTUDO_TRY(auto decision_statement, connection.prepare(sql::insert_decision));
  for (const Decision& decision : alert.decisions) {
    bind_decision(decision_statement, decision, alert.id);
    TESTUDO_CHECK(decision_statement.run());
  }
  return true;
}

Result<void> write_mark(Connection& connection, const char* name, const char* query) {
  TESTUDO_TRY(const int64_t value, connection.number(query));
  TESTUDO_TRY(auto statement, connection.prepare(sql::set_value));
  return statement.bind(std::string_view(name)).bind(std::to_string(value)).run();
}

// Numbers are never given twice, even when the rows that had them are gone: clients remember them.
Result<void> keep_marks(Connection& connection) {
  TESTUDO_CHECK(write_mark(connection, "mark.alert_id", sql::last_alert_id));
  TESTUDO_CHECK(write_mark(connection, "mark.decision_id", sql::last_decision_id));
  return write_mark(connection, "mark.sequence", sql::last_sequence);
}

}  // namespace

Result<void> SqliteStore::commit(const CommitBatch& batch) {
  if (batch.empty()) return {};
  TESTUDO_TRY(auto write, writer());
  Connection& connection = *write.connection;
  int64_t alert_id = alert_id_, decision_id = decision_id_, sequence = sequence_;
  for (const Alert& alert : batch.alerts) {
    TESTUDO_TRY(const bool inserted, insert_alert(connection, alert));
    if (!inserted) continue;
    alert_id = std::max(alert_id, alert.id);
    for (const Decision& decision : alert.decisions) decision_id = std::max(decision_id, decision.id);
  }
  {
    TESTUDO_TRY(auto statement, connection.prepare(sql::set_until));
    for (const auto& [id, until] : batch.decisions_until)
      TESTUDO_CHECK(statement.bind(unix_nanos(until)).bind(id).run());
  }
  {
    TESTUDO_TRY(auto statement, connection.prepare(sql::insert_change));
    for (const ChangeRow& row : batch.changes) {
      bind_change(statement, row);
      TESTUDO_CHECK(statement.run());
      sequence = std::max(sequence, int64_t(row.sequence));
    }
  }
  {
    TESTUDO_TRY(auto statement, connection.prepare(sql::put_position));
    for (const Position& position : batch.positions)
      TESTUDO_CHECK(statement.bind(position.key).bind(position.value).run());
  }
  TESTUDO_CHECK(write.transaction.commit());
  alert_id_ = alert_id;
  decision_id_ = decision_id;
  sequence_ = sequence;
  return {};
}

Result<int> SqliteStore::delete_alerts(const std::vector<int64_t>& ids) {
  if (ids.empty()) return 0;
  TESTUDO_TRY(auto write, writer());
  TESTUDO_CHECK(keep_marks(*write.connection));
  int deleted = 0;
  {
    TESTUDO_TRY(auto statement, write.connection->prepare(sql::delete_alert));
    for (const int64_t id : ids) {
      TESTUDO_CHECK(statement.bind(id).run());
      deleted += write.connection->changes();
    }
  }
  TESTUDO_CHECK(write.transaction.commit());
  return deleted;
}

Result<int> SqliteStore::purge(TimePoint before, size_t max_alerts) {
  TESTUDO_TRY(auto write, writer());
  Connection& connection = *write.connection;
  TESTUDO_CHECK(keep_marks(connection));
  int deleted = 0;
  {
    TESTUDO_TRY(auto statement, connection.prepare(sql::purge_old));
    TESTUDO_CHECK(statement.bind(unix_nanos(before)).bind(unix_nanos(before)).run());
    deleted += connection.changes();
  }
  if (max_alerts > 0) {
    TESTUDO_TRY(auto statement, connection.prepare(sql::purge_surplus));
    const auto keep = int64_t(std::min<uint64_t>(max_alerts, INT64_MAX));
    TESTUDO_CHECK(statement.bind(keep).bind(unix_nanos(std::max(before, now()))).run());
    deleted += connection.changes();
  }
  for (const char* query : {sql::purge_changes, sql::purge_allowlist_items}) {
    TESTUDO_TRY(auto statement, connection.prepare(query));
    TESTUDO_CHECK(statement.bind(unix_nanos(before)).run());
  }
  TESTUDO_CHECK(write.transaction.commit());
  return deleted;
}

Result<void> SqliteStore::set_value(const std::string& key, const std::string& value) {
  TESTUDO_TRY(auto write, writer());
  {
    TESTUDO_TRY(auto statement, write.connection->prepare(sql::set_value));
    TESTUDO_CHECK(statement.bind("value." + key).bind(value).run());
  }
  return write.transaction.commit();
}

}  // namespace testudo::store
