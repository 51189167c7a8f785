#include "decide/simulation.h"

#include "base/files.h"
#include "yaml/yaml.h"

namespace testudo {

namespace {

Error as_config(Error error) {
  error.code = Code::bad_config;
  return error;
}

}  // namespace

Result<Simulation> Simulation::load(const std::string& path) {
  Simulation simulation;
  for (const std::string& file : {path, path + ".local"})
    if (!path.empty() && file_exists(file)) TESTUDO_CHECK(simulation.merge(file));
  return simulation;
}

Result<void> Simulation::merge(const std::string& path) {
  auto documents = load_yaml(path);
  if (!documents) return as_config(std::move(documents).error());
  if (documents->empty()) return {};
  if (documents->size() > 1) return as_config((*documents)[1].error("simulation.yaml is one document"));
  const YamlNode& root = documents->front();
  if (root.is_null()) return {};
  if (!root.is_map())
    return as_config(root.error("simulation.yaml is a map", "keys: simulation, exclusions"));
  Errors errors;
  root.check_keys("simulation.yaml", {"simulation", "exclusions"}, errors);
  if (!errors.empty()) return as_config(errors.front());
  if (const YamlNode* node = root.find("simulation"); node != nullptr && !node->is_null()) {
    auto on = node->as_bool("simulation");
    if (!on) return as_config(std::move(on).error());
    by_default_ = *on;
  }
  if (const YamlNode* node = root.find("exclusions"); node != nullptr) {
    exclusions_.clear();
    if (!node->is_null()) {
      auto names = node->as_strings("exclusions");
      if (!names) return as_config(std::move(names).error());
      exclusions_.insert(names->begin(), names->end());
    }
  }
  return {};
}

}  // namespace testudo
