// acquire/xdp_line.h: one observation of the kernel as a line of text.
#pragma once

#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/time.h"
#include "xdp/observer.h"

namespace testudo {

/// The address or network that was observed.
Prefix prefix_of(const source_key& key);

/// `2026-02-03T10:00:00Z xdp port_scan source=203.0.113.5 length=32 count=40 ports=24 window=10s port=8080
/// interface=eth0 handshake=yes`, appended. "" is appended for a kind that is not known.
void append_xdp_line(const testudo_observation& seen, TimePoint at, std::string_view interface,
                     std::string_view handshake, std::string& out);

}  // namespace testudo
