#include "decide/decider.h"

#include "base/log.h"
#include "decide/decider_impl.h"

namespace testudo {

namespace {

std::vector<double> reaction_bounds() {
  std::vector<double> bounds;
  for (double decade = 1e-5; decade < 5; decade *= 10)
    for (const double step : {1.0, 2.5, 5.0}) bounds.push_back(decade * step);
  bounds.push_back(10);
  return bounds;
}

Error joined(const Errors& errors) {
  Error all = errors.front();
  for (size_t i = 1; i < errors.size(); ++i)
    all.remedy += (i == 1 && all.remedy.empty() ? "" : "\n") + errors[i].text();
  return all;
}

}  // namespace

Decider::Impl::Impl(DeciderOptions given, Store& its_store, Backend* its_backend, Metrics& its_metrics)
    : options(std::move(given)),
      store(its_store),
      backend(its_backend),
      metrics(its_metrics),
      committer(std::make_unique<Committer>(its_store, its_metrics, CommitLimits{})),
      sessions(options.session_grace),
      session_source(system_sessions(options.admin_groups)),
      helpers(history_helpers(*this)),
      witnesses(std::move(options.witness), its_metrics),
      geo(options.data_folder, options.max_prefixes) {
  for (size_t v = 0; v < kVerdicts; ++v) {
    const char* name = verdict_name(Verdict(v));
    refused_decisions.push_back(&metrics.counter(
        "testudo_decisions_refused_total", "Decisions that were not made, by reason.", {{"reason", name}}));
    verdicts.push_back(
        &metrics.counter("testudo_alerts_total", "Alerts by what became of them.", {{"verdict", name}}));
  }
  backend_errors =
      &metrics.counter("testudo_enforce_errors_total", "Changes that the kernel side did not take.");
  reconcile_differences = &metrics.counter("testudo_reconcile_differences_total",
                                           "Entries in which kernel and store differed at a comparison.");
  const char* compared = "Comparisons of kernel and store.";
  reconciled_same = &metrics.counter("testudo_reconcile_total", compared, {{"result", "same"}});
  reconciled_repaired = &metrics.counter("testudo_reconcile_total", compared, {{"result", "repaired"}});
  without_drops = &metrics.counter("testudo_bans_without_drops_total",
                                   "Addresses whose lines kept coming while their ban dropped nothing.");
  expired = &metrics.counter("testudo_decisions_ended_total", "Decisions that ended.", {{"how", "expired"}});
  ended = &metrics.counter("testudo_decisions_ended_total", "Decisions that ended.", {{"how", "lifted"}});
  reaction = &metrics.histogram("testudo_reaction_seconds",
                                "From the read of the line to the entry in the kernel.", reaction_bounds());
  metrics.add_collector([counts = index.counts()](std::vector<MetricFamily>& families) {
    MetricFamily ours{"testudo_decisions_active", "Decisions in force.", MetricType::gauge, {}};
    // The same under the name that CrowdSec's dashboards ask for.
    MetricFamily theirs{"cs_active_decisions", "Decisions in force.", MetricType::gauge, {}};
    for (const auto& [key, n] : counts->snapshot()) {
      ours.samples.push_back(
          {{{"origin", key[0]}, {"scenario", key[1]}, {"remediation", key[2]}}, double(n), nullptr});
      theirs.samples.push_back(
          {{{"reason", key[1]}, {"origin", key[0]}, {"action", key[2]}}, double(n), nullptr});
    }
    families.push_back(std::move(ours));
    families.push_back(std::move(theirs));
  });
}

Result<void> Decider::Impl::load_rules() {
  Errors errors;
  Profiles fresh = Profiles::load(options.profile_files, {&helpers, &expr::pure_helpers()}, errors);
  auto rules = Simulation::load(options.simulation_file);
  if (!rules) errors.push_back(rules.error());
  PrefixMap<std::string> cdn;
  if (!options.cdn_ranges_file.empty()) {
    auto ranges = load_cdn_ranges(options.cdn_ranges_file);
    if (ranges)
      cdn = std::move(*ranges);
    else
      errors.push_back(ranges.error());
  }
  if (!errors.empty()) return joined(errors);
  profiles = std::move(fresh);
  simulation = std::move(*rules);
  protection.set_cdn(std::move(cdn));
  return {};
}

void Decider::Impl::backend_failed(const Error& error) {
  backend_errors->add();
  log::error("enforce.failed",
             {{"error", error.text()}, {"next", "all entries are written anew within ten seconds"}});
  reconcile_due = std::min(reconcile_due, monotonic_ns() + 10'000'000'000);
}

std::vector<ChangeRow> Decider::Impl::emit(Changes& changes, TimePoint at) {
  std::vector<ChangeRow> rows;
  if (changes.empty()) return rows;
  for (DecisionChange& change : changes) change.sequence = ++last_sequence;
  if (backend != nullptr)
    if (const auto result = backend->apply(changes); !result) backend_failed(result.error());
  rows.reserve(changes.size());
  for (DecisionChange& change : changes) rows.push_back({change.sequence, std::move(change), at});
  changes.clear();
  return rows;
}

void Decider::Impl::allow_kernel(const std::vector<AllowChange>& changes) {
  if (backend == nullptr || changes.empty()) return;
  if (const auto result = backend->allow(changes); !result) backend_failed(result.error());
}

Decider::Decider() = default;

Decider::~Decider() = default;

Result<std::unique_ptr<Decider>> Decider::open(DeciderOptions options, Store& store, Backend* backend,
                                               Metrics& metrics) {
  std::unique_ptr<Decider> decider(new Decider);
  decider->impl_ = std::make_unique<Impl>(std::move(options), store, backend, metrics);
  TESTUDO_CHECK(decider->impl_->load_rules());
  const std::lock_guard lock(decider->impl_->mutex);
  TESTUDO_CHECK(decider->impl_->start());
  return decider;
}

AlertOutcome Decider::on_alert(Alert alert) {
  impl_->learn_areas(alert);
  // Before the lock: a source may have to ask the kernel for all of its sockets.
  std::optional<WitnessFinding> wire;
  if (alert.remediation) wire = impl_->witnesses.ask(alert);
  const std::lock_guard lock(impl_->mutex);
  return impl_->take(std::move(alert), false, wire ? &*wire : nullptr);
}

void Decider::remember(std::vector<Position> positions) { impl_->committer->remember(std::move(positions)); }

Result<std::vector<AlertOutcome>> Decider::post_alerts(std::vector<Alert> alerts, bool force) {
  // Whoever posts keeps what was not taken and tries again: better than doubling it here.
  if (const std::string problem = impl_->committer->problem(); !problem.empty())
    return Error{Code::unavailable, "the store takes nothing at present: " + problem};
  std::vector<AlertOutcome> outcomes;
  for (Alert& alert : alerts) {
    impl_->learn_areas(alert);
    const std::lock_guard lock(impl_->mutex);
    outcomes.push_back(impl_->take(std::move(alert), force, nullptr));
  }
  impl_->settle();
  TESTUDO_CHECK(impl_->committer->barrier());
  return outcomes;
}

void Decider::set_session_source(std::unique_ptr<SessionSource> source) {
  const std::lock_guard lock(impl_->mutex);
  impl_->session_source = std::move(source);
  impl_->sessions_due = 0;
}

Result<void> Decider::reload() {
  Result<void> loaded;
  {
    const std::lock_guard lock(impl_->mutex);
    loaded = impl_->load_rules();
  }
  // Whoever has put a database there does not wait for the next look at it.
  impl_->refresh_areas();
  impl_->settle();
  return loaded;
}

Result<void> Decider::barrier() { return impl_->committer->barrier(); }

std::string Decider::store_problem() const { return impl_->committer->problem(); }

Result<WhyReport> Decider::why(const Ip& address) { return impl_->why(address.unmapped()); }

WitnessStatus Decider::witness_status() const { return impl_->witnesses.status(); }

Duration Decider::tick(TimePoint at) { return impl_->tick(at); }

}  // namespace testudo
