#include "hub_corpus.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "base/text.h"
#include "yaml/yaml.h"

namespace testudo::test {
namespace fs = std::filesystem;
namespace {

std::vector<std::string> files_below(const std::string& folder, const std::string& extension) {
  std::vector<std::string> found;
  if (!fs::is_directory(folder)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().extension() == extension) found.push_back(entry.path());
  std::sort(found.begin(), found.end(), [](const std::string& a, const std::string& b) {
    return std::pair(fs::path(a).filename(), a) < std::pair(fs::path(b).filename(), b);
  });
  return found;
}

void read_node(const YamlNode& node, HubCorpus& corpus) {
  if (const YamlNode* syntax = node.find("pattern_syntax"))
    for (const auto& [name, text] : syntax->entries()) corpus.table.add(name, text.text());
  if (const YamlNode* grok = node.find("grok"); grok && grok->is_map()) {
    for (const bool by_name : {false, true})
      if (const YamlNode* text = grok->find(by_name ? "name" : "pattern"); text && !text->text().empty())
        corpus.patterns.push_back({text->where().text(), text->text(), by_name});
  }
  if (const YamlNode* nodes = node.find("nodes"))
    for (const YamlNode& child : nodes->items()) read_node(child, corpus);
}

}  // namespace

std::string hub_folder() {
  const char* set = std::getenv("TESTUDO_HUB");
  const std::string folder = set ? set : TESTUDO_SOURCE_DIR "/../shared/crowdsec-hub";
  return fs::is_directory(folder + "/hub/parsers") ? folder : "";
}

std::string patterns_folder() { return TESTUDO_SOURCE_DIR "/config/patterns"; }

HubCorpus read_hub(const std::string& folder) {
  HubCorpus corpus;
  auto loaded = corpus.table.load_folder(patterns_folder());
  if (!loaded) ADD_FAILURE() << loaded.error().text();
  for (const char* kind : {"/hub/parsers", "/hub/postoverflows"}) {
    for (const std::string& file : files_below(folder + kind, ".yaml")) {
      auto documents = load_yaml(file);
      if (!documents) {
        ADD_FAILURE() << documents.error().text();
        continue;
      }
      for (const YamlNode& document : *documents) read_node(document, corpus);
    }
  }
  for (const std::string& file : files_below(folder + "/tests", ".log")) {
    auto text = read_file(file);
    if (!text) {
      ADD_FAILURE() << text.error().text();
      continue;
    }
    for (const std::string_view line : split(*text, '\n'))
      if (!line.empty()) corpus.lines.emplace_back(line);
  }
  return corpus;
}

}  // namespace testudo::test
