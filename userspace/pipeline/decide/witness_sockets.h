// decide/witness_sockets.h: who is connected to this host now, as `ss` would say. Needs no privilege.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace testudo {

/// Peers of open TCP connections to ports on which this network namespace listens (not of connections that
/// this host opened itself), sorted, each once; at most a million.
Result<std::vector<Ip>> connected_peers();
/// Ports to which UDP sockets are bound that talk to everybody.
Result<std::set<uint16_t>> udp_ports();

}  // namespace testudo
