// store/queries.h: every fixed query in one place. Filters are added by filter_sql.h.
//
// Plain SQL that SQLite and PostgreSQL both read (`?` is $n there). Column order is the order in which
// rows.cpp and commit.cpp bind and read.
#pragma once

namespace testudo::store::sql {

#define TESTUDO_ALERT_COLUMNS                                                                             \
  "id, uuid, scenario, scenario_version, scenario_hash, message, events_count, capacity, leakspeed, "     \
  "start_ns, stop_ns, start_text, stop_text, remediation, simulated, simulated_why, kind, machine_id, "   \
  "labels, meta, source_scope, source_value, source_ip, source_range, source_as_number, source_as_name, " \
  "source_cn, latitude, longitude, created_ns, ambiguous, line, source_name"
#define TESTUDO_DECISION_COLUMNS                                                                  \
  "id, uuid, alert_id, origin, scenario, scope, value, type, duration_ns, until_ns, created_ns, " \
  "simulated, params, family, prefix_start, prefix_end, prefix_length"

// An alert that is known already changes nothing: lines that are read again double nothing.
inline constexpr const char* insert_alert = "INSERT INTO alerts (" TESTUDO_ALERT_COLUMNS
                                            ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                                            "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                                            " ON CONFLICT (uuid) WHERE uuid <> '' DO NOTHING";
inline constexpr const char* insert_event =
    "INSERT INTO alert_events (alert_id, number, timestamp, meta) VALUES (?, ?, ?, ?)";
inline constexpr const char* insert_decision = "INSERT INTO decisions (" TESTUDO_DECISION_COLUMNS
                                               ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
inline constexpr const char* set_until = "UPDATE decisions SET until_ns = ? WHERE id = ?";
inline constexpr const char* insert_change =
    "INSERT INTO changes (sequence, op, family, address, prefix_length, remediation, until_ns, origin, "
    "scenario, at_ns, terms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
inline constexpr const char* put_position =
    "INSERT INTO positions (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = "
    "excluded.value";

inline constexpr const char* select_alerts = "SELECT " TESTUDO_ALERT_COLUMNS " FROM alerts";
inline constexpr const char* select_decisions = "SELECT " TESTUDO_DECISION_COLUMNS " FROM decisions";
inline constexpr const char* decisions_of_alert =
    "SELECT " TESTUDO_DECISION_COLUMNS " FROM decisions WHERE alert_id = ? ORDER BY id";
inline constexpr const char* events_of_alert =
    "SELECT timestamp, meta FROM alert_events WHERE alert_id = ? ORDER BY number";
inline constexpr const char* changes_after =
    "SELECT sequence, op, family, address, prefix_length, remediation, until_ns, origin, scenario, at_ns, "
    "terms FROM changes WHERE sequence > ? ORDER BY sequence LIMIT ?";
inline constexpr const char* uuids_since =
    "SELECT uuid FROM alerts WHERE created_ns >= ? AND uuid <> '' ORDER BY created_ns, id";
inline constexpr const char* positions = "SELECT name, value FROM positions ORDER BY name";

inline constexpr const char* allowlists =
    "SELECT name, description, created_ns, updated_ns FROM allowlists ORDER BY name";
inline constexpr const char* allowlist_items =
    "SELECT value, family, address, prefix_length, comment, expires_ns, created_ns FROM allowlist_items "
    "WHERE allowlist = ? AND (expires_ns IS NULL OR expires_ns > ?) ORDER BY family, address, prefix_length";
inline constexpr const char* insert_allowlist =
    "INSERT INTO allowlists (name, description, created_ns, updated_ns) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (name) DO NOTHING";
inline constexpr const char* delete_allowlist = "DELETE FROM allowlists WHERE name = ?";
inline constexpr const char* touch_allowlist = "UPDATE allowlists SET updated_ns = ? WHERE name = ?";
inline constexpr const char* put_allowlist_item =
    "INSERT INTO allowlist_items (allowlist, family, address, prefix_length, value, comment, expires_ns, "
    "created_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (allowlist, family, address, prefix_length) "
    "DO UPDATE SET comment = excluded.comment, expires_ns = excluded.expires_ns";
inline constexpr const char* delete_allowlist_item =
    "DELETE FROM allowlist_items WHERE allowlist = ? AND family = ? AND address = ? AND prefix_length = ?";

inline constexpr const char* get_value = "SELECT value FROM kv WHERE name = ?";
inline constexpr const char* set_value =
    "INSERT INTO kv (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";

// The highest number ever given: of the rows, and of those that were deleted (kv; written when rows go).
inline constexpr const char* last_alert_id =
    "SELECT coalesce(max(n), 0) FROM (SELECT max(id) AS n FROM alerts UNION ALL "
    "SELECT CAST(value AS INTEGER) AS n FROM kv WHERE name = 'mark.alert_id') AS given";
inline constexpr const char* last_decision_id =
    "SELECT coalesce(max(n), 0) FROM (SELECT max(id) AS n FROM decisions UNION ALL "
    "SELECT CAST(value AS INTEGER) AS n FROM kv WHERE name = 'mark.decision_id') AS given";
inline constexpr const char* last_sequence =
    "SELECT coalesce(max(n), 0) FROM (SELECT max(sequence) AS n FROM changes UNION ALL "
    "SELECT CAST(value AS INTEGER) AS n FROM kv WHERE name = 'mark.sequence') AS given";

inline constexpr const char* delete_alert = "DELETE FROM alerts WHERE id = ?";
// An alert has ended when it is old and so are the ends of all its decisions.
inline constexpr const char* purge_old =
    "DELETE FROM alerts WHERE created_ns < ? AND NOT EXISTS "
    "(SELECT 1 FROM decisions WHERE alert_id = alerts.id AND until_ns >= ?)";
// Beyond the newest `?` alerts; what is in force stays whatever the count.
inline constexpr const char* purge_surplus =
    "DELETE FROM alerts WHERE id <= (SELECT id FROM alerts ORDER BY id DESC LIMIT 1 OFFSET ?) AND NOT EXISTS "
    "(SELECT 1 FROM decisions WHERE alert_id = alerts.id AND until_ns >= ?)";
inline constexpr const char* purge_changes = "DELETE FROM changes WHERE at_ns < ?";
inline constexpr const char* purge_allowlist_items =
    "DELETE FROM allowlist_items WHERE expires_ns IS NOT NULL AND expires_ns < ?";

}  // namespace testudo::store::sql
