// cli/decision_view.h: which decisions `decisions list` shows, out of the alerts that the daemon sends.
//
// An alert is sent whole when one of its decisions fits; the others are taken out here: what is over, what
// the options do not ask for, and repetitions of what was shown already (same simulation, type, params,
// scope and value).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "ask.h"
#include "base/ip.h"

namespace testudo::cli {

/// "(100/s tcp port 22)": what the params of a decision narrow it to; "" when they do not.
std::string shown_terms(const json::value& decision);

class DecisionView {
 public:
  /// The options of `decisions list`; an option that cannot be read is an error.
  static Result<DecisionView> read(const Args& args);
  /// What to ask the daemon for: with filters that it does not know all alerts, otherwise the limit.
  std::string server_limit() const;
  /// Alerts with the decisions that fit, newest first as they came; alerts without any are left out.
  json::array apply(const json::array& alerts);

  size_t duplicates = 0;  ///< repetitions that the last apply() left out

 private:
  bool fits(const json::value& decision) const;

  std::string value_, scope_, type_, origin_, scenario_;
  std::optional<Prefix> range_;
  bool contained_ = false, simulated_ = true;
  size_t limit_ = 100;  ///< alerts; 0 = all
  std::set<std::tuple<std::string, std::string, std::string, std::string, std::string>> seen_;
};

}  // namespace testudo::cli
