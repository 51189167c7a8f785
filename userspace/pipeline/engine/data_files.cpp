#include "engine/data_files.h"

#include <optional>

#include "base/files.h"
#include "engine/data_table.h"

namespace testudo {
namespace {

std::optional<DataFiles::Table::Type> type_of(std::string_view name) {
  using Type = DataFiles::Table::Type;
  if (name == "string") return Type::strings;
  if (name == "regexp" || name == "regex") return Type::patterns;
  if (name == "map") return Type::map;
  return std::nullopt;
}

std::string text_of(const YamlNode& entry, const char* key) {
  const YamlNode* node = entry.find(key);
  return node && node->is_scalar() ? node->text() : std::string();
}

// Where hub tests look first: the last part of the URL, in the data folder.
std::string path_by_url(const std::string& folder, const std::string& url) {
  return url.empty() ? "" : folder + "/" + url.substr(url.rfind('/') + 1);
}

}  // namespace

DataFiles::DataFiles() : helpers_(data_helpers(*this)) {}
DataFiles::~DataFiles() = default;

const DataFiles::Table* DataFiles::find(std::string_view name) const {
  const auto found = tables_.find(name);
  return found == tables_.end() ? nullptr : found->second.get();
}

std::vector<std::string> DataFiles::load(const YamlNode& data, const std::string& folder, bool by_url,
                                         Errors& errors) {
  std::vector<std::string> missing;
  if (data.is_null()) return missing;
  if (!data.is_sequence()) {
    errors.push_back(data.error("data must be a list"));
    return missing;
  }
  for (const YamlNode& entry : data.items()) {
    std::string path;
    if (!load_entry(entry, folder, by_url, path, errors)) missing.push_back(std::move(path));
  }
  return missing;
}

// False when the file is missing; `path` is where it was looked for.
bool DataFiles::load_entry(const YamlNode& entry, const std::string& folder, bool by_url, std::string& path,
                           Errors& errors) {
  const std::string type_name = text_of(entry, "type"), name = text_of(entry, "dest_file");
  if (type_name.empty()) return true;
  if (name.empty() || name.find("..") != std::string::npos) {
    errors.push_back(entry.error("data needs a dest_file inside the data folder"));
    return true;
  }
  const auto type = type_of(type_name);
  if (!type) {
    notes_.push_back(entry.error("data files of type '" + type_name + "' are not read",
                                 "types are string, regexp and map"));
    return true;
  }
  auto found = tables_.find(name);
  if (found == tables_.end()) {
    auto fresh = std::make_unique<Table>(name);
    const std::string_view key = fresh->name;
    found = tables_.emplace(key, std::move(fresh)).first;
  }
  Table& table = *found->second;
  if (table.loaded[size_t(*type)]) return true;
  path = by_url ? path_by_url(folder, text_of(entry, "source_url")) : "";
  if (path.empty() || !file_exists(path)) path = folder + "/" + name;
  auto content = read_file(path, kMaxFile);
  if (content) {
    table.read(*type, std::move(*content), path, errors);
    return true;
  }
  if (content.error().code == Code::not_found) return false;
  table.loaded[size_t(*type)] = true;  // told once, not by each item that names it
  errors.push_back(content.error());
  return true;
}

}  // namespace testudo
