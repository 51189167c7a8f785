// api/router.h: method and path → a row of a table.
//
// Patterns are literal segments and `:name`. Segments are split before they are decoded, so that an encoded
// slash ("10.0.0.0%2F8") stays inside its parameter. Rows are tried in order.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace testudo {

struct ApiContext;  // api/context.h

/// One matched request on its way into a handler.
struct Call {
  const Request& request;
  std::vector<std::string> params;  ///< decoded, in the order of the pattern
};

enum class Access : uint8_t { everybody, administrator };

struct Route {
  std::string_view method;
  std::string_view pattern;
  Access access;
  Response (*run)(ApiContext&, const Call&);
  bool head = false;  ///< HEAD is answered too: as GET, without body
};

struct Match {
  enum class Kind : uint8_t { found, redirect, not_found, wrong_method };
  Kind kind = Kind::not_found;
  const Route* route = nullptr;
  std::vector<std::string> params;
  std::string location;  ///< for redirect: the path without its trailing slash
};

Match match_route(std::span<const Route> routes, std::string_view method, std::string_view path);

}  // namespace testudo
