#include "engine/hubtest_config.h"

#include <sys/stat.h>

#include <algorithm>
#include <tuple>

#include "base/json_writer.h"
#include "base/text.h"

namespace testudo {
namespace {

bool is_file(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode);
}
std::string basename_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

Result<std::vector<std::string>> names_under(const YamlNode& config, const char* key) {
  const YamlNode* list = config.find(key);
  if (!list || list->is_null()) return std::vector<std::string>();
  if (!list->is_sequence()) return list->error(std::string(key) + " must be a list of items");
  std::vector<std::string> out;
  for (const YamlNode& entry : list->items()) {
    if (entry.is_null()) continue;
    if (!entry.is_scalar()) return entry.error(std::string(key) + " must be a list of names or paths");
    if (!entry.text().empty()) out.push_back(entry.text());
  }
  return out;
}

/// The node `overrides` as YAML of its own: a static has scalar values only.
Result<std::string> override_node(const YamlNode& statics) {
  if (!statics.is_sequence()) return statics.error("override_statics must be a list of statics");
  if (statics.items().empty()) return std::string();
  JsonWriter json;
  json.begin_object().field("name", "overrides").field("filter", "1==1").key("statics").begin_array();
  for (const YamlNode& one : statics.items()) {
    if (!one.is_map())
      return one.error("a static must be a mapping such as {target: evt.Line.Module, value: x}");
    json.begin_object();
    for (const auto& [key, value] : one.entries()) {
      if (!value.is_scalar()) return value.error("the value of " + key + " must be text");
      json.field(key, value.text());
    }
    json.end_object();
  }
  json.end_array().end_object();
  return json.take();
}

}  // namespace

Result<HubTestConfig> read_hub_test(const std::string& folder) {
  HubTestConfig out;
  out.folder = folder;
  out.name = basename_of(folder);
  const std::string path = folder + "/config.yaml";
  if (!is_file(path))
    return Error{Code::not_found, "there is no such test", {path}, "a test is a folder with a config.yaml"};
  TESTUDO_TRY(const std::vector<YamlNode> documents, load_yaml(path));
  if (documents.empty() || !documents.front().is_map())
    return Error{Code::bad_content, "the configuration of a test is a mapping", {path}, ""};
  const YamlNode& config = documents.front();
  TESTUDO_TRY(out.parsers, names_under(config, "parsers"));
  TESTUDO_TRY(out.scenarios, names_under(config, "scenarios"));
  TESTUDO_TRY(out.postoverflows, names_under(config, "postoverflows"));
  for (const char* key : {"appsec-rules", "appsec_rules", "appsec-configs", "appsec_configs",
                          "nuclei_template", "nuclei_target_host"})
    if (const YamlNode* n = config.find(key);
        n && ((n->is_sequence() && !n->items().empty()) || (n->is_scalar() && !n->text().empty())))
      out.unsupported = "it tests the application firewall, which Testudo does not have";
  const auto given = [&](const char* key) -> const YamlNode* {
    const YamlNode* n = config.find(key);
    return n && !n->is_null() ? n : nullptr;
  };
  if (const YamlNode* n = given("log_file")) {
    TESTUDO_TRY(const std::string file, n->as_string("log_file"));
    if (!file.empty()) out.log_file = file.starts_with('/') ? file : folder + "/" + file;
  }
  if (const YamlNode* n = given("log_type")) {
    TESTUDO_TRY(out.log_type, n->as_string("log_type"));
  }
  if (const YamlNode* n = given("ignore_parsers")) {
    TESTUDO_TRY(out.ignore_parsers, n->as_bool("ignore_parsers"));
  }
  if (const YamlNode* n = given("labels")) {
    if (!n->is_map()) return n->error("labels must be a mapping of names to text");
    for (const auto& [key, value] : n->entries()) {
      TESTUDO_TRY(std::string text, value.as_string("a label"));
      out.labels.emplace_back(key, std::move(text));
    }
  }
  if (const YamlNode* n = given("override_statics")) {
    TESTUDO_TRY(out.override_yaml, override_node(*n));
  }
  return out;
}

