#include "acquire/xdp_line.h"

#include <fmt/format.h>

#include <iterator>

namespace testudo {
namespace {

constexpr const char* kNames[] = {"syn_flood", "port_scan", "udp_flood", "icmp_flood", "bad_flags"};
static_assert(std::size(kNames) == TESTUDO_OBSERVED_KINDS);

}  // namespace

Prefix prefix_of(const source_key& key) {
  return Prefix::of(key.family == 4 ? Ip::v4_bytes(key.address) : Ip::v6_bytes(key.address), key.length);
}

void append_xdp_line(const testudo_observation& seen, TimePoint at, std::string_view interface,
                     std::string_view handshake, std::string& out) {
  if (seen.kind >= TESTUDO_OBSERVED_KINDS) return;
  fmt::format_to(
      std::back_inserter(out),
      "{} xdp {} source={} length={} count={} ports={} window={}s port={} interface={} handshake={}",
      format_rfc3339_seconds(at), kNames[seen.kind], prefix_of(seen.source).ip.text(), seen.source.length,
      seen.count, seen.ports, seen.window_s, seen.port, interface.empty() ? "-" : interface, handshake);
}

}  // namespace testudo
