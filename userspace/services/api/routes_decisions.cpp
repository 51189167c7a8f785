// CrowdSec's /v1/decisions: what is in force.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/context.h"
#include "api/filters.h"
#include "api/model_json.h"

namespace testudo {
namespace {

int severity(const Decision& decision) {
  return decision.type == "ban" ? 2 : decision.type == "captcha" ? 1 : 0;
}

Response list_decisions(ApiContext& context, const Call& call) {
  const auto query = decision_query(call.request.query);
  if (!query) return message_response(500, query.error().message);
  auto decisions = context.decider.decisions(query->filter);
  if (!decisions) return error_response(decisions.error());
  if (query->paged) {
    std::erase_if(*decisions, [&](const Decision& d) { return d.id <= query->id_gt; });
    std::ranges::sort(*decisions, {}, &Decision::id);
    decisions->erase(decisions->begin(),
                     decisions->begin() + std::min(ptrdiff_t(query->offset), std::ssize(*decisions)));
    if (query->limit > 0 && decisions->size() > size_t(query->limit)) decisions->resize(size_t(query->limit));
  } else {
    // Live bouncers look at the first entry alone: the most severe one, and the longest of equals.
    std::ranges::stable_sort(*decisions, [](const Decision& a, const Decision& b) {
      return severity(a) != severity(b) ? severity(a) > severity(b) : a.until > b.until;
    });
  }
  return json_response(200, decisions_json(*decisions, now()));
}

Response deleted(int count) {
  JsonWriter json;
  return json_response(200,
                       json.begin_object().field("nbDeleted", std::to_string(count)).end_object().take());
}

Response delete_decisions(ApiContext& context, const Call& call) {
  const auto filter = deletion_filter(call.request.query);
  if (!filter) return message_response(500, filter.error().message);
  const auto count = context.decider.delete_decisions(*filter);
  if (!count) return error_response(count.error());
  return deleted(*count);
}

Response delete_decision(ApiContext& context, const Call& call) {
  const std::string& text = call.params[0];
  int64_t id = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (ec != std::errc() || end != text.data() + text.size())
    return message_response(400, "decision_id must be valid integer");
  DecisionFilter filter;
  filter.id = id;
  filter.include_simulated = true;
  filter.include_expired = true;
  const auto known = context.decider.decisions(filter);
  if (!known) return error_response(known.error());
  if (known->empty())
    return message_response(404, fmt::format("decision with id '{}' doesn't exist: unable to delete", id));
  filter.include_expired = false;
  const auto count = context.decider.delete_decisions(filter);
  if (!count) return error_response(count.error());
  return deleted(1);  // one that had ended already counts too, as clients know it
}

constexpr Route routes[] = {
    {"GET", "/v1/decisions", Access::administrator, list_decisions, true},
    {"DELETE", "/v1/decisions", Access::administrator, delete_decisions},
    {"DELETE", "/v1/decisions/:decision_id", Access::administrator, delete_decision},
};

}  // namespace

std::span<const Route> decision_routes() { return routes; }

}  // namespace testudo
