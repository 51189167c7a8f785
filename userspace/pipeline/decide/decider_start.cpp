// decide/decider_start.cpp: what is known and in force at start; flush marks; the kernel brought in line.
#include <algorithm>
#include <unordered_map>

#include "base/log.h"
#include "decide/decider_impl.h"
#include "decide/flush_mark.h"

namespace testudo {

namespace {

// Lines older than this are not read again: positions are written each second.
constexpr Duration kRereadHorizon = 24h * 7;
// Kernel expiry counts whole seconds, and the clocks are read at different moments.
constexpr Duration kClockSlack = 2s;

// Captchas are the business of web bouncers.
bool enforced_in_kernel(Remediation r) { return r != Remediation::none && r != Remediation::captcha; }

Duration apart(Duration a, Duration b) { return a < b ? b - a : a - b; }

}  // namespace

Result<void> Decider::Impl::start() {
  const TimePoint at = time();
  last_alert_id = store.last_alert_id();
  last_decision_id = store.last_decision_id();
  last_sequence = store.last_sequence();
  TESTUDO_TRY(const auto seen, store.alert_uuids_since(at - kRereadHorizon));
  for (const std::string& uuid : seen) uuids.insert(uuid);
  TESTUDO_TRY(auto lists, store.allowlists(at));
  allow.assign(std::move(lists));
  protection.set_configured(options.configured_addresses);
  if (options.own_addresses) protection.set_machine(machine = machine_addresses());
  machine_due = monotonic_ns() + 30'000'000'000;
  if (sessions.update(session_source->addresses(), at)) protection.set_sessions(sessions.addresses());

  // Loaded without telling the kernel: one reconcile says it all.
  DecisionFilter all;
  all.include_simulated = true;
  TESTUDO_TRY(const auto decisions, store.decisions(all, at));
  Changes quiet;
  for (const Decision& decision : decisions)
    if (decision.until > at) index.add(decision, quiet);
  quiet.clear();

  TESTUDO_TRY(const std::string kept_mark, store.get_value(kFlushMarkKey));
  flush_mark = parse_flush_mark(kept_mark);
  // All three places are judged, also the one in the store: a crash may have come between mark and rows.
  TimePoint mark = std::max(flush_mark, read_flush_mark(options.state_folder));
  if (!options.pin.empty()) mark = std::max(mark, from_unix_nanos(flush_mark_unix_ns(options.pin)));
  Changes changes;
  if (mark != TimePoint{}) {
    for (const Decision& decision : decisions)
      if (decision.created_at <= mark && index.remove(decision.id, changes))
        committer->end_decision(decision.id, at);
    flush_mark = mark;
  }
  for (const Decision& decision : decisions)
    if (decision.prefix && allow.touches(*decision.prefix, at) && index.remove(decision.id, changes))
      committer->end_decision(decision.id, at);

  std::vector<ChangeRow> rows;
  for (DecisionChange& change : changes) {
    change.sequence = ++last_sequence;
    rows.push_back({change.sequence, change, at});
  }
  committer->add_changes(rows);
  start_areas();
  adopt_kernel_entries(at);
  refresh_allow_table(at);
  reconcile(false);
  log::info("decide.started",
            {{"decisions", index.size()}, {"adopted", last_adopted_id < 0 ? -last_adopted_id : 0}});
  return {};
}

// Before the kernel is looked at, so that what an earlier run put there is known again.
void Decider::Impl::start_areas() {
  const std::vector<int64_t> ids = index.area_ids();
  geo.changed();  // from here on
  geo.learn(keys_of(ids));
  place_areas(ids);
  Changes quiet;
  index.work(SIZE_MAX, quiet);
}

// Ends of decisions on countries and ASes, by origin and scenario.
Decider::Impl::AreaEnds Decider::Impl::area_ends() const {
  AreaEnds ends;
  for (const int64_t id : index.area_ids())
    if (const auto d = index.get(id)) ends[{d->origin, d->scenario}].insert(d->until);
  return ends;
}

// One prefix of a country that is banned, which its database no longer has: it belongs to that decision.
bool Decider::Impl::part_of_area(const KernelEntry& entry, const AreaEnds& ends, TimePoint at) {
  const auto found = ends.find({entry.origin, entry.scenario});
  if (found == ends.end()) return false;
  const auto near = found->second.lower_bound(at + entry.left - kClockSlack);
  return near != found->second.end() && *near <= at + entry.left + kClockSlack;
}

// The kernel is told first, the disk afterwards: an entry that no row explains is a decision whose commit a
// crash has cut off. It stays in force until it ends by itself.
void Decider::Impl::adopt_kernel_entries(TimePoint at) {
  if (backend == nullptr) return;
  auto entries = backend->list();
  if (!entries) {
    log::warn("enforce.unreadable", {{"error", entries.error().text()}});
    return;
  }
  const AreaEnds ends = area_ends();
  Changes quiet;
  for (const KernelEntry& entry : *entries) {
    if (severity(entry.remediation) == 0 || entry.remediation == Remediation::log_only || entry.left <= 0ns)
      continue;
    const auto known = index.projection(entry.prefix);
    const auto explains = [&](Remediation remediation, TimePoint until) {
      return severity(remediation) >= severity(entry.remediation) && until + kClockSlack >= at + entry.left;
    };
    if (known && (explains(known->remediation, known->until) ||
                  (known->next && explains(known->next->remediation, known->next->until))))
      continue;
    if (allow.touches(entry.prefix, at) || part_of_area(entry, ends, at)) continue;
    Decision decision;
    decision.id = --last_adopted_id;
    decision.origin = entry.origin.empty() ? "crowdsec" : entry.origin;
    decision.scenario = entry.scenario;
    decision.scope = entry.prefix.is_host() ? "Ip" : "Range";
    decision.value = entry.prefix.text();
    decision.type = remediation_name(entry.remediation);
    decision.params = params_of(entry.terms);
    decision.duration = entry.left;
    decision.until = at + entry.left;
    decision.created_at = at;
    decision.prefix = entry.prefix;
    index.add(decision, quiet);
  }
  if (last_adopted_id < 0) log::warn("enforce.adopted", {{"entries", -last_adopted_id}});
}

void Decider::Impl::drop_adopted(const Prefix& prefix, Changes& changes) {
  if (last_adopted_id == 0) return;
  for (const int64_t id : index.covering(prefix)) {
    if (id > 0) continue;
    const auto adopted = index.get(id);
    if (adopted && adopted->prefix == prefix) index.remove(id, changes);
  }
}

void Decider::Impl::compare_with_kernel(const Changes& projected) {
  const auto entries = backend->list();
  if (!entries) {
    log::warn("enforce.unreadable", {{"error", entries.error().text()}});
    return;
  }
  // A backend may hold a decision and its successor as two entries.
  std::unordered_multimap<Prefix, const KernelEntry*, PrefixHash> held;
  for (const KernelEntry& entry : *entries)
    if (enforced_in_kernel(entry.remediation)) held.emplace(entry.prefix, &entry);
  const TimePoint at = time();
  int64_t missing = 0, other = 0, extra = 0;
  for (const DecisionChange& wanted : projected) {
    const auto [first, last] = held.equal_range(wanted.prefix);
    const bool counts = enforced_in_kernel(wanted.remediation) && wanted.until > at + kClockSlack;
    const bool same = std::any_of(first, last, [&](const auto& row) {
      return row.second->remediation == wanted.remediation &&
             apart(row.second->left, wanted.until - at) <= kClockSlack;
    });
    if (counts && !same) ++(first == last ? missing : other);
    held.erase(first, last);
  }
  for (const auto& [prefix, entry] : held)
    if (entry->left > kClockSlack) ++extra;
  (missing + other + extra == 0 ? reconciled_same : reconciled_repaired)->add();
  if (missing + other + extra == 0) return;
  reconcile_differences->add(uint64_t(missing + other + extra));
  log::warn("enforce.differed", {{"missing_in_kernel", missing},
                                 {"other_in_kernel", other},
                                 {"unknown_in_kernel", extra},
                                 {"now", "repaired"}});
}

void Decider::Impl::reconcile(bool compare) {
  reconcile_due = monotonic_ns() + options.reconcile_every.count();
  if (backend == nullptr) return;
  const Changes projected = index.projections();
  if (compare) compare_with_kernel(projected);
  if (const auto result = backend->reconcile(projected, allow_table.all()); !result)
    backend_failed(result.error());
}

void Decider::Impl::look_for_marks(TimePoint at) {
  // `testudo flush` works beside a daemon that does not answer, too: it empties the maps and leaves the mark.
  TimePoint mark = read_flush_mark(options.state_folder);
  if (!options.pin.empty()) mark = std::max(mark, from_unix_nanos(flush_mark_unix_ns(options.pin)));
  if (mark <= flush_mark) return;
  const int ended_now = honour_mark(mark, at);
  log::warn("flush.honoured", {{"mark", format_rfc3339_seconds(mark)}, {"ended", ended_now}});
}

int Decider::Impl::honour_mark(TimePoint mark, TimePoint at) {
  flush_mark = mark;
  DecisionFilter all;
  all.include_simulated = true;
  std::vector<int64_t> ids;
  for (const Decision& decision : index.find(all))
    if (decision.created_at <= mark) ids.push_back(decision.id);
  return end(ids, at);
}

}  // namespace testudo
