// xdp/interfaces.h: which network interfaces face strangers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace testudo::xdp {

/// Interfaces of the default routes of both families, sorted, each once; without loopback.
std::vector<std::string> default_interfaces();

/// The same from the texts of /proc/net/route and /proc/net/ipv6_route.
std::vector<std::string> default_interfaces(std::string_view route4, std::string_view route6);

}  // namespace testudo::xdp
