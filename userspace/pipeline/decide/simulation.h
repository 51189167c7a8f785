// decide/simulation.h: which scenarios only say what they would do.
//
// `{simulation: bool, exclusions: [names]}`: with false the list names the simulated ones, with true those
// that are in earnest. FILE.local is merged over FILE: its keys replace.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/result.h"

namespace testudo {

class Simulation {
 public:
  /// A missing file simulates nothing. Errors: bad_config with place.
  static Result<Simulation> load(const std::string& path);
  bool simulates(std::string_view scenario) const { return by_default_ != exclusions_.contains(scenario); }

 private:
  Result<void> merge(const std::string& path);
  bool by_default_ = false;
  std::set<std::string, std::less<>> exclusions_;
};

}  // namespace testudo
