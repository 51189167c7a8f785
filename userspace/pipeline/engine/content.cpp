#include "engine/content.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/files.h"
#include "base/text.h"

namespace testudo {
namespace {

struct TypeRow {
  ItemType type;
  const char* folder;
  bool staged;
};
constexpr TypeRow kTypes[] = {
    {ItemType::parser, "parsers", true},
    {ItemType::scenario, "scenarios", false},
    {ItemType::postoverflow, "postoverflows", true},
    {ItemType::context, "contexts", false},
    {ItemType::collection, "collections", false},
};

bool is_directory(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}
bool is_file(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode);
}
/// A link that points nowhere is an item too: reading it says so.
bool is_link(const std::string& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0 && S_ISLNK(st.st_mode);
}
std::string basename_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// "x.yaml" → "x"; "" for other files.
std::string stem(const std::string& name) {
  for (const char* ending : {".yaml", ".yml"})
    if (name.ends_with(ending) && name.size() > std::string_view(ending).size())
      return name.substr(0, name.size() - std::string_view(ending).size());
  return "";
}

/// Author of an installed item: the folder that its link points into.
std::string author_of_link(const std::string& path) {
  char buffer[4096];
  const ssize_t n = ::readlink(path.c_str(), buffer, sizeof buffer);
  if (n <= 0) return "";
  const auto parts = split(std::string_view(buffer, size_t(n)), '/');
  return parts.size() >= 2 ? std::string(parts[parts.size() - 2]) : "";
}

void walk(const TypeRow& row, const std::string& folder, const std::string& stage,
          std::vector<ContentItem>& out) {
  for (const std::string& name : list_directory(folder)) {
    const std::string path = folder + "/" + name;
    if (is_directory(path)) {
      for (const std::string& file : list_directory(path)) {
        const std::string item = stem(file);
        if (!item.empty() && is_file(path + "/" + file))
          out.push_back({row.type, stage, name + "/" + item, path + "/" + file, {}, {}});
      }
      continue;
    }
    const std::string item = stem(name);
    if (item.empty() || (!is_file(path) && !is_link(path))) continue;
    const std::string author = author_of_link(path);
    out.push_back({row.type, stage, author.empty() ? item : author + "/" + item, path, {}, {}});
  }
}

std::vector<ContentItem> everything(const std::vector<std::string>& folders) {
  std::vector<ContentItem> out;
  for (const std::string& folder : folders)
    for (const TypeRow& row : kTypes) {
      const std::string root = folder + "/" + row.folder;
      if (!row.staged) {
        walk(row, root, "", out);
        continue;
      }
      for (const std::string& stage : list_directory(root))
        if (is_directory(root + "/" + stage)) walk(row, root + "/" + stage, stage, out);
    }
  return out;
}

/// Takes "[TYPE:]AUTHOR/NAME" and, for a collection, what it lists.
bool take(const std::string& wanted, ItemType type, bool any_type, const std::vector<ContentItem>& all,
          std::set<std::string>& paths, Errors& errors, int depth) {
  bool found = false;
  for (const ContentItem& item : all) {
    if (item.id != wanted || (!any_type && item.type != type)) continue;
    found = true;
    if (!paths.insert(item.path).second || item.type != ItemType::collection) continue;
    if (depth > 16) continue;
    auto documents = load_yaml(item.path);
    if (!documents) {
      errors.push_back(documents.error());
      continue;
    }
    for (const YamlNode& document : *documents)
      for (const TypeRow& row : kTypes) {
        const YamlNode* list = document.find(row.folder);
        if (!list || !list->is_sequence()) continue;
        for (const YamlNode& entry : list->items())
          if (!take(entry.text(), row.type, false, all, paths, errors, depth + 1))
            errors.push_back(
                entry.error("the collection " + item.id + " lists " + entry.text() + ", which is not there"));
      }
  }
  return found;
}

}  // namespace

const char* item_type_name(ItemType type) {
  for (const TypeRow& row : kTypes)
    if (row.type == type) return row.folder;
  return "";
}

std::vector<ContentItem> find_content(const ContentSelection& selection, Errors& errors) {
  std::vector<ContentItem> all = everything(selection.folders);
  if (!selection.items.empty()) {
    std::set<std::string> paths;
    for (const std::string& wanted : selection.items) {
      std::string name = wanted;
      const TypeRow* type = nullptr;
      if (const size_t colon = wanted.find(':'); colon != std::string::npos) {
        const std::string word = wanted.substr(0, colon);
        for (const TypeRow& row : kTypes)
          if (word == row.folder || word + "s" == row.folder) type = &row;
        if (!type) {
          errors.push_back({Code::bad_input,
                            "unknown item type '" + word + "'",
                            {},
                            "types are parsers, scenarios, postoverflows, contexts, collections"});
          continue;
        }
        name = wanted.substr(colon + 1);
      }
      if (!take(name, type ? type->type : ItemType::parser, type == nullptr, all, paths, errors, 0)) {
        std::vector<std::string> names;
        for (const ContentItem& item : all) names.push_back(item.id);
        const std::string close = nearest(name, names);
        errors.push_back({Code::not_found,
                          "no item " + wanted + " in the content folders",
                          {},
                          close.empty() ? "" : "did you mean " + close + "?"});
      }
    }
    std::erase_if(all, [&](const ContentItem& item) { return !paths.contains(item.path); });
  }
  std::erase_if(all, [](const ContentItem& item) { return item.type == ItemType::collection; });
  std::stable_sort(all.begin(), all.end(), [](const ContentItem& a, const ContentItem& b) {
    const auto key = [](const ContentItem& i) { return std::tuple(i.type, i.stage, basename_of(i.path)); };
    return key(a) < key(b);
  });
  return all;
}

size_t read_items(std::vector<ContentItem>& items, Errors& errors, std::vector<std::string>& notes) {
  std::vector<ContentItem> kept;
  for (ContentItem& item : items) {
    if (item.documents.empty()) {
      auto documents = load_yaml(item.path);
      if (!documents) {
        errors.push_back(documents.error());
        continue;
      }
      item.documents = std::move(*documents);
    }
    for (const YamlNode& document : item.documents)
      if (const YamlNode* yields = document.find("yields_to")) {
        auto names = yields->as_strings("yields_to");
        if (!names)
          errors.push_back(names.error());
        else
          item.yields_to.insert(item.yields_to.end(), names->begin(), names->end());
      }
    kept.push_back(std::move(item));
  }
  const size_t unreadable = items.size() - kept.size();
  // Items that have yielded are out: of two that yield to each other the second one stays.
  std::set<std::string> enabled;
  const auto name = [](ItemType type, const std::string& id) {
    return std::string(item_type_name(type)) + ":" + id;
  };
  for (const ContentItem& item : kept) enabled.insert(name(item.type, item.id));
  std::erase_if(kept, [&](const ContentItem& item) {
    for (const std::string& other : item.yields_to) {
      if (other == item.id || !enabled.contains(name(item.type, other))) continue;
      notes.push_back(item.id + " is off: it yields to " + other);
      enabled.erase(name(item.type, item.id));
      return true;
    }
    return false;
  });
  items = std::move(kept);
  return unreadable;
}

}  // namespace testudo
