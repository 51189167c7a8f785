#include "enforce/selftest.h"

#include <cstring>
#include <functional>

#include "base/log.h"
#include "enforce/backends.h"
#include "enforce/xdp_backend.h"

namespace testudo {
namespace {

using xdp::Verdict;
using Bytes = std::vector<uint8_t>;

/// Ethernet, IP and the first bytes of TCP from `source` to port 22 of this host.
Bytes frame_from(const Ip& source, uint16_t port = 22) {
  Bytes out(12, 2);
  const auto put = [&](std::initializer_list<int> bytes) {
    for (const int b : bytes) out.push_back(uint8_t(b));
  };
  const auto address = [&](const Ip& ip) {
    out.insert(out.end(), ip.bytes.begin(), ip.bytes.begin() + (ip.is_v4() ? 4 : 16));
  };
  if (source.is_v4()) {
    put({0x08, 0x00, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0});
    address(source);
    address(*Ip::parse("198.51.100.1"));
  } else {
    put({0x86, 0xdd, 0x60, 0, 0, 0, 0, 20, 6, 64});
    address(source);
    address(*Ip::parse("2001:db8:ffff::1"));
  }
  put({0x9c, 0x40, port >> 8, port & 255, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 4, 0, 0, 0, 0, 0});
  return out;
}

Bytes with_vlan(Bytes frame) {
  const uint8_t tag[] = {0x81, 0x00, 0, 5};
  frame.insert(frame.begin() + 12, std::begin(tag), std::end(tag));
  return frame;
}

DecisionChange change_of(const char* prefix, Remediation remediation, Duration left = 1h) {
  DecisionChange change;
  change.prefix = *Prefix::parse(prefix);
  change.remediation = remediation;
  change.until = now() + left;
  change.origin = "selftest";
  change.scenario = "selftest";
  return change;
}

struct Row {
  const char* sentence;
  Bytes frame;
  Verdict wanted;
};

std::vector<Row> rows() {
  const auto from = [](const char* source, uint16_t port = 22) {
    return frame_from(*Ip::parse(source), port);
  };
  Bytes cut = from("203.0.113.7");
  cut.resize(20);
  return {
      {"a banned IPv4 source is dropped", from("203.0.113.7"), Verdict::drop},
      {"its neighbour passes", from("203.0.113.8"), Verdict::pass},
      {"a banned source behind a VLAN tag is dropped", with_vlan(from("203.0.113.7")), Verdict::drop},
      {"a banned IPv6 source is dropped", from("2001:db8:1::7"), Verdict::drop},
      {"an address of a banned /64 is dropped", from("2001:db8:2::1234"), Verdict::drop},
      {"an address of a banned range is dropped", from("192.0.2.200"), Verdict::drop},
      {"an allowlisted address of that range passes", from("192.0.2.10"), Verdict::pass},
      {"a ban of port 22 drops packets to port 22", from("203.0.113.22", 22), Verdict::drop},
      {"a ban of port 22 lets port 443 pass", from("203.0.113.22", 443), Verdict::pass},
      {"a source that is only logged passes", from("203.0.113.30"), Verdict::pass},
      {"a throttled source passes within its rate", from("203.0.113.40"), Verdict::pass},
      {"and one more, which its burst allows", from("203.0.113.40"), Verdict::pass},
      {"the next at once is over the rate and dropped", from("203.0.113.40"), Verdict::drop},
      {"a frame that is cut short passes", cut, Verdict::pass},
  };
}

Result<void> prepare(XdpBackend& backend) {
  std::vector<DecisionChange> changes = {
      change_of("203.0.113.7", Remediation::ban),      change_of("2001:db8:1::7", Remediation::ban),
      change_of("2001:db8:2::/64", Remediation::ban),  change_of("192.0.2.0/24", Remediation::ban),
      change_of("203.0.113.22", Remediation::ban),     change_of("203.0.113.30", Remediation::log_only),
      change_of("203.0.113.40", Remediation::throttle)};
  changes[4].terms.protocol = 6;
  changes[4].terms.port_first = changes[4].terms.port_last = 22;
  changes[6].terms.rate = 1;
  changes[6].terms.burst = 1;
  AllowChange allow;
  allow.prefix = *Prefix::parse("192.0.2.10");
  TESTUDO_CHECK(backend.allow(std::span(&allow, 1)));
  return backend.apply(changes);
}

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::drop:
      return "dropped";
    case Verdict::pass:
      return "passed";
    case Verdict::tx:
      return "answered";
    default:
      return "aborted";
  }
}

/// What was pinned goes, however the test ends.
struct Cleaner {
  std::string pin;
  ~Cleaner() {
    if (auto done = remove_xdp(pin); !done) log::warn("selftest.left", {{"why", done.error().text()}});
  }
};

}  // namespace

Result<std::vector<SelftestRow>> run_selftest(const std::string& pin) {
  EnforceOptions options;
  options.mode = "xdp";
  options.pin = pin;
  options.interfaces = {"testudo-self"};  // no such interface: nothing is attached
  const Cleaner cleaner{pin};
  TESTUDO_TRY(const auto backend, XdpBackend::open(options, {}));
  TESTUDO_CHECK(prepare(*backend));
  std::vector<SelftestRow> out;
  for (const Row& row : rows()) {
    const auto verdict = backend->program().run(row.frame);
    SelftestRow result{row.sentence, verdict.ok() && *verdict == row.wanted, ""};
    if (!result.passed) result.got = verdict ? name_of(*verdict) : verdict.error().text();
    out.push_back(std::move(result));
  }
  return out;
}

}  // namespace testudo
