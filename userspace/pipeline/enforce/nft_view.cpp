// enforce/nft_view.cpp: what is in force and what it did, for status, metrics and lists; changes nothing.
#include <net/if.h>

#include <algorithm>

#include "base/log.h"
#include "enforce/entry.h"
#include "enforce/nft_backend.h"
#include "xdp/interfaces.h"

namespace testudo {

using nft::Group;
using nft::Kind;

EnforceStatus NftBackend::status() {
  EnforceStatus status;
  status.backend = "nftables";
  {
    const std::lock_guard lock(mutex_);
    status.bans = book_.bans();
    status.ranges = book_.ranges();
    status.allowed = reasons_.size();
    status.adopted = adopted_;
    status.restored = restored_;
  }
  const std::vector<std::string> names =
      options_.interfaces.empty() ? xdp::default_interfaces() : options_.interfaces;
  for (const std::string& name : names) {
    const bool there = ::if_nametoindex(name.c_str()) != 0;
    status.interfaces.push_back(
        {name, there ? "nftables" : "off",
         there ? options_.why_not_better
               : "there is no such interface now; it is covered as soon as it appears"});
  }
  if (names.empty()) status.interfaces.push_back({"*", "nftables", options_.why_not_better});
  const std::lock_guard lock(reader_mutex_);
  if (const auto counters = reader_->counters(layout_.table)) nft::add_totals(*counters, status);
  // nftables keeps no time of the last match: it is when the count was seen to have grown.
  if (status.dropped_packets > last_dropped_) last_drop_unix_ns_ = unix_nanos(now());
  last_dropped_ = status.dropped_packets;
  status.last_drop_unix_ns = last_drop_unix_ns_;
  return status;
}

std::vector<DropCounter> NftBackend::counters() {
  const std::lock_guard lock(reader_mutex_);
  const auto counters = reader_->counters(layout_.table);
  if (counters) return nft::drop_counters(*counters);
  log::warn("enforce.unreadable", {{"what", "counters"}, {"why", counters.error().text()}});
  return {};
}

Result<std::vector<KernelEntry>> NftBackend::list(const Prefix* only) {
  const std::lock_guard lock(mutex_);
  std::vector<KernelEntry> out;
  const int64_t now_ns = unix_nanos(now());
  std::optional<Prefix> wanted;
  if (only) wanted = wire_prefix(*only);
  for (const auto& group : book_.groups()) {
    if (group->id.remediation == Remediation::none) continue;
    // Lists are not decisions: who compares the kernel with the store must not find millions of strangers.
    if (group->id.generation != 0 && !wanted) continue;
    const auto add = [&](const Prefix& prefix, int64_t until, uint16_t row) {
      if (until <= now_ns || (wanted && !wanted->overlaps(prefix))) return;
      KernelEntry entry;
      entry.prefix = prefix;
      entry.remediation = group->id.remediation;
      entry.left = until == nft::kForever ? Duration::max() : Duration(until - now_ns);
      if (row < book_.policies.size()) {
        entry.origin = book_.policies.at(row).origin;
        entry.scenario = book_.policies.at(row).scenario;
      }
      out.push_back(std::move(entry));
    };
    const auto exact = [&](const Prefix& prefix) {
      if (const auto held = nft::Book::held(*group, prefix)) add(prefix, held->until, held->policy);
    };
    if (wanted && wanted->is_host()) {
      exact(*wanted);
      if (!wanted->ip.is_v4()) exact(Prefix::of(wanted->ip, 64));
    } else {
      group->a4.for_each(
          [&](const auto& slot) { add(Prefix::host(Ip::v4_bytes(&slot.key)), slot.until, slot.policy); });
      group->a6.for_each([&](const auto& slot) {
        add(Prefix::host(Ip::v6_bytes(slot.key.data())), slot.until, slot.policy);
      });
      group->s6.for_each([&](const auto& slot) {
        add(Prefix::of(Ip::v6_bytes(slot.key.data()), 64), slot.until, slot.policy);
      });
    }
    for (const nft::Intervals* intervals : {&group->r4, &group->r6})
      intervals->for_each(
          [&](const Prefix& prefix, const auto& held) { add(prefix, held.until, held.policy); });
  }
  return out;
}

}  // namespace testudo
