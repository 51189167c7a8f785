// decide/decider_alert.cpp: one alert → decisions, or the reason why there are none.
#include <fmt/format.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/text.h"
#include "decide/decider_impl.h"

namespace testudo {

namespace {

std::string random_uuid() {
  uint8_t b[16] = {};
  // 16 bytes never fail once the pool is up; until then the clock makes them unique on this machine.
  if (getrandom(b, sizeof b, 0) != ssize_t(sizeof b)) return stable_uuid(std::to_string(monotonic_ns()));
  b[6] = uint8_t((b[6] & 0x0f) | 0x40);
  b[8] = uint8_t((b[8] & 0x3f) | 0x80);
  std::string text;
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", b[i]);
  }
  return text;
}

}  // namespace

AlertOutcome Decider::Impl::unheard(const Alert& alert, Verdict verdict, std::string why) {
  constexpr size_t kRing = 1000;
  log::info("alert.unheard", {{"verdict", verdict_name(verdict)},
                              {"scenario", alert.scenario},
                              {"value", alert.source.value},
                              {"why", why}});
  unheard_ring.push_back({time(), verdict, alert.source.scope, alert.source.value, alert.scenario, why,
                          alert.line, alert.source_name});
  if (unheard_ring.size() > kRing) unheard_ring.pop_front();
  return {verdict, 0, std::move(why)};
}

AlertOutcome Decider::Impl::keep(Alert alert, Verdict verdict, std::string why,
                                 const std::vector<ChangeRow>& changes) {
  const int64_t id = alert.id;
  uuids.insert(alert.uuid);
  committer->add(std::move(alert), changes);
  return {verdict, id, std::move(why)};
}

void Decider::Impl::simulate_where_due(Alert& alert, const WitnessFinding* wire) {
  if (alert.simulated) {
    if (alert.simulated_why.empty()) alert.simulated_why = "simulation";
    return;
  }
  if (options.simulate_all || simulation.simulates(alert.scenario))
    alert.simulated_why = "simulation";
  else if (alert.ambiguous && !(wire && wire->alone))
    alert.simulated_why = "ambiguous line";
  else if (wire && wire->answer == WitnessAnswer::absent)
    alert.simulated_why = kNoWitness;
  alert.simulated = !alert.simulated_why.empty();
}

