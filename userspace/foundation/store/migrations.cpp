#include "store/migrations.h"

#include <fmt/format.h>

#include "base/log.h"

namespace testudo::store {

namespace {

// "tdo1": tells our files from other programs' databases.
constexpr int64_t application_id = 0x74646f31;

// Times are nanoseconds since 1970, UTC. INTEGER is 64 bits wide. A prefix is its family (4, 6), its first
// and last address (16 bytes; IPv4 in the first four, the rest zero) and its length; NULL where a scope has
// none.
constexpr const char* version_1 = R"sql(
CREATE TABLE alerts (
  id INTEGER PRIMARY KEY,
  uuid TEXT NOT NULL,
  scenario TEXT NOT NULL,
  scenario_version TEXT NOT NULL,
  scenario_hash TEXT NOT NULL,
  message TEXT NOT NULL,
  events_count INTEGER NOT NULL,
  capacity INTEGER NOT NULL,
  leakspeed TEXT NOT NULL,
  start_ns INTEGER NOT NULL,
  stop_ns INTEGER NOT NULL,
  start_text TEXT NOT NULL,
  stop_text TEXT NOT NULL,
  remediation INTEGER NOT NULL,
  simulated INTEGER NOT NULL,
  simulated_why TEXT NOT NULL,
  kind TEXT NOT NULL,
  machine_id TEXT NOT NULL,
  labels TEXT NOT NULL,
  meta TEXT NOT NULL,
  source_scope TEXT NOT NULL,
  source_value TEXT NOT NULL,
  source_ip TEXT NOT NULL,
  source_range TEXT NOT NULL,
  source_as_number TEXT NOT NULL,
  source_as_name TEXT NOT NULL,
  source_cn TEXT NOT NULL,
  latitude DOUBLE PRECISION NOT NULL,
  longitude DOUBLE PRECISION NOT NULL,
  created_ns INTEGER NOT NULL,
  ambiguous INTEGER NOT NULL,
  line BLOB NOT NULL,
  source_name TEXT NOT NULL
);
CREATE UNIQUE INDEX alerts_uuid ON alerts (uuid) WHERE uuid <> '';
CREATE INDEX alerts_created ON alerts (created_ns, id);
CREATE INDEX alerts_start ON alerts (start_ns);
CREATE INDEX alerts_source ON alerts (source_value);

CREATE TABLE alert_events (
  alert_id INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  timestamp TEXT NOT NULL,
  meta TEXT NOT NULL,
  PRIMARY KEY (alert_id, number)
);

CREATE TABLE decisions (
  id INTEGER PRIMARY KEY,
  uuid TEXT NOT NULL,
  alert_id INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
  origin TEXT NOT NULL,
  scenario TEXT NOT NULL,
  scope TEXT NOT NULL,
  value TEXT NOT NULL,
  type TEXT NOT NULL,
  duration_ns INTEGER NOT NULL,
  until_ns INTEGER NOT NULL,
  created_ns INTEGER NOT NULL,
  simulated INTEGER NOT NULL,
  family INTEGER,
  prefix_start BLOB,
  prefix_end BLOB,
  prefix_length INTEGER
);
CREATE INDEX decisions_uuid ON decisions (uuid);
CREATE INDEX decisions_alert ON decisions (alert_id);
CREATE INDEX decisions_until ON decisions (until_ns);
CREATE INDEX decisions_value ON decisions (value);
CREATE INDEX decisions_prefix ON decisions (family, prefix_start, prefix_end);

CREATE TABLE changes (
  sequence INTEGER PRIMARY KEY,
  op INTEGER NOT NULL,
  family INTEGER NOT NULL,
  address BLOB NOT NULL,
  prefix_length INTEGER NOT NULL,
  remediation INTEGER NOT NULL,
  until_ns INTEGER NOT NULL,
  origin TEXT NOT NULL,
  scenario TEXT NOT NULL,
  at_ns INTEGER NOT NULL
);
CREATE INDEX changes_at ON changes (at_ns);

CREATE TABLE allowlists (
  name TEXT PRIMARY KEY,
  description TEXT NOT NULL,
  created_ns INTEGER NOT NULL,
  updated_ns INTEGER NOT NULL
);
CREATE TABLE allowlist_items (
  allowlist TEXT NOT NULL REFERENCES allowlists (name) ON DELETE CASCADE,
  family INTEGER NOT NULL,
  address BLOB NOT NULL,
  prefix_length INTEGER NOT NULL,
  value TEXT NOT NULL,
  comment TEXT NOT NULL,
  expires_ns INTEGER,
  created_ns INTEGER NOT NULL,
  PRIMARY KEY (allowlist, family, address, prefix_length)
);

CREATE TABLE positions (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
CREATE TABLE kv (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
)sql";

// params: JSON object or ''. terms: what a change narrows itself to (rows.cpp), '' = nothing.
constexpr const char* version_2 = R"sql(
ALTER TABLE decisions ADD COLUMN params TEXT NOT NULL DEFAULT '';
ALTER TABLE changes ADD COLUMN terms TEXT NOT NULL DEFAULT '';
)sql";

constexpr Migration all[] = {
    {1, version_1, nullptr},
    {2, version_2, nullptr},
};

Result<int64_t> version_of(Connection& connection) {
  TESTUDO_TRY(const int64_t version, connection.number("PRAGMA user_version"));
  TESTUDO_TRY(const int64_t owner, connection.number("PRAGMA application_id"));
  TESTUDO_TRY(const int64_t tables, connection.number("SELECT count(*) FROM sqlite_master"));
  if (tables != 0 && owner != application_id)
    return Error{Code::unsupported,
                 "this is the database of another program",
                 {connection.path()},
                 "give another `paths.state`, or move the file away"};
  return version;
}

Error too_new(const Connection& connection, int64_t found, int known) {
  return Error{Code::unsupported,
               fmt::format("the store has schema version {}, this program knows up to {}", found, known),
               {connection.path()},
               "it was written by a newer release: install that one, or move the file away to start empty"};
}

Result<void> apply(Connection& connection, const Migration& step) {
  TESTUDO_TRY(auto transaction, Transaction::begin(connection, Transaction::Kind::write));
  TESTUDO_CHECK(connection.execute(step.sql));
  if (step.run) TESTUDO_CHECK(step.run(connection));
  TESTUDO_CHECK(connection.execute(
      fmt::format("PRAGMA user_version = {}; PRAGMA application_id = {}", step.version, application_id)));
  return transaction.commit();
}

}  // namespace

std::span<const Migration> migrations() { return all; }

Result<void> migrate(Connection& connection, std::span<const Migration> steps) {
  TESTUDO_TRY(const int64_t found, version_of(connection));
  if (found > steps.back().version) return too_new(connection, found, steps.back().version);
  for (const Migration& step : steps) {
    if (step.version <= found) continue;
    if (auto applied = apply(connection, step); !applied) {
      Error error = applied.error();
      error.message = fmt::format("schema version {} cannot be reached: {}", step.version, error.message);
      return error;
    }
    if (found != 0) log::info("store.migrated", {{"path", connection.path()}, {"version", step.version}});
  }
  return {};
}

Result<void> check_version(Connection& connection, std::span<const Migration> steps) {
  TESTUDO_TRY(const int64_t found, version_of(connection));
  if (found > steps.back().version) return too_new(connection, found, steps.back().version);
  if (found < steps.back().version)
    return Error{
        Code::unsupported,
        fmt::format("the store has schema version {}, this program reads {}", found, steps.back().version),
        {connection.path()},
        "start the daemon once: it brings the store up to date"};
  return {};
}

}  // namespace testudo::store
