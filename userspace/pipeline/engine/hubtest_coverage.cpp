#include "engine/hubtest_coverage.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "base/files.h"

namespace testudo {
namespace {

bool has_text(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
}

}  // namespace

HubCoverage hub_coverage(const HubIndex& index, const std::string& tests_folder) {
  HubCoverage out;
  std::map<std::string, size_t> by_path;
  for (const ContentItem& item : index.items()) {
    if (item.type != ItemType::parser && item.type != ItemType::scenario &&
        item.type != ItemType::postoverflow)
      continue;
    by_path.emplace(item.path, out.items.size());
    out.items.push_back({item.type, item.id, {}});
  }
  for (const std::string& name : list_directory(tests_folder)) {
    const std::string folder = tests_folder + "/" + name;
    if (!has_text(folder + "/config.yaml")) continue;
    const auto config = read_hub_test(folder);
    if (!config) {
      out.errors.push_back(config.error());
      continue;
    }
    const bool scenarios = has_text(folder + "/scenario.assert") && !config->scenarios.empty(),
               parsers = scenarios || (!config->ignore_parsers && has_text(folder + "/parser.assert"));
    for (const auto& [type, names, counts] :
         {std::tuple{ItemType::parser, &config->parsers, parsers},
          std::tuple{ItemType::scenario, &config->scenarios, scenarios},
          std::tuple{ItemType::postoverflow, &config->postoverflows, scenarios}}) {
      if (!counts) continue;
      for (const std::string& entry : *names) {
        const auto item = find_test_item(type, entry, *config, index);
        if (!item) {
          out.errors.push_back(item.error());
          continue;
        }
        const auto found = by_path.find(item->path);
        if (found == by_path.end()) continue;  // the test's own file
        std::vector<std::string>& tests = out.items[found->second].tests;
        if (tests.empty() || tests.back() != name) tests.push_back(name);
      }
    }
  }
  std::stable_sort(out.items.begin(), out.items.end(), [](const ItemCoverage& a, const ItemCoverage& b) {
    return std::tie(a.type, a.id) < std::tie(b.type, b.id);
  });
  return out;
}

}  // namespace testudo
