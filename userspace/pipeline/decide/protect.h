// decide/protect.h: bans that would harm whoever makes them are refused, with a sentence that says why.
//
//   always refused       administrators' sessions
//   refused unless forced loopback, unspecified, multicast, broadcast; own addresses, gateways, resolvers and
//                        configured addresses; prefixes shorter than /8 (IPv4) or /19 (IPv6); published
//                        ranges of content delivery networks
//
// Detection never forces. Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "decide/machine.h"
#include "decide/prefix_map.h"

namespace testudo {

/// Prefix → name of the network, from a file of `# NAME` sections with one prefix a line
/// (config/cdn-ranges.txt).
Result<PrefixMap<std::string>> load_cdn_ranges(const std::string& path);

struct Refusal {
  bool too_wide = false;  ///< by its width, not for whom it holds
  std::string why;        ///< "own address of eth0 (192.0.2.1)"
};

class Protection {
 public:
  void set_machine(MachineAddresses addresses) { machine_ = index(addresses); }
  void set_configured(const std::vector<Ip>& addresses);
  void set_sessions(const std::vector<Ip>& addresses);
  void set_cdn(PrefixMap<std::string> ranges) { cdn_ = std::move(ranges); }

  /// Why a decision on `prefix` must not be, or nothing.
  std::optional<Refusal> refuse(const Prefix& prefix, bool force) const;
  /// The same for a country or an AS, given as its prefixes (coverage.h), where nobody insists: sessions too
  /// give way to force there, since the kernel's allowlist lets them through. `networks`: published ranges of
  /// content delivery networks count as well.
  std::optional<Refusal> refuse(const std::vector<Prefix>& sorted, bool networks) const;
  /// For `why`: what protects this address, or "".
  std::string protects(const Ip& address) const;

 private:
  using Table = PrefixMap<std::string>;
  static Table index(const MachineAddresses& addresses);
  static std::optional<Refusal> touched(const Table& table, const Prefix& prefix);
  Table machine_, configured_, sessions_, cdn_;
};

}  // namespace testudo
