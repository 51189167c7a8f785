#include "api/router.h"

#include "base/text.h"
#include "net/url.h"

namespace testudo {
namespace {

/// The decoded parameters when `path` has the shape of `pattern`.
bool fits(std::string_view pattern, std::string_view path, std::vector<std::string>& params) {
  const auto wanted = split(pattern, '/'), given = split(path, '/');
  if (wanted.size() != given.size()) return false;
  params.clear();
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto segment = percent_decode(given[i]);
    if (!segment) return false;
    if (!wanted[i].starts_with(':')) {
      if (*segment != wanted[i]) return false;
    } else {
      if (segment->empty()) return false;
      params.push_back(*segment);
    }
  }
  return true;
}

}  // namespace

Match match_route(std::span<const Route> routes, std::string_view method, std::string_view path) {
  Match out;
  std::vector<std::string> params;
  for (const Route& route : routes) {
    if (!fits(route.pattern, path, params)) continue;
    if (route.method == method || (method == "HEAD" && route.method == "GET" && route.head))
      return {Match::Kind::found, &route, std::move(params), ""};
    out.kind = Match::Kind::wrong_method;
  }
  if (out.kind == Match::Kind::not_found && path.size() > 1 && path.ends_with('/') && !path.ends_with("//")) {
    const std::string_view shorter = path.substr(0, path.size() - 1);
    for (const Route& route : routes)
      if (fits(route.pattern, shorter, params))
        return {Match::Kind::redirect, nullptr, {}, std::string(shorter)};
  }
  return out;
}

}  // namespace testudo
