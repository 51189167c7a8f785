#include "enforce/pinned_look.h"

#include <net/if.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "enforce/entry.h"
#include "enforce/policies.h"
#include "xdp/ring.h"
#include "xdp/tables.h"

namespace testudo {
namespace {

constexpr const char* kReasons[] = {"", "list", "session", "own", "configured"};

/// As bpf/lookup.h ranks them.
int rank(Remediation remediation) {
  switch (remediation) {
    case Remediation::ban:
      return 5;
    case Remediation::reset:
      return 4;
    case Remediation::throttle:
      return 3;
    case Remediation::log_only:
      return 2;
    case Remediation::sample:
      return 1;
    default:
      return 0;
  }
}

const char* verdict_name(uint8_t verdict) {
  switch (verdict) {
    case TESTUDO_VERDICT_DROP:
      return "dropped";
    case TESTUDO_VERDICT_RESET:
      return "reset";
    case TESTUDO_VERDICT_LOG:
      return "would be dropped";
    case TESTUDO_VERDICT_SAMPLE:
      return "sampled";
    default:
      return "passed";
  }
}

class PinnedWatch final : public PacketWatch {
 public:
  PinnedWatch(xdp::Tables tables, xdp::Ring ring) : tables_(std::move(tables)), ring_(std::move(ring)) {}

  Result<int> poll(const std::function<void(const SeenPacket&)>& visit, int milliseconds) override {
    return ring_.poll([&](const drop_event& event) { visit(seen(event)); }, milliseconds);
  }

 private:
  SeenPacket seen(const drop_event& event) {
    SeenPacket out;
    out.at = from_unix_nanos(unix_ns_of(event.time_ns, Clocks::read()));
    char name[IF_NAMESIZE] = "";
    out.interface = ::if_indextoname(event.ifindex, name) ? name : std::to_string(event.ifindex);
    const bool v4 = event.family == 4;
    out.source = v4 ? Ip::v4_bytes(event.source) : Ip::v6_bytes(event.source);
    out.destination = v4 ? Ip::v4_bytes(event.destination) : Ip::v6_bytes(event.destination);
    out.source_port = event.source_port;
    out.destination_port = event.destination_port;
    out.protocol = event.protocol;
    out.length = event.length;
    out.outgoing = event.direction != 0;
    out.verdict = verdict_name(event.verdict);
    const Policy& policy = policy_at(event.policy);
    out.origin = policy.origin;
    out.scenario = policy.scenario;
    out.headers.assign(reinterpret_cast<const char*>(event.headers),
                       std::min<size_t>(event.header_bytes, sizeof event.headers));
    return out;
  }

  const Policy& policy_at(uint32_t row) {
    const auto known = policies_.find(row);
    if (known != policies_.end()) return known->second;
    policy_text text{};
    policy_value value{};
    if (tables_.policy_text.get(&row, &text) != 0 || tables_.policy.get(&row, &value) != 0) text = {};
    return policies_.emplace(row, Policies::policy_of(text, value)).first->second;
  }

  xdp::Tables tables_;
  xdp::Ring ring_;
  std::unordered_map<uint32_t, Policy> policies_;
};

}  // namespace

Result<Outlook> outlook_pinned(const std::string& pin, const Ip& address) {
  TESTUDO_TRY(const xdp::Tables tables, xdp::open_tables(pin));
  const Prefix host = wire_prefix(Prefix::host(address));
  Outlook out;
  TESTUDO_TRY(out.entries, list_pinned(pin, &host));
  std::stable_sort(out.entries.begin(), out.entries.end(), [](const KernelEntry& a, const KernelEntry& b) {
    return rank(a.remediation) > rank(b.remediation);
  });
  net6_key key6{};
  net4_key key4{};
  key6.length = key4.length = uint32_t(host.ip.bits());
  std::memcpy(key6.address, host.ip.bytes.data(), 16);
  std::memcpy(&key4.address, host.ip.bytes.data(), 4);
  allow_value value{};
  const int err = host.ip.is_v4() ? tables.allow4.get(&key4, &value) : tables.allow6.get(&key6, &value);
  out.allowed = err == 0;
  for (unsigned reason = 1; out.allowed && reason < std::size(kReasons); ++reason)
    if (value.reasons >> reason & 1) out.allowed_by.emplace_back(kReasons[reason]);
  return out;
}

Result<std::vector<KernelEntry>> top_pinned(const std::string& pin, size_t most) {
  TESTUDO_TRY(const xdp::Tables tables, xdp::open_tables(pin));
  std::vector<std::pair<uint64_t, Prefix>> hits;
  TESTUDO_CHECK(tables.hits.for_each([&](const void* raw_key, const void* raw_value) {
    hit_key key;
    hit_value value;
    std::memcpy(&key, raw_key, sizeof key);
    std::memcpy(&value, raw_value, sizeof value);
    hits.emplace_back(
        value.packets,
        Prefix::of(key.family == 4 ? Ip::v4_bytes(key.address) : Ip::v6_bytes(key.address), key.length));
  }));
  std::sort(hits.begin(), hits.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<KernelEntry> out;
  for (const auto& [packets, prefix] : hits) {
    if (out.size() >= most) break;
    TESTUDO_TRY(const auto entries, list_pinned(pin, &prefix));
    // What was hit may be over: then it is told without its entry.
    KernelEntry entry;
    entry.prefix = prefix;
    entry.packets = packets;
    for (const KernelEntry& found : entries)
      if (found.prefix == prefix) {
        entry = found;
        break;
      }
    out.push_back(std::move(entry));
  }
  return out;
}

Result<std::unique_ptr<PacketWatch>> PacketWatch::open(const std::string& pin) {
  TESTUDO_TRY(xdp::Tables tables, xdp::open_tables(pin));
  TESTUDO_TRY(xdp::Ring ring, xdp::Ring::over(tables.events));
  return std::unique_ptr<PacketWatch>(std::make_unique<PinnedWatch>(std::move(tables), std::move(ring)));
}

}  // namespace testudo
