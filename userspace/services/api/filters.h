// api/filters.h: query strings → filters; every value is checked, errors say which one and why.
#pragma once

#include <optional>

#include "net/http.h"
#include "store/store.h"

namespace testudo {

struct AlertQuery {
  AlertFilter filter;
  std::optional<TimePoint> created_before;  ///< not part of the store's filter: the route applies it
};
/// GET /v1/alerts (api-spec: durations count back from `now`). Unknown names are an error.
Result<AlertQuery> alert_query(const NameValues& query, TimePoint now);

struct DecisionQuery {
  DecisionFilter filter;
  bool paged = false;  ///< limit, offset or id_gt was given: order is by id
  int64_t id_gt = 0;
  int offset = 0, limit = 0;  ///< limit 0 = all
};
/// GET /v1/decisions. Unknown names are ignored, as all bouncers expect.
Result<DecisionQuery> decision_query(const NameValues& query);

/// DELETE /v1/decisions. Unknown names are an error: a misspelt filter must not delete everything.
Result<DecisionFilter> deletion_filter(const NameValues& query);

/// An address or prefix; IPv4-mapped IPv6 is folded to IPv4.
std::optional<Prefix> parse_target_prefix(std::string_view text);

/// Go's strconv.ParseBool: 1 t T TRUE true True, 0 f F FALSE false False.
std::optional<bool> parse_go_bool(std::string_view text);

}  // namespace testudo
