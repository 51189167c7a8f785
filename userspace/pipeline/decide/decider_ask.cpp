// decide/decider_ask.cpp: what is known: `why`, lists of alerts and decisions, and what profiles ask.
#include <algorithm>
#include <set>

#include "base/log.h"
#include "decide/decider_impl.h"

namespace testudo {

namespace {

constexpr size_t kWhyRows = 20;

bool matches(const AlertFilter& f, const Alert& a) {
  if (f.id && *f.id != a.id) return false;
  if (!f.scope.empty() && normalize_scope(f.scope) != a.source.scope) return false;
  if (!f.value.empty() && f.value != a.source.value) return false;
  if (!f.scenario.empty() && f.scenario != a.scenario) return false;
  if (!f.kind.empty() && f.kind != a.kind) return false;
  if (f.since && a.start_at < *f.since) return false;
  if (f.until && a.start_at > *f.until) return false;
  if (f.simulated && *f.simulated != a.simulated) return false;
  if (f.has_active_decision && *f.has_active_decision == a.decisions.empty()) return false;
  if (f.origin.empty() && f.decision_type.empty() && !f.range) return true;
  return std::any_of(a.decisions.begin(), a.decisions.end(), [&](const Decision& d) {
    if (!f.origin.empty() && f.origin != d.origin) return false;
    if (!f.decision_type.empty() && f.decision_type != d.type) return false;
    if (!f.range) return true;
    return d.prefix && (f.contains ? d.prefix->contains(*f.range) : f.range->contains(*d.prefix));
  });
}

void newest_first(std::vector<Alert>& alerts) {
  std::sort(alerts.begin(), alerts.end(), [](const Alert& a, const Alert& b) { return a.id > b.id; });
  alerts.erase(
      std::unique(alerts.begin(), alerts.end(), [](const Alert& a, const Alert& b) { return a.id == b.id; }),
      alerts.end());
}

// An address for profiles: whatever text a log gave as the source.
std::optional<Prefix> address_of(std::string_view value) { return matching_prefix("Ip", std::string(value)); }

}  // namespace

std::vector<int64_t> Decider::Impl::active_ids(std::string_view value) const {
  const auto prefix = address_of(value);
  return prefix ? index.covering(*prefix) : index.by_value(value);
}

int64_t Decider::Impl::active_decisions(std::string_view value) {
  int64_t n = 0;
  for (const int64_t id : active_ids(value))
    if (const auto d = index.get(id); d && !d->simulated && d->until > time()) ++n;
  return n;
}

bool Decider::banned(std::string_view address) const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<int64_t> ids = impl_->active_ids(address);
  if (const auto prefix = address_of(address))
    for (const int64_t id : impl_->index.areas_covering(*prefix)) ids.push_back(id);
  for (const int64_t id : ids)
    if (const auto d = impl_->index.get(id);
        d && !d->simulated && d->until > impl_->time() && remediation_of(d->type) == Remediation::ban)
      return true;
  return false;
}

Duration Decider::Impl::time_left(std::string_view value) {
  Duration longest{};
  for (const int64_t id : active_ids(value))
    if (const auto d = index.get(id); d && !d->simulated)
      longest = std::max<Duration>(longest, d->until - time());
  return longest;
}

int64_t Decider::Impl::decisions_since(std::string_view value, TimePoint since) {
  DecisionFilter filter;
  filter.include_expired = true;
  filter.range = address_of(value);
  if (!filter.range) filter.value = std::string(value);
  std::set<int64_t> ids;
  // What waits for the disk first: it may be written while the store is asked, but not the other way round.
  committer->visit_pending([&](const Alert& alert) {
    for (const Decision& d : alert.decisions)
      if (testudo::matches(filter, d) && d.created_at >= since) ids.insert(d.id);
  });
  const auto stored = store.decisions(filter, time());
  if (!stored) log::warn("profile.history_unknown", {{"error", stored.error().text()}});
  if (stored)
    for (const Decision& d : *stored)
      if (!d.simulated && d.created_at >= since) ids.insert(d.id);
  return int64_t(ids.size());
}

Result<std::vector<Alert>> Decider::alerts(const AlertFilter& filter) {
  Impl& self = *impl_;
  std::vector<Alert> waiting;
  if (const auto written = self.committer->barrier(); !written)
    self.committer->visit_pending([&](const Alert& alert) {
      if (matches(filter, alert)) waiting.push_back(alert);
    });
  TESTUDO_TRY(auto found, self.store.alerts(filter, self.time()));
  if (waiting.empty()) return found;
  // The disk takes nothing at present: what is decided is listed all the same.
  found.insert(found.end(), std::make_move_iterator(waiting.begin()), std::make_move_iterator(waiting.end()));
  newest_first(found);
  if (filter.ascending) std::reverse(found.begin(), found.end());
  if (filter.limit > 0 && found.size() > size_t(filter.limit)) found.resize(size_t(filter.limit));
  return found;
}

