#include "api/router.h"

#include <gtest/gtest.h>

#include <set>

#include "api/context.h"

namespace testudo {
namespace {

struct RouteCase {
  const char* sentence;
  const char *method, *path;
  Match::Kind kind;
  const char* pattern;
  std::vector<std::string> params;
};
using K = Match::Kind;
const RouteCase cases[] = {
    {"a literal path", "GET", "/v1/decisions", K::found, "/v1/decisions", {}},
    {"HEAD where the route has it", "HEAD", "/v1/decisions", K::found, "/v1/decisions", {}},
    {"HEAD where it has not", "HEAD", "/v1/allowlists/office", K::wrong_method, "", {}},
    {"a parameter", "GET", "/v1/alerts/17", K::found, "/v1/alerts/:alert_id", {"17"}},
    {"an encoded slash stays in its parameter",
     "GET",
     "/v1/allowlists/check/192.0.0.0%2F16",
     K::found,
     "/v1/allowlists/check/:ip_or_range",
     {"192.0.0.0/16"}},
    {"a plain slash does not", "GET", "/v1/allowlists/check/192.0.0.0/16", K::not_found, "", {}},
    {"a literal goes before a name", "POST", "/v1/allowlists/check", K::found, "/v1/allowlists/check", {}},
    {"an unknown path", "GET", "/v1/nope", K::not_found, "", {}},
    {"the root", "GET", "/", K::not_found, "", {}},
    {"a known path with another method", "PUT", "/v1/decisions", K::wrong_method, "", {}},
    {"a trailing slash is redirected", "GET", "/v1/decisions/", K::redirect, "", {}},
    {"double slashes are not folded", "GET", "//v1/decisions", K::not_found, "", {}},
    {"two trailing slashes are nothing", "GET", "/v1/decisions//", K::not_found, "", {}},
    {"an empty parameter is none", "DELETE", "/v1/testudo/allowlists//items", K::not_found, "", {}},
};

TEST(Router, FindsTheRow) {
  for (const RouteCase& c : cases) {
    const Match match = match_route(all_routes(), c.method, c.path);
    EXPECT_EQ(int(match.kind), int(c.kind)) << c.sentence;
    if (c.kind == K::found && match.route) {
      EXPECT_EQ(match.route->pattern, c.pattern) << c.sentence;
      EXPECT_EQ(match.params, c.params) << c.sentence;
    }
  }
  EXPECT_EQ(match_route(all_routes(), "GET", "/v1/decisions/").location, "/v1/decisions");
}

TEST(Routes, AreUniqueAndClosedToStrangersButForHealth) {
  std::set<std::string> seen;
  for (const Route& route : all_routes()) {
    EXPECT_TRUE(seen.insert(std::string(route.method) + " " + std::string(route.pattern)).second)
        << route.pattern;
    EXPECT_EQ(route.access == Access::everybody, route.pattern == "/health") << route.pattern;
  }
}

TEST(Administrator, IsWhoTheKernelSaysNotWhoConnectsByTcp) {
  Peer peer;
  EXPECT_FALSE(is_administrator(peer, "root"));
  peer.uid = peer.gid = 0;
  EXPECT_FALSE(is_administrator(peer, "root")) << "ids of a TCP peer mean nothing";
  peer.local = true;
  EXPECT_TRUE(is_administrator(peer, "root"));
  peer.uid = 54321;
  peer.gid = 54321;
  EXPECT_FALSE(is_administrator(peer, "root"));
  EXPECT_FALSE(is_administrator(peer, "no-such-group"));
  EXPECT_FALSE(is_administrator(peer, ""));
  peer.groups = {7, 0};  // group root has gid 0
  EXPECT_TRUE(is_administrator(peer, "root"));
}

}  // namespace
}  // namespace testudo
