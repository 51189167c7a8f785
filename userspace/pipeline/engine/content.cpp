#include "engine/content.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <unordered_map>

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

/// Of the format, and no part of this engine: refused by name.
constexpr const char* kForeign[] = {"appsec-rules", "appsec-configs"};
constexpr const char* kForeignWhy = "the application firewall is not part of this engine";

// Content comes from a hub, or from whoever can write into a folder: everything about it is bounded.
constexpr size_t kMaxItems = 20'000;
constexpr uint64_t kMaxItemFile = 4u << 20;
constexpr size_t kMaxDocuments = 1000;
constexpr size_t kMaxAllBytes = 128u << 20;
constexpr int kMaxCollectionDepth = 16;

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
          out.push_back({row.type, stage, name + "/" + item, path + "/" + file, {}, {}, {}});
      }
      continue;
    }
    const std::string item = stem(name);
    if (item.empty() || (!is_file(path) && !is_link(path))) continue;
    const std::string author = author_of_link(path);
    out.push_back({row.type, stage, author.empty() ? item : author + "/" + item, path, {}, {}, {}});
  }
}

std::vector<ContentItem> everything(const std::vector<std::string>& folders, Errors& errors) {
  std::vector<ContentItem> out;
  for (const std::string& folder : folders) {
    for (const TypeRow& row : kTypes) {
      const std::string root = folder + "/" + row.folder;
      if (!row.staged) {
        walk(row, root, "", out);
        continue;
      }
      for (const std::string& stage : list_directory(root))
        if (is_directory(root + "/" + stage)) walk(row, root + "/" + stage, stage, out);
    }
    for (const char* foreign : kForeign) {
      std::vector<ContentItem> found;
      walk({ItemType::collection, foreign, false}, folder + "/" + foreign, "", found);
      for (const ContentItem& item : found)
        errors.push_back({Code::unsupported,
                          std::string(foreign) + ":" + item.id + " is off: " + kForeignWhy,
                          {item.path, 0, 0},
                          "its other items run"});
    }
  }
  if (out.size() > kMaxItems) {
    errors.push_back({Code::too_large,
                      std::to_string(out.size()) + " items in the content folders, the limit is " +
                          std::to_string(kMaxItems),
                      {folders.front(), 0, 0},
                      "the rest is off"});
    out.resize(kMaxItems);
  }
  return out;
}

Result<std::vector<YamlNode>> read_documents(const std::string& path, std::string& text) {
  auto bytes = read_file(path, kMaxItemFile);
  if (!bytes) {
    if (bytes.error().code == Code::too_large)
      return Error{Code::too_large,
                   "an item of more than 4 MiB",
                   {path, 0, 0},
                   "this item is off; long lists belong into data files"};
    return bytes.error();
  }
  text = std::move(*bytes);
  TESTUDO_TRY(std::vector<YamlNode> documents, parse_yaml(text, path));
  if (documents.size() > kMaxDocuments)
    return Error{Code::too_large,
                 std::to_string(documents.size()) + " documents in one item, the limit is " +
                     std::to_string(kMaxDocuments),
                 documents[kMaxDocuments].where(), "this item is off; divide it into several files"};
  return documents;
}

/// What the user named, and what collections bring with them.
class Selection {
 public:
  Selection(const std::vector<ContentItem>& all, Errors& errors) : all_(all), errors_(errors) {
    for (size_t i = 0; i < all.size(); ++i) by_id_.emplace(all[i].id, i);
  }

  /// `type` null: of any type. False when there is no such item.
  bool take(const std::string& wanted, const TypeRow* type, int depth = 0) {
    bool found = false;
    const auto [begin, end] = by_id_.equal_range(wanted);
    for (auto it = begin; it != end; ++it) {
      const ContentItem& item = all_[it->second];
      if (type && item.type != type->type) continue;
      found = true;
      // A collection that was taken is not opened again: they may list one another.
      if (taken_.insert(it->second).second && item.type == ItemType::collection) open(item, depth);
    }
    return found;
  }
  bool taken(size_t item) const { return taken_.contains(item); }

 private:
  void open(const ContentItem& collection, int depth) {
    std::string text;
    auto documents = read_documents(collection.path, text);
    if (!documents) {
      errors_.push_back(documents.error());
      return;
    }
    for (const YamlNode& document : *documents) {
      for (const TypeRow& row : kTypes)
        each(document, row.folder, [&](const YamlNode& entry) {
          if (depth >= kMaxCollectionDepth && row.type == ItemType::collection) {
            errors_.push_back(entry.error("collections lie in one another deeper than 16 levels",
                                          "list what " + entry.text() + " holds in " + collection.id));
          } else if (!take(entry.text(), &row, depth + 1)) {
            errors_.push_back(entry.error("the collection " + collection.id + " lists " + entry.text() +
                                          ", which is not there"));
          }
        });
      for (const char* foreign : kForeign)
        each(document, foreign, [&](const YamlNode& entry) {
          Error error = entry.error(std::string(foreign) + ":" + entry.text() + " is off: " + kForeignWhy,
                                    "what else " + collection.id + " lists runs");
          error.code = Code::unsupported;
          errors_.push_back(std::move(error));
        });
    }
  }
  template <typename F>
  void each(const YamlNode& document, const char* key, F&& take_entry) {
    const YamlNode* list = document.find(key);
    if (!list || !list->is_sequence()) return;
    for (const YamlNode& entry : list->items())
      if (entry.is_scalar() && !entry.text().empty()) take_entry(entry);
  }

