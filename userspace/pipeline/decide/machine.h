// decide/machine.h: the addresses without which this machine is lost: its own, its gateways, its resolvers.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/ip.h"

namespace testudo {

/// Address → "own address of eth0", "default gateway", "resolver in /etc/resolv.conf". Loopback is left out.
using MachineAddresses = std::map<Ip, std::string>;

/// Asks the operating system; what cannot be read is left out and logged. Cheap: a netlink dump, three files.
MachineAddresses machine_addresses();

// The pieces, for tests: contents of /proc/net/route, /proc/net/ipv6_route, /etc/resolv.conf.
void add_gateways_v4(std::string_view proc_net_route, MachineAddresses& out);
void add_gateways_v6(std::string_view proc_net_ipv6_route, MachineAddresses& out);
void add_resolvers(std::string_view resolv_conf, MachineAddresses& out);

}  // namespace testudo
