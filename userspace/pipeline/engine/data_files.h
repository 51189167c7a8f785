// engine/data_files.h: the data files of content, and the helpers that read them: File, RegexpInFile.
//
// Names are global: what one item loads, every expression can use. Immutable after load.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "expr/expr.h"
#include "yaml/yaml.h"

namespace testudo {

class DataFiles {
 public:
  DataFiles();
  ~DataFiles();
  DataFiles(const DataFiles&) = delete;

  /// Reads the entries of one `data:` section from `folder` (or, first, by the last part of source_url where
  /// `by_url` is set, as hub tests have it). Missing files are returned by name; entries without a type are
  /// left to their users (databases).
  std::vector<std::string> load(const YamlNode& data, const std::string& folder, bool by_url, Errors& errors);

  /// Rows for the compiler; valid as long as this object.
  const expr::HelperTable& helpers() const { return helpers_; }

  struct Table;
  const Table* find(std::string_view name) const;

 private:
  std::map<std::string, std::unique_ptr<Table>, std::less<>> tables_;
  expr::HelperTable helpers_;
};

}  // namespace testudo
