// api/serve.h: one request → one answer, without a socket: routes, access, counting.
#pragma once

#include <optional>

#include "api/context.h"

namespace testudo {

/// What can be answered before the body is read: no such route, a redirect, no access. Does not block.
std::optional<Response> admit(ApiContext& context, const Request& request);

/// The whole answer, admit() included; counts the request (cs_lapi_route_requests_total, …_duration_seconds).
Response serve(ApiContext& context, const Request& request);

/// The metrics port: GET /metrics, GET /.
Response serve_metrics(const Metrics& metrics, const Request& request);

}  // namespace testudo
