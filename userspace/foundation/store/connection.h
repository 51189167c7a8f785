// store/connection.h: one SQLite connection, its prepared statements, and transactions on it.
//
// Not thread-safe: whoever holds a connection holds it alone (sqlite_store.h says how). Statements are kept
// by their text, so that a query is compiled once per connection; the number kept is bounded, because the
// text of a filter depends on what a request asks for.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace testudo::store {

/// Start or end of a prefix; compared bytewise.
using AddressBytes = std::array<uint8_t, 16>;
using SqlValue = std::variant<int64_t, std::string, AddressBytes>;

class Connection;

/// A prepared statement, borrowed; goes back, reset, when it ends. `?` are bound from left to right.
class Statement {
 public:
  Statement(Connection& connection, sqlite3_stmt* statement, bool* in_use);
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  Statement& bind(int64_t value);
  Statement& bind_real(double value);
  Statement& bind(std::string_view text);
  Statement& bind_blob(std::string_view bytes);
  Statement& bind(const AddressBytes& bytes);
  Statement& bind_null();
  Statement& bind(const std::vector<SqlValue>& values);

  /// True: a row is there. A failed bind is reported here. Columns count from 0.
  Result<bool> step();
  /// Steps to the end, and makes the statement ready for the next values.
  Result<void> run();

  bool is_null(int column) const;
  int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;  ///< text or blob, every byte of it

 private:
  Connection* connection_;
  sqlite3_stmt* statement_;
  bool* in_use_;  ///< of the kept statement; nullptr: finalize at the end
  int next_ = 1;
  int bind_error_ = 0;
  void bound(int code);
};

class Connection {
 public:
  /// `read_only` never creates the file. Neither checks what the file holds: the first statement does.
  static Result<std::unique_ptr<Connection>> open(const std::string& path, bool read_only);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<Statement> prepare(std::string_view sql);
  /// Statements without values and rows, separated by semicolons.
  Result<void> execute(const std::string& sql);
  /// First column of the first row; 0 without a row or when it is NULL.
  Result<int64_t> number(std::string_view sql);
  /// Rows changed by the last INSERT, UPDATE or DELETE.
  int changes() const;
  bool in_transaction() const;
  /// What SQLite says about `code` on this connection, with a remedy.
  Error error(int code) const;
  const std::string& path() const { return path_; }

 private:
  struct Kept {
    sqlite3_stmt* statement = nullptr;
    bool in_use = false;
  };
  Connection(sqlite3* database, std::string path) : database_(database), path_(std::move(path)) {}
  sqlite3* database_;
  std::string path_;
  std::unordered_map<std::string, Kept> kept_;
};

/// All or nothing: rolled back unless commit() succeeded.
class Transaction {
 public:
  enum class Kind { read, write };
  static Result<Transaction> begin(Connection& connection, Kind kind);
  Transaction(Transaction&& other) noexcept : connection_(other.connection_) { other.connection_ = nullptr; }
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Connection* connection) : connection_(connection) {}
  Connection* connection_;
};

}  // namespace testudo::store
