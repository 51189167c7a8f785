// Allowlists: named sets of prefixes that are never acted against.
#include <fmt/format.h>

#include "store/queries.h"
#include "store/rows.h"
#include "store/sqlite_store.h"

namespace testudo::store {

namespace {

Error unknown_allowlist(const std::string& name) {
  return Error{Code::not_found,
               fmt::format("there is no allowlist \"{}\"", name),
               {},
               "`testudo allowlists list` shows all names"};
}

Result<void> touch(Connection& connection, const std::string& name, TimePoint now) {
  TESTUDO_TRY(auto statement, connection.prepare(sql::touch_allowlist));
  TESTUDO_CHECK(statement.bind(unix_nanos(now)).bind(name).run());
  if (connection.changes() == 0) return unknown_allowlist(name);
  return {};
}

Result<void> read_items(Connection& connection, Allowlist& list, TimePoint now) {
  TESTUDO_TRY(auto statement, connection.prepare(sql::allowlist_items));
  statement.bind(list.name).bind(unix_nanos(now));
  for (;;) {
    TESTUDO_TRY(const bool row, statement.step());
    if (!row) return {};
    TESTUDO_TRY(auto item, read_allowlist_item(statement, connection.path()));
    list.items.push_back(std::move(item));
  }
}

}  // namespace

Result<std::vector<Allowlist>> SqliteStore::allowlists(TimePoint now) {
  TESTUDO_TRY(auto read, reader());
  TESTUDO_TRY(auto transaction, Transaction::begin(*read, Transaction::Kind::read));
  std::vector<Allowlist> lists;
  {
    TESTUDO_TRY(auto statement, read->prepare(sql::allowlists));
    for (;;) {
      TESTUDO_TRY(const bool row, statement.step());
      if (!row) break;
      lists.push_back({statement.text(0),
                       statement.text(1),
                       from_unix_nanos(statement.integer(2)),
                       from_unix_nanos(statement.integer(3)),
                       {}});
    }
  }
  for (Allowlist& list : lists) TESTUDO_CHECK(read_items(*read, list, now));
  TESTUDO_CHECK(transaction.commit());
  return lists;
}

Result<void> SqliteStore::create_allowlist(const std::string& name, const std::string& description,
                                           TimePoint now) {
  if (name.empty()) return Error{Code::bad_input, "an allowlist needs a name"};
  TESTUDO_TRY(auto write, writer());
  {
    TESTUDO_TRY(auto statement, write.connection->prepare(sql::insert_allowlist));
    TESTUDO_CHECK(statement.bind(name).bind(description).bind(unix_nanos(now)).bind(unix_nanos(now)).run());
    if (write.connection->changes() == 0)
      return Error{Code::conflict,
                   fmt::format("there is an allowlist \"{}\" already", name),
                   {},
                   fmt::format("`testudo allowlists inspect {}` shows it", name)};
  }
  return write.transaction.commit();
}

Result<void> SqliteStore::delete_allowlist(const std::string& name) {
  TESTUDO_TRY(auto write, writer());
  {
    TESTUDO_TRY(auto statement, write.connection->prepare(sql::delete_allowlist));
    TESTUDO_CHECK(statement.bind(name).run());
    if (write.connection->changes() == 0) return unknown_allowlist(name);
  }
  return write.transaction.commit();
}

Result<void> SqliteStore::put_allowlist_items(const std::string& name,
                                              const std::vector<AllowlistItem>& items, TimePoint now) {
  TESTUDO_TRY(auto write, writer());
  TESTUDO_CHECK(touch(*write.connection, name, now));
  {
    TESTUDO_TRY(auto statement, write.connection->prepare(sql::put_allowlist_item));
    for (const AllowlistItem& item : items) {
      const TimePoint created = item.created_at == TimePoint{} ? now : item.created_at;
      statement.bind(name)
          .bind(int64_t(item.prefix.ip.family))
          .bind(item.prefix.ip.bytes)
          .bind(int64_t(item.prefix.length))
          .bind(item.value.empty() ? item.prefix.text() : item.value)
          .bind(item.comment);
      if (item.expires_at)
        statement.bind(unix_nanos(*item.expires_at));
      else
        statement.bind_null();
      TESTUDO_CHECK(statement.bind(unix_nanos(created)).run());
    }
  }
  return write.transaction.commit();
}

Result<int> SqliteStore::remove_allowlist_items(const std::string& name, const std::vector<Prefix>& prefixes,
                                                TimePoint now) {
  TESTUDO_TRY(auto write, writer());
  TESTUDO_CHECK(touch(*write.connection, name, now));
  int removed = 0;
  {
    TESTUDO_TRY(auto statement, write.connection->prepare(sql::delete_allowlist_item));
    for (const Prefix& prefix : prefixes) {
      TESTUDO_CHECK(statement.bind(name)
                        .bind(int64_t(prefix.ip.family))
                        .bind(prefix.ip.bytes)
                        .bind(int64_t(prefix.length))
                        .run());
      removed += write.connection->changes();
    }
  }
  TESTUDO_CHECK(write.transaction.commit());
  return removed;
}

}  // namespace testudo::store
