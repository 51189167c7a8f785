// engine/hubtest_coverage.h: which items of a hub have no test.
#pragma once

#include <string>
#include <vector>

#include "engine/hubtest_config.h"

namespace testudo {

struct ItemCoverage {
  ItemType type = ItemType::parser;
  std::string id;
  std::vector<std::string> tests;  ///< sorted; that name it and assert something of its kind
};

struct HubCoverage {
  std::vector<ItemCoverage> items;  ///< every parser, scenario and postoverflow, by type and name
  Errors errors;                    ///< tests whose configuration cannot be read
};

/// A test counts for the items that its configuration names: for parsers when it has a parser.assert that is
/// evaluated or a scenario.assert, for scenarios and postoverflows when it has a scenario.assert.
HubCoverage hub_coverage(const HubIndex& index, const std::string& tests_folder);

}  // namespace testudo
