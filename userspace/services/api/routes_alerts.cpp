// CrowdSec's /v1/alerts: what happened, and the way in for decisions by hand.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/context.h"
#include "api/filters.h"
#include "api/model_json.h"
#include "api/read_json.h"
#include "base/log.h"

namespace testudo {
namespace {

Response list_alerts(ApiContext& context, const Call& call) {
  const TimePoint time = now();
  auto query = alert_query(call.request.query, time);
  if (!query) return message_response(500, query.error().message);
  const int limit = query->filter.limit;
  if (query->created_before) query->filter.limit = 0;
  auto alerts = context.decider.alerts(query->filter);
  if (!alerts) return error_response(alerts.error());
  if (query->created_before) {
    std::erase_if(*alerts, [&](const Alert& alert) { return alert.created_at > *query->created_before; });
    if (limit > 0 && alerts->size() > size_t(limit)) alerts->resize(size_t(limit));
  }
  return json_response(200, alerts_json(*alerts, time, query->filter.with_decisions));
}

Response get_alert(ApiContext& context, const Call& call) {
  AlertFilter filter;
  const std::string& text = call.params[0];
  int64_t id = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (ec != std::errc() || end != text.data() + text.size())
    return message_response(400, "alert_id must be valid integer");
  filter.id = id;
  const auto alerts = context.decider.alerts(filter);
  if (!alerts) return error_response(alerts.error());
  if (alerts->empty()) return message_response(404, "object not found");
  return json_response(200, alert_json(alerts->front(), now()));
}

/// A refusal as the command line shows it: {"message", "remedy"?, "verdict"}; 409 for the allowlist, 403
/// else.
Response refusal(const AlertOutcome& outcome, const Alert& alert, bool force) {
  const bool allowlisted = outcome.verdict == Verdict::allowlisted;
  JsonWriter json;
  json.begin_object().field("message", outcome.why.empty()
                                           ? fmt::format("{} was refused", alert.decisions.front().value)
                                           : outcome.why);
  if (allowlisted)
    json.field("remedy",
               "the allowlist wins over every decision: testudo allowlists remove takes an entry off");
  else if (!force && (outcome.verdict == Verdict::protected_address || outcome.verdict == Verdict::refused))
    json.field("remedy", "testudo decisions add --force does it all the same");
  return json_response(allowlisted ? 409 : 403,
                       json.field("verdict", verdict_name(outcome.verdict)).end_object().take());
}

Response post_alerts(ApiContext& context, const Call& call) {
  auto read = read_alerts(call.request.body, now());
  if (!read) return message_response(400, read.error().message);
  const std::string* force_text = call.request.param("force");
  const auto force = force_text ? parse_go_bool(*force_text) : false;
  if (!force) return message_response(400, fmt::format("force must be true or false, not '{}'", *force_text));

  for (const SkippedAlert& skipped : read->skipped) {
    context.metrics.counter("testudo_api_alerts_skipped_total", "Alerts in a request that could not be read.")
        .add();
    log::warn("api.alert.skipped", {{"problem", skipped.error.text()}, {"uid", call.request.peer.uid}});
  }
  // One alert by hand: somebody waits for a yes or a no. Agents must never get one: they would ask for ever.
  if (read->alerts.empty() && read->skipped.size() == 1 && read->skipped[0].by_hand)
    return error_response(400, read->skipped[0].error);
  const bool one_by_hand = read->alerts.size() == 1 && read->skipped.empty() &&
                           read->alerts[0].decisions.size() == 1 &&
                           read->alerts[0].decisions[0].origin == "cscli";

  for (Alert& alert : read->alerts) alert.machine_id = context.machine_id;
  const std::optional<Alert> by_hand = one_by_hand ? std::optional<Alert>(read->alerts[0]) : std::nullopt;
  std::vector<AlertOutcome> outcomes;
  if (!read->alerts.empty()) {
    auto posted = context.decider.post_alerts(std::move(read->alerts), *force);
    if (!posted) return error_response(posted.error());
    outcomes = std::move(*posted);
  }
  if (by_hand && outcomes.size() == 1 && outcomes[0].alert_id == 0)
    return refusal(outcomes[0], *by_hand, *force);
  JsonWriter json;
  json.begin_array();
  for (const AlertOutcome& outcome : outcomes)
    if (outcome.alert_id != 0) json.value(std::to_string(outcome.alert_id));
  return json_response(201, json.end_array().take());
}

constexpr Route routes[] = {
    {"GET", "/v1/alerts", Access::administrator, list_alerts, true},
    {"POST", "/v1/alerts", Access::administrator, post_alerts},
    {"GET", "/v1/alerts/:alert_id", Access::administrator, get_alert, true},
};

}  // namespace

std::span<const Route> alert_routes() { return routes; }

}  // namespace testudo
