#include "api/serve.h"

#include "api/exposition.h"
#include "base/log.h"

namespace testudo {
namespace {

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
      out += "&#" + std::to_string(int(c)) + ";";
    else
      out += c;
  }
  return out;
}

/// Methods are chosen by the client, labels must be few.
std::string method_label(const std::string& method) {
  for (const char* known : {"GET", "HEAD", "POST", "PUT", "DELETE"})
    if (method == known) return method;
  return "other";
}

void count(ApiContext& context, const std::string& route, const std::string& method) {
  context.metrics
      .counter("cs_lapi_route_requests_total", "Requests by route.",
               {{"route", route}, {"method", method_label(method)}})
      .add();
}

std::optional<Response> refuse(ApiContext& context, const Request& request, const Match& match) {
  switch (match.kind) {
    case Match::Kind::not_found:
      return Response{404, "", "", {}};
    case Match::Kind::wrong_method:
      return Response{405, "", "", {}};
    case Match::Kind::redirect: {
      Response response{301, "", "", {{"Location", match.location}}};
      if (request.method == "GET") {
        response.content_type = "text/html; charset=utf-8";
        response.body = "<a href=\"" + escape_html(match.location) + "\">Moved Permanently</a>.\n\n";
      }
      return response;
    }
    case Match::Kind::found:
      break;
  }
  if (match.route->access == Access::administrator && !is_administrator(request.peer, context.admin_group)) {
    log::info("api.forbidden",
              {{"method", request.method}, {"path", request.path}, {"address", request.peer.address}});
    return message_response(403, "access forbidden");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Response> admit(ApiContext& context, const Request& request) {
  const Match match = match_route(all_routes(), request.method, request.path);
  auto answer = refuse(context, request, match);
  if (answer)
    count(context, match.route ? std::string(match.route->pattern) : "invalid-endpoint", request.method);
  return answer;
}

Response serve(ApiContext& context, const Request& request) {
  const Match match = match_route(all_routes(), request.method, request.path);
  const std::string label = match.route ? std::string(match.route->pattern) : "invalid-endpoint";
  count(context, label, request.method);
  if (auto answer = refuse(context, request, match)) return *answer;
  const int64_t begin = monotonic_ns();
  Response response = match.route->run(context, Call{request, match.params});
  context.metrics
      .histogram("cs_lapi_request_duration_seconds", "Time to answer.",
                 {.005, .01, .025, .05, .075, .1, .2, .3, .4, .5, .75, 1},
                 {{"endpoint", label}, {"method", method_label(request.method)}})
      .observe(double(monotonic_ns() - begin) / 1e9);
  if (request.method == "HEAD") {
    response.body.clear();
    if (response.status == 200) response.content_type = "text/plain; charset=utf-8";
  }
  return response;
}

Response serve_metrics(const Metrics& metrics, const Request& request) {
  if (request.path != "/metrics" && request.path != "/") return {404, "", "", {}};
  if (request.method != "GET" && request.method != "HEAD") return {405, "", "", {}};
  if (request.path == "/")
    return {200, "text/plain; charset=utf-8", "testudo: metrics are at /metrics\n", {}};
  return {200, std::string(kExpositionType), exposition(metrics), {}};
}

}  // namespace testudo
