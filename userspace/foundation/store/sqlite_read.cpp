// Reading: one call, one snapshot.
#include <algorithm>

#include "store/filter_sql.h"
#include "store/queries.h"
#include "store/rows.h"
#include "store/sqlite_store.h"

namespace testudo::store {

namespace {

Result<void> read_events(Connection& connection, Alert& alert) {
  TESTUDO_TRY(auto statement, connection.prepare(sql::events_of_alert));
  statement.bind(alert.id);
  for (;;) {
    TESTUDO_TRY(const bool row, statement.step());
    if (!row) return {};
    TESTUDO_TRY(auto event, read_event(statement, alert.id, connection.path()));
    alert.events.push_back(std::move(event));
  }
}

// Steps `statement` to its end.
Result<void> read_decisions(Statement& statement, const std::string& path, std::vector<Decision>& out) {
  for (;;) {
    TESTUDO_TRY(const bool row, statement.step());
    if (!row) return {};
    TESTUDO_TRY(auto decision, read_decision(statement, path));
    out.push_back(std::move(decision));
  }
}

}  // namespace

Result<std::vector<Alert>> SqliteStore::alerts(const AlertFilter& filter, TimePoint now) {
  TESTUDO_TRY(const Condition condition, condition_of(filter, now));
  TESTUDO_TRY(auto read, reader());
  TESTUDO_TRY(auto transaction, Transaction::begin(*read, Transaction::Kind::read));
  std::vector<Alert> alerts;
  {
    TESTUDO_TRY(auto statement, read->prepare(sql::select_alerts + condition.text));
    statement.bind(condition.values);
    for (;;) {
      TESTUDO_TRY(const bool row, statement.step());
      if (!row) break;
      TESTUDO_TRY(auto alert, read_alert(statement, read->path()));
      alerts.push_back(std::move(alert));
    }
  }
  for (Alert& alert : alerts) {
    if (filter.with_decisions) {
      TESTUDO_TRY(auto statement, read->prepare(sql::decisions_of_alert));
      statement.bind(alert.id);
      TESTUDO_CHECK(read_decisions(statement, read->path(), alert.decisions));
    }
    if (filter.with_events) TESTUDO_CHECK(read_events(*read, alert));
  }
  TESTUDO_CHECK(transaction.commit());
  return alerts;
}

Result<std::vector<Decision>> SqliteStore::decisions(const DecisionFilter& filter, TimePoint now) {
  TESTUDO_TRY(const Condition condition, condition_of(filter, now));
  TESTUDO_TRY(auto read, reader());
  TESTUDO_TRY(auto statement, read->prepare(sql::select_decisions + condition.text));
  statement.bind(condition.values);
  std::vector<Decision> decisions;
  TESTUDO_CHECK(read_decisions(statement, read->path(), decisions));
  return decisions;
}

Result<std::vector<ChangeRow>> SqliteStore::changes_after(uint64_t sequence, size_t limit) {
  TESTUDO_TRY(auto read, reader());
  TESTUDO_TRY(auto statement, read->prepare(sql::changes_after));
  const auto number = [](uint64_t n) { return int64_t(std::min<uint64_t>(n, INT64_MAX)); };
  statement.bind(number(sequence)).bind(number(limit));
  std::vector<ChangeRow> rows;
  for (;;) {
    TESTUDO_TRY(const bool row, statement.step());
    if (!row) return rows;
    TESTUDO_TRY(auto change, read_change(statement, read->path()));
    rows.push_back(std::move(change));
  }
}

Result<std::vector<std::string>> SqliteStore::alert_uuids_since(TimePoint since) {
  TESTUDO_TRY(auto read, reader());
  TESTUDO_TRY(auto statement, read->prepare(sql::uuids_since));
  statement.bind(unix_nanos(since));
  std::vector<std::string> uuids;
  for (;;) {
    TESTUDO_TRY(const bool row, statement.step());
    if (!row) return uuids;
    uuids.push_back(statement.text(0));
  }
}

Result<std::vector<Position>> SqliteStore::positions() {
  TESTUDO_TRY(auto read, reader());
  TESTUDO_TRY(auto statement, read->prepare(sql::positions));
  std::vector<Position> positions;
  for (;;) {
    TESTUDO_TRY(const bool row, statement.step());
    if (!row) return positions;
    positions.push_back({statement.text(0), statement.text(1)});
  }
}

Result<std::string> SqliteStore::get_value(const std::string& key) {
  TESTUDO_TRY(auto read, reader());
  TESTUDO_TRY(auto statement, read->prepare(sql::get_value));
  statement.bind("value." + key);
  TESTUDO_TRY(const bool row, statement.step());
  return row ? statement.text(0) : std::string();
}

}  // namespace testudo::store
