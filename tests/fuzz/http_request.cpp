// Request lines and queries as strangers send them: each finds its row or none, what is decoded can be
// encoded again, and filters hold only what they may.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/filters.h"
#include "api/router.h"
#include "base/text.h"
#include "net/url.h"

namespace {

using namespace testudo;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Rows of every shape that the API has; they are matched here, never run.
constexpr Route routes[] = {
    {"GET", "/v1/alerts", Access::administrator, nullptr},
    {"POST", "/v1/alerts", Access::administrator, nullptr},
    {"GET", "/v1/alerts/:id", Access::administrator, nullptr},
    {"GET", "/v1/decisions", Access::everybody, nullptr, true},
    {"DELETE", "/v1/decisions/:id", Access::administrator, nullptr},
    {"GET", "/v1/allowlists/check/:value", Access::everybody, nullptr, true},
    {"DELETE", "/v1/testudo/allowlists/:name/items/:value", Access::administrator, nullptr},
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 65536) return 0;
  const auto parts = split({reinterpret_cast<const char*>(data), size}, ' ');
  if (parts.size() < 2) return 0;
  const std::string_view method = parts[0];
  const std::string_view target(parts[1].data(), size - size_t(parts[1].data() - parts[0].data()));
  std::string path;
  NameValues query;
  if (parse_target(target, path, query)) {
    const Match match = match_route(routes, method, path);
    if (match.kind == Match::Kind::found) {
      require(match.route != nullptr && match.route->run == nullptr);
      for (const std::string& param : match.params) require(!param.empty());
    }
    if (match.kind == Match::Kind::redirect) require(match.location.size() + 1 == path.size());
    const TimePoint time = from_unix_seconds(1795544569);
    if (const auto alerts = alert_query(query, time)) require(alerts->filter.limit >= 0);
    if (const auto decisions = decision_query(query))
      require(decisions->limit >= 0 && decisions->offset >= 0);
    (void)deletion_filter(query);
  }
  if (const auto decoded = percent_decode(target))
    require(percent_decode(percent_encode(*decoded)) == decoded);
  return 0;
}
