// engine/data_files.h: the data files of content, and the helpers that read them: File, RegexpInFile,
// LookupFile, FileMap.
//
// Names are global: what one item loads, every expression can use. A file is read once per type. Immutable
// after load.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "expr/expr.h"
#include "yaml/yaml.h"

namespace testudo {

class DataFiles {
 public:
  // A file beyond one of these is refused as a whole: half a list would look like all of it.
  static constexpr uint64_t kMaxFile = 32u << 20;
  static constexpr size_t kMaxLines = 500'000;
  static constexpr size_t kMaxPatterns = 20'000;  ///< of types regexp and map
  static constexpr size_t kMaxLine = 64 * 1024;   ///< a longer line is left out

  DataFiles();
  ~DataFiles();
  DataFiles(const DataFiles&) = delete;

  /// Reads the entries of one `data:` section from `folder` (or, first, by the last part of source_url where
  /// `by_url` is set, as hub tests have it). Missing files are returned by name; what is wrong with the
  /// others is in `errors`. Entries without a type are left to their users (databases).
  std::vector<std::string> load(const YamlNode& data, const std::string& folder, bool by_url, Errors& errors);

  /// What is worth knowing of what load() passed over: types that nobody knows.
  const Errors& notes() const { return notes_; }

  /// Rows for the compiler; valid as long as this object.
  const expr::HelperTable& helpers() const { return helpers_; }

  struct Table;
  const Table* find(std::string_view name) const;

 private:
  bool load_entry(const YamlNode& entry, const std::string& folder, bool by_url, std::string& path,
                  Errors& errors);

  /// The library's hash of a name costs more than the rest of a look-up, and each line makes several.
  struct Hash {
    size_t operator()(std::string_view name) const { return table_hash(name, 0); }
  };
  std::unordered_map<std::string_view, std::unique_ptr<Table>, Hash> tables_;  ///< by their own name
  expr::HelperTable helpers_;
  Errors notes_;
};

}  // namespace testudo
