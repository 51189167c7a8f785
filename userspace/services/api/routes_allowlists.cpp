// CrowdSec's /v1/allowlists (read), and our own routes that change them.
#include <fmt/format.h>

#include <algorithm>

#include "api/context.h"
#include "api/filters.h"
#include "api/model_json.h"
#include "api/read_json.h"

namespace testudo {
namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
  return out;
}

bool with_content(const Call& call) {
  const std::string* value = call.request.param("with_content");
  return value && *value == "true";
}

Response list_allowlists(ApiContext& context, const Call& call) {
  const auto lists = context.decider.allowlists();
  if (!lists) return error_response(lists.error());
  return json_response(200, allowlists_json(*lists, with_content(call)));
}

Response get_allowlist(ApiContext& context, const Call& call) {
  const auto lists = context.decider.allowlists();
  if (!lists) return error_response(lists.error());
  const auto found = std::ranges::find(*lists, call.params[0], &Allowlist::name);
  if (found == lists->end())
    return message_response(404, fmt::format("allowlist '{}' not found", call.params[0]));
  return json_response(200, allowlist_json(*found, with_content(call)));
}

Response check_allowlists(ApiContext& context, const Call& call) {
  const auto prefix = parse_target_prefix(call.params[0]);
  if (!prefix) return message_response(500, fmt::format("invalid ip address or range '{}'", call.params[0]));
  const auto entries = context.decider.allowlisted_by(*prefix);
  if (call.request.method == "HEAD") return {entries.empty() ? 204 : 200, "", "", {}};
  JsonWriter json;
  json.begin_object();
  if (!entries.empty()) json.field("allowlisted", true).field("reason", joined(entries));
  return json_response(200, json.end_object().take());
}

Response check_many(ApiContext& context, const Call& call) {
  const auto targets = read_targets(call.request.body);
  if (!targets) return message_response(400, targets.error().message);
  if (targets->empty()) return message_response(400, "targets list cannot be empty");
  JsonWriter json;
  json.begin_object().key("results").begin_array();
  for (const std::string& target : *targets) {
    const auto prefix = parse_target_prefix(target);
    if (!prefix) return message_response(500, fmt::format("invalid ip address or range '{}'", target));
    const auto entries = context.decider.allowlisted_by(*prefix);
    if (entries.empty()) continue;
    json.begin_object().key("allowlists").begin_array();
    for (const std::string& entry : entries) json.value(entry);
    json.end_array().field("target", target).end_object();
  }
  return json_response(200, json.end_array().end_object().take());
}

Response create_allowlist(ApiContext& context, const Call& call) {
  const auto list = read_new_allowlist(call.request.body);
  if (!list) return error_response(list.error());
  if (const auto made = context.decider.create_allowlist(list->name, list->description); !made)
    return error_response(made.error());
  JsonWriter json;
  return json_response(201, json.begin_object().field("name", list->name).end_object().take());
}

Response delete_allowlist(ApiContext& context, const Call& call) {
  if (const auto gone = context.decider.delete_allowlist(call.params[0]); !gone)
    return error_response(gone.error());
  return {204, "", "", {}};
}

Response add_items(ApiContext& context, const Call& call) {
  if (const auto name = check_allowlist_name(call.params[0]); !name) return error_response(name.error());
  auto items = read_allowlist_items(call.request.body, now());
  if (!items) return error_response(items.error());
  const size_t count = items->size();
  const auto ended = context.decider.add_to_allowlist(call.params[0], std::move(*items));
  if (!ended) return error_response(ended.error());
  JsonWriter json;
  return json_response(200, json.begin_object()
                                .field("nbAdded", std::to_string(count))
                                .field("nbDeleted", std::to_string(*ended))
                                .end_object()
                                .take());
}

Response remove_items(ApiContext& context, const Call& call) {
  const auto prefixes = read_prefixes(call.request.body);
  if (!prefixes) return error_response(prefixes.error());
  const auto removed = context.decider.remove_from_allowlist(call.params[0], *prefixes);
  if (!removed) return error_response(removed.error());
  JsonWriter json;
  return json_response(200,
                       json.begin_object().field("nbDeleted", std::to_string(*removed)).end_object().take());
}

constexpr Route routes[] = {
    {"GET", "/v1/allowlists", Access::administrator, list_allowlists},
    {"POST", "/v1/allowlists/check", Access::administrator, check_many},
    {"GET", "/v1/allowlists/check/:ip_or_range", Access::administrator, check_allowlists, true},
    {"GET", "/v1/allowlists/:allowlist_name", Access::administrator, get_allowlist},
    {"POST", "/v1/testudo/allowlists", Access::administrator, create_allowlist},
    {"DELETE", "/v1/testudo/allowlists/:allowlist_name", Access::administrator, delete_allowlist},
    {"POST", "/v1/testudo/allowlists/:allowlist_name/items", Access::administrator, add_items},
    {"DELETE", "/v1/testudo/allowlists/:allowlist_name/items", Access::administrator, remove_items},
};

}  // namespace

std::span<const Route> allowlist_routes() { return routes; }

}  // namespace testudo
