// engine/hubtest_config.h: a test's config.yaml, and the content items that it names.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/content.h"

namespace testudo {

struct HubTestConfig {
  std::string name;
  std::string folder;
  std::vector<std::string> parsers, scenarios, postoverflows;  ///< as written; empty entries left out
  std::string log_file;                                        ///< its path
  std::string log_type;
  std::vector<std::pair<std::string, std::string>> labels;
  bool ignore_parsers = false;  ///< parser.assert is not evaluated
  std::string override_yaml;    ///< node `overrides`, which sorts before all others; "" = none
  std::string unsupported;      ///< what the test is for and Testudo does not have: it is skipped
};

/// Unknown keys are ignored, as the format has it; wrong types of known ones are errors.
Result<HubTestConfig> read_hub_test(const std::string& folder);

/// Which file a name in a test's configuration means.
class HubIndex {
 public:
  explicit HubIndex(const std::vector<std::string>& folders);
  /// By hub name (author/file, not the name inside of the file); null when there is none.
  const ContentItem* find(ItemType type, const std::string& name) const;
  /// All items of a hub, collections left out.
  const std::vector<ContentItem>& items() const { return items_; }
  const std::string& root() const { return root_; }

 private:
  std::string root_;
  std::vector<ContentItem> items_;
  std::map<std::pair<ItemType, std::string>, size_t> by_name_;
};

/// One entry: a hub name, else a path from the hub's root, else a path from the test's folder.
Result<ContentItem> find_test_item(ItemType type, const std::string& entry, const HubTestConfig& config,
                                   const HubIndex& index);

/// All of them in the order in which they are loaded: as files of one flat folder for each stage, by file
/// name. Of two with one file name the first wins, unless the second is named by its path.
Result<std::vector<ContentItem>> test_items(const HubTestConfig& config, const HubIndex& index);

}  // namespace testudo
