// model/alert.h: what an overflow says: who did what, when, and which events show it.
//
// Made by detect, enriched by postoverflows, judged by decide, kept by store, shown by api. Everything is
// owned: an alert outlives the lines that caused it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "model/decision.h"

namespace testudo {

using MetaPairs = std::vector<std::pair<std::string, std::string>>;

struct AlertEvent {
  std::string timestamp;  ///< RFC 3339, as the log had it
  MetaPairs meta;         ///< sorted by key
  const std::string* find(std::string_view key) const {
    for (const auto& [k, v] : meta)
      if (k == key) return &v;
    return nullptr;
  }
};

struct AlertSource {
  std::string scope;  ///< "Ip", "Range", or the scenario's own
  std::string value;
  std::string ip, range, as_number, as_name, cn;
  float latitude = 0, longitude = 0;
};

struct Alert {
  int64_t id = 0;    ///< given by the store
  std::string uuid;  ///< function of (scenario, key, source, position of the first line): a line read twice
                     ///< doubles nothing
  std::string scenario, scenario_version, scenario_hash;
  std::string message;
  int32_t events_count = 0;
  int32_t capacity = 0;
  std::string leakspeed;
  TimePoint start_at{}, stop_at{};
  std::string start_text, stop_text;  ///< RFC 3339 with the log's offset; what is shown
  bool remediation = false;           ///< label `remediation: true`
  bool simulated = false;
  std::string simulated_why;  ///< "" | "simulation" | "ambiguous line" | "no witness on the wire" | "late":
                              ///< shown by `why`
  std::string kind = "crowdsec";
  std::string machine_id;
  std::vector<std::string> labels;
  MetaPairs meta;  ///< alert context; values are JSON arrays
  AlertSource source;
  std::vector<AlertEvent> events;
  std::vector<Decision> decisions;
  TimePoint created_at{};

  // Inside the process only:
  int64_t first_read_mono = 0;      ///< monotonic ns of the read of the line that overflowed; 0 = unknown
  uint64_t line_number = 0;         ///< replay: line whose event overflowed
  bool ambiguous = false;           ///< rests on events whose source could be another address in the line
  uint8_t witness = 0;              ///< what its events' sources ask for (model/event.h); 0 = nothing
  std::vector<std::string> rivals;  ///< ambiguous: other addresses that the last line could mean as well
  std::string line;                 ///< the raw line that overflowed, at most 2 KiB; for `why`
  std::string source_name;          ///< "file:/var/log/auth.log"
};

/// One bucket's overflow: the alert's content and its sources. For scopes with one source (nearly always)
/// `alerts` has one element.
struct Overflow {
  std::string bucket_id, mapkey;
  bool whitelisted = false;
  std::string whitelist_reason;
  bool reprocess = false;
  std::vector<Alert> alerts;  ///< one per source; the first is evt.Overflow.Alert
  /// Keys of evt.Overflow.Sources, in the order of `alerts`: the value that a source had when the bucket
  /// overflowed. Postoverflows may change the source's scope and value (an IPv6 address to its network),
  /// never the key.
  std::vector<std::string> source_keys;
};

}  // namespace testudo