AlertOutcome Decider::Impl::take(Alert alert, bool force, const WitnessFinding* wire) {
  const TimePoint at = time();
  alert.source.scope = normalize_scope(alert.source.scope);
  alert.created_at = at;
  if (alert.stop_at == TimePoint{}) alert.stop_at = at;
  if (alert.machine_id.empty()) alert.machine_id = options.machine_id;
  if (alert.uuid.empty()) alert.uuid = random_uuid();
  const auto finish = [&](AlertOutcome outcome) {
    count(outcome.verdict);
    return outcome;
  };

  if (uuids.contains(alert.uuid))
    return finish({Verdict::duplicate, 0, "the same lines have alerted already"});
  const bool by_hand = !alert.decisions.empty();

  if (!by_hand) {
    suspect(alert, at);
    for (const std::string& text : {alert.source.value, alert.source.ip}) {
      const auto prefix = matching_prefix(alert.source.scope, text);
      if (!prefix) continue;
      if (const auto hits = allow.matches(*prefix, at); !hits.empty())
        return finish(unheard(alert, Verdict::allowlisted,
                              fmt::format("{} is allowlisted: {}", text, fmt::join(hits, ", "))));
    }
    alert.id = ++last_alert_id;
    if (alert.stop_at <= flush_mark) {
      alert.simulated_why = "late";
      return finish(keep(std::move(alert), Verdict::late,
                         "it happened before the flush of " + format_rfc3339_seconds(flush_mark), {}));
    }
    Profiles::Judgement judgement = profiles.judge(alert);
    if (judgement.decisions.empty()) {
      if (!alert.remediation)
        return finish(
            keep(std::move(alert), Verdict::no_remediation, "the scenario asks for no remediation", {}));
      return finish(keep(std::move(alert), Verdict::no_profile,
                         judgement.profile.empty() ? "no profile matches"
                                                   : "profile " + judgement.profile + " decides nothing",
                         {}));
    }
    alert.decisions = std::move(judgement.decisions);
    simulate_where_due(alert, wire);
  }

  std::vector<Decision> good;
  std::optional<AlertOutcome> first_refusal;
  for (Decision& decision : alert.decisions) {
    auto refusal = check_decision(decision, alert, by_hand, force, at);
    if (!refusal) {
      good.push_back(std::move(decision));
      continue;
    }
    refused_decisions[size_t(refusal->verdict)]->add();
    if (by_hand)
      log::warn("decision.refused", {{"verdict", verdict_name(refusal->verdict)},
                                     {"value", decision.value},
                                     {"scenario", alert.scenario},
                                     {"why", refusal->why}});
    if (!first_refusal) first_refusal = std::move(refusal);
  }
  alert.decisions = std::move(good);
  if (alert.decisions.empty()) {
    const AlertOutcome& why = *first_refusal;
    if (by_hand) return finish(unheard(alert, why.verdict, why.why));
    if (why.verdict == Verdict::late) {
      alert.simulated_why = "late";
      return finish(keep(std::move(alert), why.verdict, why.why, {}));
    }
    // Kept as an alert all the same: that somebody asks for a ban of one's own address is worth knowing.
    const AlertOutcome outcome = unheard(alert, why.verdict, why.why);
    return finish(keep(std::move(alert), outcome.verdict, outcome.why, {}));
  }

  if (by_hand) alert.id = ++last_alert_id;
  if (!by_hand && wire) witnesses.count(*wire, alert);
  Changes changes;
  for (size_t i = 0; i < alert.decisions.size(); ++i) {
    Decision& decision = alert.decisions[i];
    decision.id = ++last_decision_id;
    decision.alert_id = alert.id;
    decision.uuid = stable_uuid(alert.uuid + "/" + std::to_string(i));
    decision.simulated = decision.simulated || alert.simulated;
    if (decision.origin.empty()) decision.origin = by_hand ? "cscli" : "crowdsec";
    if (decision.scenario.empty()) decision.scenario = alert.scenario;
    index.add(decision, changes);
    if (decision.prefix && !decision.simulated) drop_adopted(*decision.prefix, changes);
    if (is_geo_scope(decision.scope)) place_area(decision);
  }
  const bool simulated = alert.decisions.front().simulated;
  const std::vector<ChangeRow> rows = emit(changes, at);
  if (alert.first_read_mono != 0 && !simulated)
    reaction->observe(double(monotonic_ns() - alert.first_read_mono) * 1e-9);

  const Decision& first = alert.decisions.front();
  std::string why = simulated ? fmt::format("{} of {} for {}, simulated: {}", first.type, first.value,
                                            format_duration_short(first.duration),
                                            alert.simulated_why.empty() ? "asked for" : alert.simulated_why)
                              : fmt::format("{} of {} for {}", first.type, first.value,
                                            format_duration_short(first.duration));
  if (first_refusal) why += fmt::format("; others were refused: {}", first_refusal->why);
  if (simulated && alert.simulated_why == kNoWitness)
    log::warn("decision.no_witness",
              {{"scenario", alert.scenario},
               {"value", first.value},
               {"source", alert.source_name},
               {"why", "the log names it, and it completed no handshake with this host"},
               {"remedy", no_witness_remedy(alert)}});
  else
    log::info(simulated ? "decision.simulated" : "decision.made",
              {{"scenario", alert.scenario},
               {"value", first.value},
               {"type", first.type},
               {"until", format_rfc3339_seconds(first.until)},
               {"decisions", alert.decisions.size()}});
  return finish(
      keep(std::move(alert), simulated ? Verdict::simulated : Verdict::decided, std::move(why), rows));
}

}  // namespace testudo
