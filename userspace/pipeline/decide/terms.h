// decide/terms.h: `params` of a decision → what the kernel is asked for.
//
//   {"rate": "100/s", "burst": 200, "protocol": "tcp", "ports": "22", "direction": "both", "sample": 100,
//    "reject": true}
//
//   rate       NUMBER[UNIT]/s|m|h|d; no unit or p = packets; B kB MB GB, KiB MiB GiB, bit kbit Mbit Gbit =
//   bytes;
//              r = requests, which only web bouncers see. Rounded up to whole units a second.
//   burst      units that may come at once; left out = a second's worth
//   protocol   tcp udp sctp icmp icmpv6 gre esp any, or its number
//   ports      of this host: "22" or "8000-8100"; for tcp, udp and sctp
//   direction  in (the default) or both
//   sample     one packet in so many is told
//   reject     a ban answers TCP with RST
//
// Other keys belong to other bouncers and are left alone. The text comes from profiles, from the API and from
// the store: its size and depth are bounded here.
#pragma once

#include <string_view>

#include "base/result.h"
#include "model/decision.h"

namespace testudo {

/// Longer params are refused wherever they come in.
inline constexpr size_t kLongestParams = 4096;
/// Of a throttle that names no rate: stops floods, and no person notices it.
inline constexpr uint64_t kUsualRate = 100;

/// All that is read from params.
struct KernelParams {
  Terms terms;
  bool reject = false;
  bool rate_given = false;
  bool in_requests = false;  ///< the rate counts requests: terms.rate is 0
  bool forced = false;  ///< `force`: an administrator insisted; set by the decider, see decider_areas.cpp
};

/// "" is no params. Errors: bad_input, naming the key.
Result<KernelParams> read_params(std::string_view params);
Result<Terms> read_terms(std::string_view params);

/// Params that read as these terms; "" for none. For what is known from the kernel alone.
std::string params_of(const Terms& terms);

/// The same object with `force` in it, or without. Params that cannot be read are left as they are.
std::string with_force(const std::string& params, bool force);

/// For people: "100/s tcp 22 both"; "" when nothing is narrowed.
std::string terms_text(const Terms& terms);

}  // namespace testudo