HubIndex::HubIndex(const std::vector<std::string>& folders) : root_(folders.empty() ? "." : folders.front()) {
  Errors errors;  // nothing is selected by name, so nothing can be missing
  items_ = find_content({folders, {}}, errors);
  for (size_t i = 0; i < items_.size(); ++i) by_name_.try_emplace({items_[i].type, items_[i].id}, i);
}

const ContentItem* HubIndex::find(ItemType type, const std::string& name) const {
  if (const auto found = by_name_.find({type, name}); found != by_name_.end()) return &items_[found->second];
  // Files that lie in a content folder without links have no author that could be known.
  const auto found = by_name_.find({type, basename_of(name)});
  return found == by_name_.end() ? nullptr : &items_[found->second];
}

Result<ContentItem> find_test_item(ItemType type, const std::string& entry, const HubTestConfig& config,
                                   const HubIndex& index) {
  if (const ContentItem* known = index.find(type, entry)) return *known;
  std::string relative = entry;
  while (relative.starts_with("./")) relative.erase(0, 2);
  for (const std::string& root : {index.root(), config.folder}) {
    const std::string path = root + "/" + relative;
    if (!is_file(path)) continue;
    const auto parts = split(relative, '/');
    ContentItem item;
    item.type = type;
    item.path = path;
    const std::string file(parts.back());
    item.id = file.substr(0, file.rfind('.'));
    if (parts.size() >= 2) item.id = std::string(parts[parts.size() - 2]) + "/" + item.id;
    if (type != ItemType::scenario) {
      // …/STAGE/AUTHOR/FILE
      if (parts.size() < 3)
        return Error{Code::bad_content,
                     "the stage of " + entry + " cannot be told",
                     {config.folder + "/config.yaml"},
                     "a path ends in STAGE/AUTHOR/FILE"};
      item.stage = std::string(parts[parts.size() - 3]);
    }
    return item;
  }
  std::vector<std::string> known;
  for (const ContentItem& item : index.items())
    if (item.type == type) known.push_back(item.id);
  const std::string near = nearest(entry, known);
  return Error{Code::not_found,
               "there is no " + std::string(item_type_name(type)) + " item " + entry,
               {config.folder + "/config.yaml"},
               near.empty() ? "it is neither in the hub nor a path from the hub or from the test"
                            : "did you mean " + near + "?"};
}

Result<std::vector<ContentItem>> test_items(const HubTestConfig& config, const HubIndex& index) {
  std::vector<ContentItem> out;
  const auto install = [&](ContentItem item, bool overwrite) {
    for (ContentItem& other : out)
      if (other.type == item.type && other.stage == item.stage &&
          basename_of(other.path) == basename_of(item.path)) {
        if (overwrite) other = std::move(item);
        return;
      }
    out.push_back(std::move(item));
  };
  for (const auto& [type, names] :
       {std::pair{ItemType::parser, &config.parsers}, std::pair{ItemType::scenario, &config.scenarios},
        std::pair{ItemType::postoverflow, &config.postoverflows}})
    for (const std::string& name : *names) {
      TESTUDO_TRY(ContentItem item, find_test_item(type, name, config, index));
      install(std::move(item), index.find(type, name) == nullptr);
    }
  if (!config.override_yaml.empty()) {
    ContentItem item{ItemType::parser, "s00-raw", "overrides", "00_overrides.yaml", {}, {}};
    TESTUDO_TRY(item.documents,
                parse_yaml(config.override_yaml, config.folder + "/config.yaml (override_statics)"));
    install(std::move(item), true);
  }
  std::stable_sort(out.begin(), out.end(), [](const ContentItem& a, const ContentItem& b) {
    const auto key = [](const ContentItem& i) { return std::tuple(i.type, i.stage, basename_of(i.path)); };
    return key(a) < key(b);
  });
  return out;
}

}  // namespace testudo
