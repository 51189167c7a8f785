// api/read_json.h: request bodies → model structs.
//
// Reads as Go's decoder does: names in any case, unknown fields ignored, bytes behind the first value not
// read. Depth, text lengths, counts and times are bounded here; nothing behind this file sees a value that is
// not.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/alert.h"
#include "store/store.h"

namespace testudo {

struct SkippedAlert {
  Error error;           ///< says which alert (by index) and which field
  bool by_hand = false;  ///< its first decision has origin "cscli": somebody waits for an answer
};
struct ReadAlerts {
  std::vector<Alert> alerts;
  std::vector<SkippedAlert> skipped;
};
/// Body of POST /v1/alerts. An error only when it is no JSON array; a bad alert is skipped, the rest is kept,
/// because an agent posts a refused batch again every second. Decisions get `until` = stop_at + duration
/// (stop_at counts as now when it is no time or lies ahead), their prefix, and a uuid; alerts a uuid of their
/// own.
Result<ReadAlerts> read_alerts(std::string_view body, TimePoint now);

/// {"targets": ["192.0.2.1", "10.0.0.0/8"]}
Result<std::vector<std::string>> read_targets(std::string_view body);

/// {"name": "office", "description": "…"}
struct NewAllowlist {
  std::string name, description;
};
Result<NewAllowlist> read_new_allowlist(std::string_view body);
/// Letters, digits and `._-`, at most 64, because names stand in paths, tables and log lines.
Result<void> check_allowlist_name(std::string_view name);

/// {"items": [{"value": "10.0.0.0/8", "comment": "…", "duration": "7d" | "expiration": RFC 3339}]}
Result<std::vector<AllowlistItem>> read_allowlist_items(std::string_view body, TimePoint now);
/// {"values": ["10.0.0.0/8"]}
Result<std::vector<Prefix>> read_prefixes(std::string_view body);

}  // namespace testudo