  const std::vector<ContentItem>& all_;
  Errors& errors_;
  std::unordered_multimap<std::string, size_t> by_id_;
  std::set<size_t> taken_;
};

/// "TYPE:AUTHOR/NAME" → its type; null and no error where no type is named.
const TypeRow* named_type(std::string& wanted, Errors& errors, bool& bad) {
  const size_t colon = wanted.find(':');
  if (colon == std::string::npos) return nullptr;
  const std::string word = wanted.substr(0, colon);
  for (const TypeRow& row : kTypes)
    if (word == row.folder || word + "s" == row.folder) {
      wanted = wanted.substr(colon + 1);
      return &row;
    }
  bad = true;
  for (const char* foreign : kForeign)
    if (word == foreign || word + "s" == foreign) {
      errors.push_back({Code::unsupported, wanted + ": " + kForeignWhy, {}, ""});
      return nullptr;
    }
  errors.push_back({Code::bad_input,
                    "unknown item type '" + word + "'",
                    {},
                    "types are parsers, scenarios, postoverflows, contexts, collections"});
  return nullptr;
}

}  // namespace

const char* item_type_name(ItemType type) {
  for (const TypeRow& row : kTypes)
    if (row.type == type) return row.folder;
  return "";
}

std::vector<ContentItem> find_content(const ContentSelection& selection, Errors& errors) {
  std::vector<ContentItem> all = everything(selection.folders, errors);
  if (!selection.items.empty()) {
    Selection chosen(all, errors);
    for (const std::string& wanted : selection.items) {
      std::string name = wanted;
      bool bad = false;
      const TypeRow* type = named_type(name, errors, bad);
      if (bad || chosen.take(name, type)) continue;
      std::vector<std::string> names;
      for (const ContentItem& item : all) names.push_back(item.id);
      const std::string close = nearest(name, names);
      errors.push_back({Code::not_found,
                        "no item " + wanted + " in the content folders",
                        {},
                        close.empty() ? "" : "did you mean " + close + "?"});
    }
    std::vector<ContentItem> kept;
    for (size_t i = 0; i < all.size(); ++i)
      if (chosen.taken(i)) kept.push_back(std::move(all[i]));
    all = std::move(kept);
  }
  std::erase_if(all, [](const ContentItem& item) { return item.type == ItemType::collection; });
  std::stable_sort(all.begin(), all.end(), [](const ContentItem& a, const ContentItem& b) {
    const auto key = [](const ContentItem& i) { return std::tuple(i.type, i.stage, basename_of(i.path)); };
    return key(a) < key(b);
  });
  return all;
}

void read_items(std::vector<ContentItem>& items, Errors& errors, std::vector<std::string>& notes) {
  size_t bytes = 0;
  for (ContentItem& item : items) {
    auto documents = !item.documents.empty() ? std::move(item.documents)
                     : bytes < kMaxAllBytes
                         ? read_documents(item.path, item.text)
                         : Error{Code::too_large,
                                 "the items before this one have 128 MiB together, which is the limit",
                                 {item.path, 0, 0},
                                 "this item is off"};
    bytes += item.text.size();
    if (!documents) {
      errors.push_back(documents.error());
      item.unreadable = true;
      continue;
    }
    item.documents = std::move(*documents);
    for (const YamlNode& document : item.documents)
      if (const YamlNode* yields = document.find("yields_to")) {
        auto names = yields->as_strings("yields_to");
        if (!names)
          errors.push_back(names.error());
        else
          item.yields_to.insert(item.yields_to.end(), names->begin(), names->end());
      }
  }
  // Items that have yielded are out: of two that yield to each other the second one stays.
  std::set<std::string> enabled;
  const auto name = [](ItemType type, const std::string& id) {
    return std::string(item_type_name(type)) + ":" + id;
  };
  for (const ContentItem& item : items)
    if (!item.unreadable) enabled.insert(name(item.type, item.id));
  std::erase_if(items, [&](const ContentItem& item) {
    for (const std::string& other : item.yields_to) {
      if (other == item.id || !enabled.contains(name(item.type, other))) continue;
      notes.push_back(item.id + " is off: it yields to " + other);
      enabled.erase(name(item.type, item.id));
      return true;
    }
    return false;
  });
}

}  // namespace testudo
