// decide/decider_silent.cpp: bans that drop nothing while their address goes on: a proxy in front, or a way
// in that is not guarded.
#include <algorithm>

#include "base/log.h"
#include "decide/decider_impl.h"

namespace testudo {

namespace {
constexpr Duration kLongEnough = 1min;  // lines that were on their way when the ban came are no sign
constexpr size_t kAskedATick = 8;
}  // namespace

// In the way of every alert: looks, and leaves the question to the tick.
void Decider::Impl::suspect(const Alert& alert, TimePoint at) {
  if (backend == nullptr) return;
  const auto address = matching_prefix("Ip", alert.source.ip.empty() ? alert.source.value : alert.source.ip);
  if (!address || !address->is_host()) return;
  for (const int64_t id : index.covering(*address)) {
    const auto d = index.get(id);
    if (!d || d->until <= at) continue;
    const auto effect = effect_of(d->type, d->params, d->simulated);
    // One that is narrowed to a port drops nothing of what comes in by another.
    if (!effect || !drops_all(effect->remediation) || effect->terms.narrow()) continue;
    // By the time of the line, too: one that was read late tells nothing.
    if (std::min(alert.stop_at, at) - d->created_at < kLongEnough) continue;
    silent.suspect(address->ip, {address->text(), d->scenario, alert.source_name, d->created_at, at}, at);
    return;
  }
}

// Where hits are not counted by address: whether anything was dropped for what these entries are held for.
bool Decider::Impl::scenario_drops(const std::vector<KernelEntry>& entries) const {
  for (const DropCounter& counter : backend->counters())
    for (const KernelEntry& entry : entries)
      if (counter.packets > 0 && counter.origin == entry.origin && counter.scenario == entry.scenario)
        return true;
  return false;
}

void Decider::Impl::check_suspects() {
  const std::lock_guard lock(mutex);
  if (backend == nullptr) return;
  for (auto& [address, ban] : silent.take(kAskedATick)) {
    const Prefix host = Prefix::host(address);
    const auto entries = backend->list(&host);
    // No entry: that is what the comparison of kernel and store is for. The mode is off: status says so.
    if (!entries || entries->empty()) continue;
    if (std::any_of(entries->begin(), entries->end(), [](const KernelEntry& e) { return e.packets > 0; }))
      continue;
    const EnforceStatus status = backend->status();
    if (status.backend == "nftables" && scenario_drops(*entries)) continue;
    std::string guarded;
    for (const InterfaceStatus& i : status.interfaces)
      if (i.mode != "off") guarded += (guarded.empty() ? "" : ", ") + i.name;
    without_drops->add();
    log::warn("ban.drops_nothing",
              {{"address", ban.address},
               {"scenario", ban.scenario},
               {"source", ban.source_name},
               {"banned_since", format_rfc3339_seconds(ban.banned_at)},
               {"guarded", guarded},
               {"why", "traffic comes through a proxy, or by an interface that is not covered"}});
    silent.tell(address, std::move(ban));
  }
}

std::vector<SilentBan> Decider::bans_without_drops() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->silent.told();
}

}  // namespace testudo
