#include "api/context.h"

#include <grp.h>
#include <unistd.h>

#include <algorithm>

#include "base/json_writer.h"

namespace testudo {

bool is_administrator(const Peer& peer, const std::string& admin_group) {
  if (!peer.local || peer.uid == UINT32_MAX) return false;
  if (peer.uid == 0 || peer.uid == ::geteuid()) return true;
  if (admin_group.empty()) return false;
  // Looked up at each request: the group may be made, or renumbered, while the daemon runs.
  struct group entry {};
  struct group* found = nullptr;
  char buffer[16384];
  if (::getgrnam_r(admin_group.c_str(), &entry, buffer, sizeof buffer, &found) != 0 || !found) return false;
  const uint32_t gid = found->gr_gid;
  return peer.gid == gid || std::ranges::find(peer.groups, gid) != peer.groups.end();
}

Response json_response(int status, std::string body) {
  return {status, "application/json; charset=utf-8", std::move(body), {}};
}

Response message_response(int status, std::string_view message) {
  JsonWriter json;
  return json_response(status, json.begin_object().field("message", message).end_object().take());
}

int status_of(Code code) {
  switch (code) {
    case Code::bad_input:
      return 400;
    case Code::bad_content:
    case Code::bad_config:
      return 422;
    case Code::not_found:
      return 404;
    case Code::refused:
    case Code::permission:
      return 403;
    case Code::conflict:
      return 409;
    case Code::too_large:
      return 413;
    case Code::unsupported:
      return 501;
    case Code::unavailable:
      return 503;
    case Code::io:
    case Code::corrupt:
    case Code::internal:
      break;
  }
  return 500;
}

Response error_response(int status, const Error& error) {
  JsonWriter json;
  json.begin_object().field("code", code_name(error.code)).field("message", error.message);
  if (!error.remedy.empty()) json.field("remedy", error.remedy);
  if (const std::string where = error.where.text(); !where.empty()) json.field("where", where);
  return json_response(status, json.end_object().take());
}

Response error_response(const Error& error) { return error_response(status_of(error.code), error); }

const std::vector<Route>& all_routes() {
  static const std::vector<Route> table = [] {
    std::vector<Route> rows;
    for (const auto routes : {alert_routes(), decision_routes(), allowlist_routes(), own_routes()})
      rows.insert(rows.end(), routes.begin(), routes.end());
    return rows;
  }();
  return table;
}

}  // namespace testudo
