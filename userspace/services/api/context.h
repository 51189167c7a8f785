// api/context.h: what handlers work on.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/router.h"
#include "base/metrics.h"
#include "decide/decider.h"
#include "enforce/backend.h"

namespace testudo {

/// What only the program around the API can do; each may be empty (501 then). Called from server threads.
struct ApiHooks {
  std::function<std::string()> status_json;  ///< body of GET /v1/testudo/status (api/status.h writes it)
  std::function<Result<void>()> reload;      ///< POST /v1/testudo/reload; on error everything old goes on
};

struct ApiContext {
  Decider& decider;
  Backend* backend;  ///< null = enforcement is off
  Metrics& metrics;
  ApiHooks hooks;
  std::string admin_group;
  std::string machine_id;  ///< owner of alerts that come over the socket
};

/// root, members of `admin_group`, and the daemon's own user, over the unix socket: the kernel says so.
bool is_administrator(const Peer& peer, const std::string& admin_group);

// Answers that all handlers share.
Response json_response(int status, std::string body);
/// {"message": …}: what CrowdSec's clients read.
Response message_response(int status, std::string_view message);
/// {"code", "message", "remedy", "where"}: own routes, and refusals that the command line shows.
Response error_response(const Error& error);
Response error_response(int status, const Error& error);
int status_of(Code code);

std::span<const Route> alert_routes();
std::span<const Route> decision_routes();
std::span<const Route> allowlist_routes();
std::span<const Route> own_routes();
/// All of them, in order.
const std::vector<Route>& all_routes();

}  // namespace testudo
