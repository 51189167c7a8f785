// model/decision.h: what is to be done to whom, until when; and the changes that projections of it follow.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ip.h"
#include "base/time.h"

namespace testudo {

/// What the kernel and the bouncers can do. Other decision types are kept and served as text.
enum class Remediation : uint8_t { none = 0, ban = 1, throttle = 2, captcha = 3, log_only = 4 };

const char* remediation_name(Remediation remediation);
/// "ban" → ban …; unknown text → none.
Remediation remediation_of(std::string_view type);

struct Decision {
  int64_t id = 0;  ///< given by the store
  std::string uuid;
  int64_t alert_id = 0;
  std::string origin;  ///< "crowdsec" (by profile), "cscli" (by hand), "cscli-import", "lists" …
  std::string scenario;
  std::string scope;    ///< "Ip", "Range", "AS", "Country" or free text
  std::string value;    ///< as it was given
  std::string type;     ///< "ban", "captcha", …
  Duration duration{};  ///< as given by profile or caller
  TimePoint until{};
  TimePoint created_at{};
  bool simulated = false;
  std::optional<Prefix> prefix;  ///< for scopes Ip and Range: what is matched
};

/// "ip" → "Ip", "range" → "Range", "as" → "AS", "country" → "Country"; anything else as it is.
std::string normalize_scope(std::string_view scope);

/// decide → enforce, api, share: one prefix's effective state, computed from ALL active decisions on it,
/// so that the end of a short decision never lifts a longer one.
struct DecisionChange {
  enum class Op : uint8_t { set, clear };
  Op op = Op::set;
  uint64_t sequence = 0;  ///< ascending; a projection resumes behind the last one it applied
  Prefix prefix;
  // For `set`:
  Remediation remediation = Remediation::ban;
  TimePoint until{};
  std::string origin, scenario;
};

/// decide → enforce: the allowlist as the kernel must know it (lists, sessions, own addresses).
struct AllowChange {
  enum class Op : uint8_t { set, clear };
  enum class Reason : uint8_t { list = 1, session = 2, own = 3, configured = 4 };
  Op op = Op::set;
  Prefix prefix;
  Reason reason = Reason::list;
};

}  // namespace testudo
