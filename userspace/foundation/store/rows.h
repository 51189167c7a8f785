// store/rows.h: rows ↔ structs.
#pragma once

#include "store/connection.h"
#include "store/store.h"

namespace testudo::store {

/// First and last address of a prefix.
AddressBytes first_address(const Prefix& prefix);
AddressBytes last_address(const Prefix& prefix);

/// Binds the columns of TESTUDO_ALERT_COLUMNS / TESTUDO_DECISION_COLUMNS.
void bind_alert(Statement& statement, const Alert& alert);
void bind_decision(Statement& statement, const Decision& decision, int64_t alert_id);
void bind_change(Statement& statement, const ChangeRow& row);

/// Read the current row. corrupt: a column holds what this program never writes.
Result<Alert> read_alert(const Statement& row, const std::string& path);
Result<Decision> read_decision(const Statement& row, const std::string& path);
Result<AlertEvent> read_event(const Statement& row, int64_t alert_id, const std::string& path);
Result<ChangeRow> read_change(const Statement& row, const std::string& path);
Result<AllowlistItem> read_allowlist_item(const Statement& row, const std::string& path);

}  // namespace testudo::store
