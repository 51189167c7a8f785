#include "store/connection.h"

#include <sqlite3.h>

#include <utility>

#include "base/log.h"
#include "store/errors.h"

namespace testudo::store {

namespace {
// Enough for every fixed query and the usual shapes of filters.
constexpr size_t kept_statements_max = 128;
constexpr int busy_timeout_ms = 5000;
}  // namespace

Statement::Statement(Connection& connection, sqlite3_stmt* statement, bool* in_use)
    : connection_(&connection), statement_(statement), in_use_(in_use) {
  if (in_use_) *in_use_ = true;
}

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      statement_(std::exchange(other.statement_, nullptr)),
      in_use_(std::exchange(other.in_use_, nullptr)),
      next_(other.next_),
      bind_error_(other.bind_error_) {}

Statement::~Statement() {
  if (!statement_) return;
  if (!in_use_) {
    sqlite3_finalize(statement_);
    return;
  }
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  *in_use_ = false;
}

void Statement::bound(int code) {
  if (code != SQLITE_OK && bind_error_ == 0) bind_error_ = code;
  ++next_;
}

Statement& Statement::bind(int64_t value) {
  bound(sqlite3_bind_int64(statement_, next_, value));
  return *this;
}
Statement& Statement::bind_real(double value) {
  bound(sqlite3_bind_double(statement_, next_, value));
  return *this;
}
Statement& Statement::bind(std::string_view text) {
  // An empty view may have no address, and SQLite takes that for NULL.
  const char* data = text.empty() ? "" : text.data();
  bound(sqlite3_bind_text64(statement_, next_, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}
Statement& Statement::bind_blob(std::string_view bytes) {
  const char* data = bytes.empty() ? "" : bytes.data();
  bound(sqlite3_bind_blob64(statement_, next_, data, bytes.size(), SQLITE_TRANSIENT));
  return *this;
}
Statement& Statement::bind(const AddressBytes& bytes) {
  return bind_blob({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}
Statement& Statement::bind_null() {
  bound(sqlite3_bind_null(statement_, next_));
  return *this;
}
Statement& Statement::bind(const std::vector<SqlValue>& values) {
  for (const SqlValue& value : values) {
    if (const auto* number = std::get_if<int64_t>(&value))
      bind(*number);
    else if (const auto* text = std::get_if<std::string>(&value))
      bind(std::string_view(*text));
    else
      bind(std::get<AddressBytes>(value));
  }
  return *this;
}

Result<bool> Statement::step() {
  if (bind_error_ != 0) return connection_->error(bind_error_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return connection_->error(code);
}

Result<void> Statement::run() {
  for (;;) {
    auto row = step();
    if (!row) return std::move(row).error();
    if (!*row) break;
  }
  sqlite3_reset(statement_);
  next_ = 1;
  return {};
}

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double Statement::real(int column) const { return sqlite3_column_double(statement_, column); }
std::string Statement::text(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data ? std::string(static_cast<const char*>(data), size_t(size)) : std::string();
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, bool read_only) {
  sqlite3* database = nullptr;
  const int flags =
      SQLITE_OPEN_NOMUTEX | (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  if (!database) return Error{Code::io, "out of memory while opening the store", {path}};
  std::unique_ptr<Connection> connection(new Connection(database, path));
  if (code != SQLITE_OK) return connection->error(code);
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_timeout(database, busy_timeout_ms);
  // A damaged or hostile file must not run code or lead outside itself.
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
  return connection;
}

Connection::~Connection() {
  for (auto& [sql, kept] : kept_) sqlite3_finalize(kept.statement);
  sqlite3_close_v2(database_);
}

Result<Statement> Connection::prepare(std::string_view sql) {
  const auto found = kept_.find(std::string(sql));
  if (found != kept_.end() && !found->second.in_use)
    return Statement(*this, found->second.statement, &found->second.in_use);
  const bool keep = found == kept_.end() && kept_.size() < kept_statements_max;
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_, sql.data(), int(sql.size()),
                                      keep ? SQLITE_PREPARE_PERSISTENT : 0, &statement, nullptr);
  if (code != SQLITE_OK) return error(code);
  if (!keep) return Statement(*this, statement, nullptr);
  Kept& kept = kept_[std::string(sql)];
  kept.statement = statement;
  return Statement(*this, statement, &kept.in_use);
}

Result<void> Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(code);
  return {};
}

Result<int64_t> Connection::number(std::string_view sql) {
  TESTUDO_TRY(auto statement, prepare(sql));
  TESTUDO_TRY(const bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

int Connection::changes() const { return sqlite3_changes(database_); }
bool Connection::in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }

Error Connection::error(int code) const {
  return sqlite_error(code, sqlite3_errmsg(database_), sqlite3_system_errno(database_), path_);
}

Result<Transaction> Transaction::begin(Connection& connection, Kind kind) {
  TESTUDO_TRY(auto statement, connection.prepare(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN"));
  TESTUDO_CHECK(statement.run());
  return Transaction(&connection);
}

Result<void> Transaction::commit() {
  TESTUDO_TRY(auto statement, connection_->prepare("COMMIT"));
  TESTUDO_CHECK(statement.run());
  connection_ = nullptr;
  return {};
}

Transaction::~Transaction() {
  // SQLite rolls back by itself on some errors (disk full); then there is nothing left to undo.
  if (!connection_ || !connection_->in_transaction()) return;
  if (auto undone = connection_->execute("ROLLBACK"); !undone)
    log::error("store.rollback_failed", {{"error", undone.error().text()}});
}

}  // namespace testudo::store
