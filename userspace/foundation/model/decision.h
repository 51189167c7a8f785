// model/decision.h: what is to be done to whom, until when; and the changes that projections of it follow.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/time.h"

namespace testudo {

/// What the kernel and the bouncers can do. Other decision types are kept and served as text.
enum class Remediation : uint8_t {
  none = 0,
  ban = 1,
  throttle = 2,
  captcha = 3,
  log_only = 4,  ///< would be banned: counted, passes
  sample = 5,    ///< one packet in N is told, all pass
  reset = 6,     ///< a ban that answers TCP with RST, so that clients fail fast
};

const char* remediation_name(Remediation remediation);
/// "ban" → ban …; unknown text → none.
Remediation remediation_of(std::string_view type);

/// What a decision narrows itself to, and how strong it is: the parts of its `params` that the kernel knows.
struct Terms {
  enum class Unit : uint8_t { packets, bytes };
  uint8_t protocol = 0;     ///< as in an IP header: 6 = TCP, 17 = UDP …; 0 = any
  uint16_t port_first = 0;  ///< ports of this host, first to last; 0 and 0 = any. Only with TCP, UDP, SCTP
  uint16_t port_last = 0;
  bool outgoing = false;  ///< packets to the address as well (enforce.outgoing must be on)
  Unit unit = Unit::packets;
  uint64_t rate = 0;    ///< throttle: units a second
  uint64_t burst = 0;   ///< throttle: units that may come at once; 0 = a second's worth
  uint32_t sample = 0;  ///< sample: one in so many; 0 = 100
  bool operator==(const Terms&) const = default;
  bool narrow() const { return protocol != 0 || port_last != 0; }
};

struct Decision {
  int64_t id = 0;  ///< given by the store
  std::string uuid;
  int64_t alert_id = 0;
  std::string origin;  ///< "crowdsec" (by profile), "cscli" (by hand), "cscli-import", "lists" …
  std::string scenario;
  std::string scope;    ///< "Ip", "Range", "AS", "Country" or free text
  std::string value;    ///< as it was given
  std::string type;     ///< "ban", "captcha", …
  std::string params;   ///< JSON object of the type's parameters, "" = none
  Duration duration{};  ///< as given by profile or caller
  TimePoint until{};
  TimePoint created_at{};
  bool simulated = false;
  std::optional<Prefix> prefix;  ///< for scopes Ip and Range: what is matched
};

/// "ip" → "Ip", "range" → "Range", "as" → "AS", "country" → "Country"; anything else as it is.
std::string normalize_scope(std::string_view scope);

/// What holds for a prefix, until when, and who says so.
struct Remedy {
  Remediation remediation = Remediation::ban;
  TimePoint until{};
  std::string origin, scenario;
  Terms terms;
};

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
  Terms terms;
  /// The strongest of the others that outlives this one or holds where its terms do not; null = none. A
  /// projection that can keep it (the kernel) goes on with it though nobody runs to tell it.
  std::shared_ptr<const Remedy> next;
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
