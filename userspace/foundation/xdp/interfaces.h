// xdp/interfaces.h: which network interfaces face strangers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/result.h"

namespace testudo::xdp {

/// Interfaces of the default routes of both families, sorted, each once; without loopback.
std::vector<std::string> default_interfaces();

/// The same from the texts of /proc/net/route and /proc/net/ipv6_route.
std::vector<std::string> default_interfaces(std::string_view route4, std::string_view route6);

/// A netlink socket that is readable when an interface of this network namespace came, went or changed.
Result<Fd> watch_links();
/// Takes what was said, so that the socket is quiet again until the next change.
void take_link_news(const Fd& links);

}  // namespace testudo::xdp
