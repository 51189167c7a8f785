// Opening: the folder and file, the lock, integrity, schema; and the connections behind readers and writers.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/log.h"
#include "store/errors.h"
#include "store/migrations.h"
#include "store/queries.h"
#include "store/sqlite_store.h"

namespace testudo {

Result<std::unique_ptr<Store>> Store::open(const Options& options) {
  return store::SqliteStore::open(options);
}

}  // namespace testudo

namespace testudo::store {

namespace {

constexpr size_t idle_readers_max = 4;

Result<void> check_integrity(Connection& connection) {
  TESTUDO_TRY(auto statement, connection.prepare("PRAGMA quick_check(1)"));
  TESTUDO_TRY(const bool row, statement.step());
  if (const std::string found = row ? statement.text(0) : "no answer"; found != "ok")
    return corrupt_error("the store is damaged: " + found, connection.path());
  return {};
}

// After the schema was recognised, for this changes the file.
Result<void> use_write_ahead_log(Connection& connection) {
  // FULL: the log is synced with each commit, so that a power cut takes nothing that was acknowledged.
  TESTUDO_CHECK(connection.execute("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864"));
  TESTUDO_TRY(auto statement, connection.prepare("PRAGMA journal_mode = WAL"));
  TESTUDO_TRY(const bool row, statement.step());
  if (const std::string mode = row ? statement.text(0) : ""; mode != "wal")
    log::warn("store.no_wal",
              {{"path", connection.path()},
               {"mode", mode},
               {"effect", "lists and commits wait for one another; is this a network file system?"}});
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> SqliteStore::open(const Options& options) {
  if (options.path.empty())
    return Error{Code::bad_config, "the store has an empty path", {}, "give the path of the database file"};
  std::unique_ptr<SqliteStore> store(new SqliteStore(options));
  TESTUDO_CHECK(store->start());
  return std::unique_ptr<Store>(std::move(store));
}

Result<void> SqliteStore::start() {
  if (options_.read_only) {
    if (!file_exists(options_.path))
      return Error{
          Code::not_found, "there is no store", {options_.path}, "the daemon makes it when it starts"};
    TESTUDO_TRY(auto read, reader());
    TESTUDO_CHECK(check_version(*read, migrations()));
    return {};
  }
  if (!in_memory()) TESTUDO_CHECK(prepare_file());
  TESTUDO_TRY(writer_, Connection::open(options_.path, false));
  TESTUDO_CHECK(check_integrity(*writer_));
  TESTUDO_CHECK(migrate(*writer_, migrations()));
  if (!in_memory()) TESTUDO_CHECK(use_write_ahead_log(*writer_));
  TESTUDO_TRY(alert_id_, writer_->number(sql::last_alert_id));
  TESTUDO_TRY(decision_id_, writer_->number(sql::last_decision_id));
  TESTUDO_TRY(sequence_, writer_->number(sql::last_sequence));
  return {};
}

Result<void> SqliteStore::prepare_file() {
  if (const size_t slash = options_.path.rfind('/'); slash != std::string::npos && slash > 0)
    if (const std::string folder = options_.path.substr(0, slash); !file_exists(folder))
      TESTUDO_CHECK(make_directories(folder, 0750));
  TESTUDO_TRY(lock_, FileLock::take(options_.path + ".lock"));
  // Made here for its mode, which SQLite copies to -wal and -shm. A file that exists is not opened: closing
  // it would drop the record locks of a connection that this process may hold on it.
  const Fd made(::open(options_.path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!made && errno != EEXIST)
    return errno_error("cannot create the store", errno, {options_.path},
                       "the user of the daemon must be able to write its folder");
  if (made && fchmod(made.get(), 0640) != 0)
    return errno_error("cannot set the mode of the store", errno, {options_.path});
  return {};
}

Result<SqliteStore::Reader> SqliteStore::reader() {
  if (in_memory()) return Reader(*this, std::unique_lock(write_mutex_));
  {
    const std::lock_guard guard(pool_mutex_);
    if (!idle_readers_.empty()) {
      auto connection = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return Reader(*this, std::move(connection));
    }
  }
  TESTUDO_TRY(auto connection, Connection::open(options_.path, true));
  return Reader(*this, std::move(connection));
}

SqliteStore::Reader::~Reader() {
  if (!own_) return;
  const std::lock_guard guard(store_->pool_mutex_);
  if (store_->idle_readers_.size() < idle_readers_max) store_->idle_readers_.push_back(std::move(own_));
}

Result<SqliteStore::Writer> SqliteStore::writer() {
  if (!writer_)
    return Error{Code::permission, "the store is open for reading", {options_.path}, "the daemon changes it"};
  std::unique_lock turn(write_mutex_);
  TESTUDO_TRY(auto transaction, Transaction::begin(*writer_, Transaction::Kind::write));
  return Writer{std::move(turn), writer_.get(), std::move(transaction)};
}

int64_t SqliteStore::mark(const char* query, std::atomic<int64_t>& known) {
  if (writer_) return known;
  // Opened for reading: another process moves the numbers.
  auto read = reader();
  auto number = read ? (*read)->number(query) : Result<int64_t>(read.error());
  if (number)
    known = *number;
  else
    log::error("store.read_failed", {{"error", number.error().text()}});
  return known;
}

int64_t SqliteStore::last_alert_id() { return mark(sql::last_alert_id, alert_id_); }
int64_t SqliteStore::last_decision_id() { return mark(sql::last_decision_id, decision_id_); }
uint64_t SqliteStore::last_sequence() { return uint64_t(mark(sql::last_sequence, sequence_)); }

}  // namespace testudo::store
