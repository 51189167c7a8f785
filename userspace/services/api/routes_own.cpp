// Our own routes under /v1/testudo/, and /health.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/context.h"
#include "api/exposition.h"
#include "api/filters.h"
#include "api/model_json.h"

namespace testudo {
namespace {

constexpr size_t kKernelEntries = 1000;  // unless `limit` says otherwise

Response health(ApiContext&, const Call&) { return json_response(200, R"({"status":"up"})"); }

Response flush(ApiContext& context, const Call&) {
  const auto count = context.decider.flush();
  if (!count) return error_response(count.error());
  JsonWriter json;
  return json_response(200,
                       json.begin_object().field("nbDeleted", std::to_string(*count)).end_object().take());
}

Response why(ApiContext& context, const Call& call) {
  const auto address = Ip::parse(call.params[0]);
  if (!address)
    return error_response(Error{Code::bad_input,
                                fmt::format("{} is not a valid address", call.params[0]),
                                {},
                                "one address, no range"});
  const auto report = context.decider.why(address->unmapped());
  if (!report) return error_response(report.error());
  return json_response(200, why_json(*report, now()));
}

Response scopes(ApiContext& context, const Call&) {
  return json_response(200, areas_json(context.decider.areas()));
}

Response reload(ApiContext& context, const Call&) {
  if (!context.hooks.reload) return error_response(Error{Code::unsupported, "this daemon cannot reload"});
  const auto done = context.hooks.reload();
  if (!done) return error_response(422, done.error());
  return json_response(200, R"({"reloaded":true})");
}

Response status(ApiContext& context, const Call&) {
  if (!context.hooks.status_json)
    return error_response(Error{Code::unsupported, "this daemon has no status"});
  return json_response(200, context.hooks.status_json());
}

Response metrics(ApiContext& context, const Call&) {
  return {200, std::string(kExpositionType), exposition(context.metrics), {}};
}

Response kernel(ApiContext& context, const Call& call) {
  if (!context.backend)
    return error_response(
        Error{Code::unsupported, "enforcement is off in this daemon", {}, "set enforce.mode"});
  std::optional<Prefix> only;
  size_t limit = kKernelEntries;
  if (const std::string* text = call.request.param("address")) {
    only = parse_target_prefix(*text);
    if (!only)
      return error_response(Error{Code::bad_input, fmt::format("{} is not a valid address or range", *text)});
  }
  if (const std::string* text = call.request.param("limit")) {
    const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), limit);
    if (ec != std::errc() || end != text->data() + text->size())
      return error_response(Error{Code::bad_input, fmt::format("limit must be a number, not '{}'", *text)});
  }
  auto entries = context.backend->list(only ? &*only : nullptr);
  if (!entries) return error_response(entries.error());
  const size_t total = entries->size();
  if (limit > 0 && total > limit) entries->resize(limit);
  return json_response(200, kernel_json(context.backend->status(), *entries, total));
}

Response flush_kernel(ApiContext& context, const Call&) {
  if (const auto done = context.decider.flush_kernel(); !done) return error_response(done.error());
  return {204, "", "", {}};
}

constexpr Route routes[] = {
    {"GET", "/health", Access::everybody, health},
    {"POST", "/v1/testudo/flush", Access::administrator, flush},
    {"GET", "/v1/testudo/why/:address", Access::administrator, why},
    {"GET", "/v1/testudo/scopes", Access::administrator, scopes},
    {"POST", "/v1/testudo/reload", Access::administrator, reload},
    {"GET", "/v1/testudo/status", Access::administrator, status},
    {"GET", "/v1/testudo/metrics", Access::administrator, metrics},
    {"GET", "/v1/testudo/kernel", Access::administrator, kernel},
    {"POST", "/v1/testudo/kernel/flush", Access::administrator, flush_kernel},
};

}  // namespace

std::span<const Route> own_routes() { return routes; }

}  // namespace testudo
