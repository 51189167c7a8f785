// engine/content.h: which content files are enabled, and in which order they load.
//
// Two layouts are read alike: a hub (parsers/STAGE/AUTHOR/NAME.yaml, scenarios/AUTHOR/NAME.yaml) and an
// installation (parsers/STAGE/NAME.yaml, scenarios/NAME.yaml: files, or links into a hub). Within a stage the
// order is that of the file names, whoever the author is.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "yaml/yaml.h"

namespace testudo {

enum class ItemType : uint8_t { parser, scenario, postoverflow, context, collection };
const char* item_type_name(ItemType type);  ///< "parsers", "scenarios" …

struct ContentItem {
  ItemType type = ItemType::parser;
  std::string stage;  ///< parsers and postoverflows
  std::string id;     ///< "author/name"; "name" where no author is known
  std::string path;
  std::string text;  ///< filled by read_items(), like the rest
  std::vector<YamlNode> documents;
  bool unreadable = false;  ///< no YAML, or over a limit: it has no documents
  std::vector<std::string> yields_to;
};

struct ContentSelection {
  std::vector<std::string> folders;  ///< each holds parsers/, scenarios/ …; a missing one has nothing
  std::vector<std::string> items;    ///< "[TYPE:]AUTHOR/NAME"; empty = everything in the folders
};

/// Finds the selected items, sorted in load order, collections resolved. Names that are not found are errors.
std::vector<ContentItem> find_content(const ContentSelection& selection, Errors& errors);

/// Reads the YAML of each item that has none yet; one that cannot be read is marked, with an error. Then
/// drops the items that yield to another one that is enabled.
void read_items(std::vector<ContentItem>& items, Errors& errors, std::vector<std::string>& notes);

}  // namespace testudo
