// store/sqlite_store.h: the store over SQLite.
//
// Threads: one writing connection behind a mutex; readers take a connection of their own from a small pool,
// so that a long list neither waits for a commit nor holds one up (WAL). Each call reads one snapshot. A
// database in memory has one connection, and readers take the writer's turn.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "store/connection.h"
#include "store/file_lock.h"
#include "store/store.h"

namespace testudo::store {

class SqliteStore final : public Store {
 public:
  static Result<std::unique_ptr<Store>> open(const Options& options);

  Result<void> commit(const CommitBatch& batch) override;
  int64_t last_alert_id() override;
  int64_t last_decision_id() override;
  uint64_t last_sequence() override;
  Result<std::vector<Alert>> alerts(const AlertFilter& filter, TimePoint now) override;
  Result<std::vector<Decision>> decisions(const DecisionFilter& filter, TimePoint now) override;
  Result<std::vector<ChangeRow>> changes_after(uint64_t sequence, size_t limit) override;
  Result<std::vector<std::string>> alert_uuids_since(TimePoint since) override;
  Result<std::vector<Allowlist>> allowlists(TimePoint now) override;
  Result<void> create_allowlist(const std::string& name, const std::string& description,
                                TimePoint now) override;
  Result<void> delete_allowlist(const std::string& name) override;
  Result<void> put_allowlist_items(const std::string& name, const std::vector<AllowlistItem>& items,
                                   TimePoint now) override;
  Result<int> remove_allowlist_items(const std::string& name, const std::vector<Prefix>& prefixes,
                                     TimePoint now) override;
  Result<std::vector<Position>> positions() override;
  Result<int> delete_alerts(const std::vector<int64_t>& ids) override;
  Result<int> purge(TimePoint before, size_t max_alerts) override;
  Result<std::string> get_value(const std::string& key) override;
  Result<void> set_value(const std::string& key, const std::string& value) override;

 private:
  /// A connection to read from, given back at the end.
  class Reader;
  /// The writing connection inside a transaction, held alone.
  struct Writer {
    std::unique_lock<std::mutex> turn;
    Connection* connection;
    Transaction transaction;
  };

  explicit SqliteStore(Options options) : options_(std::move(options)) {}
  bool in_memory() const { return options_.path == ":memory:"; }
  Result<void> start();
  Result<void> prepare_file();
  Result<Reader> reader();
  Result<Writer> writer();
  int64_t mark(const char* query, std::atomic<int64_t>& known);

  const Options options_;
  FileLock lock_;
  std::mutex write_mutex_;
  std::unique_ptr<Connection> writer_;  ///< nullptr when opened for reading
  std::mutex pool_mutex_;
  std::vector<std::unique_ptr<Connection>> idle_readers_;
  // The highest numbers given; ids come from the caller, who asks for them before each batch.
  std::atomic<int64_t> alert_id_ = 0, decision_id_ = 0, sequence_ = 0;
};

class SqliteStore::Reader {
 public:
  Reader(SqliteStore& store, std::unique_ptr<Connection> own) : store_(&store), own_(std::move(own)) {}
  Reader(SqliteStore& store, std::unique_lock<std::mutex> turn) : store_(&store), turn_(std::move(turn)) {}
  Reader(Reader&&) = default;
  Reader& operator=(Reader&&) = delete;
  ~Reader();
  Connection& operator*() { return own_ ? *own_ : *store_->writer_; }
  Connection* operator->() { return &**this; }

 private:
  SqliteStore* store_;
  std::unique_ptr<Connection> own_;
  std::unique_lock<std::mutex> turn_;  ///< in memory: of the writer
};

}  // namespace testudo::store