Result<std::vector<Decision>> Decider::decisions(const DecisionFilter& filter) {
  Impl& self = *impl_;
  if (!filter.include_expired) {
    const std::lock_guard lock(self.mutex);
    const TimePoint at = self.time();
    DecisionFilter wanted = filter;
    wanted.limit = 0;
    std::vector<Decision> active = self.index.find(wanted);
    std::erase_if(active, [&](const Decision& d) { return d.until <= at; });  // between two ticks
    if (filter.limit > 0 && active.size() > size_t(filter.limit)) active.resize(size_t(filter.limit));
    return active;
  }
  if (const auto written = self.committer->barrier(); !written)
    log::warn("decisions.incomplete", {{"error", written.error().text()}});
  return self.store.decisions(filter, self.time());
}

Result<WhyReport> Decider::Impl::why(const Ip& address) {
  const Prefix host = Prefix::host(address);
  WhyReport report;
  report.address = address.text();
  if (const auto written = committer->barrier(); !written)
    log::warn("why.incomplete", {{"error", written.error().text()}});

  DecisionFilter past;
  past.range = host;
  past.include_expired = past.include_simulated = true;
  TESTUDO_TRY(report.recent, store.decisions(past, time()));
  AlertFilter by_decision, by_value;
  by_decision.range = host;
  by_value.value = report.address;
  by_decision.limit = by_value.limit = int(kWhyRows);
  // An import is one alert with all of its decisions; those that matter here are asked for above.
  by_decision.with_decisions = by_value.with_decisions = false;
  TESTUDO_TRY(report.alerts, store.alerts(by_decision, time()));
  TESTUDO_TRY(const auto more, store.alerts(by_value, time()));
  report.alerts.insert(report.alerts.end(), more.begin(), more.end());
  newest_first(report.alerts);
  if (report.alerts.size() > kWhyRows) report.alerts.resize(kWhyRows);

  report.wire = witnesses.describe(address);
  const std::lock_guard lock(mutex);
  const TimePoint at = time();
  std::vector<int64_t> ids = index.covering(host);
  for (const int64_t id : index.areas_covering(host)) ids.push_back(id);
  for (const int64_t id : ids) {
    auto decision = index.get(id);
    if (!decision || decision->simulated || decision->until <= at) continue;
    report.banned = report.banned || remediation_of(decision->type) == Remediation::ban;
    report.active.push_back(std::move(*decision));
  }
  for (const AreaStatus& area : areas())
    if (!area.problem.empty() && area.prefixes == 0 && report.notes.size() < kWhyRows)
      report.notes.push_back(area.type + " of " + area.scope + " " + area.value +
                             " is in force, but not in the kernel: " + area.problem);
  if (const auto ban = silent.about(address))
    report.notes.push_back(
        "its lines still came at " + format_rfc3339_seconds(ban->seen_at) + " (" + ban->source_name +
        "), banned since " + format_rfc3339_seconds(ban->banned_at) +
        ", and nothing of it was dropped: traffic comes through a proxy, or by an interface "
        "that is not covered");
  std::erase_if(report.recent, [&](const Decision& d) {
    return std::any_of(report.active.begin(), report.active.end(),
                       [&](const Decision& a) { return a.id == d.id; });
  });
  std::sort(report.recent.begin(), report.recent.end(),
            [](const auto& a, const auto& b) { return a.id > b.id; });
  if (report.recent.size() > kWhyRows) report.recent.resize(kWhyRows);
  for (auto it = unheard_ring.rbegin(); it != unheard_ring.rend() && report.unheard.size() < kWhyRows; ++it) {
    const auto prefix = matching_prefix(it->scope, it->value);
    if (prefix && prefix->contains(address)) report.unheard.push_back(*it);
  }
  report.allowlisted_by = allow.matches(host, at);
  if (!report.allowlisted_by.empty()) report.banned = false;
  report.protected_by = protection.protects(address);
  if (backend != nullptr) {
    TESTUDO_TRY(report.kernel, backend->list(&host));
  }
  return report;
}

std::optional<bool> Decider::on_the_wire(const Ip& address) const {
  const WitnessAnswer answer = impl_->witnesses.lately(address);
  if (answer == WitnessAnswer::seen) return true;
  return answer == WitnessAnswer::absent ? std::optional<bool>(false) : std::nullopt;
}

}  // namespace testudo
