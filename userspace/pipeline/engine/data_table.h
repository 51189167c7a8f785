// engine/data_table.h: what one data file holds, by type. Inside of data_files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/data_files.h"
#include "engine/map_file.h"
#include "engine/pattern_list.h"

namespace testudo {

struct DataFiles::Table {
  enum class Type : uint8_t { strings, patterns, map };

  explicit Table(std::string_view n);

  /// Fills one of the three. `path` is for errors; a file beyond a limit leaves it empty.
  void read(Type type, std::string&& content, const std::string& path, Errors& errors);

  const std::string name;
  /// Numbers that no other table ever had: under them a thread remembers what the table said.
  const uint64_t patterns_question, map_question;
  bool loaded[3] = {};  ///< by type

  std::vector<Value> values;  ///< lines, views into `content`
  ValueArray array;
  PatternList patterns;
  MapFile map;

 private:
  std::string content_;
};

/// The rows of DataFiles::helpers().
expr::HelperTable data_helpers(const DataFiles& files);

}  // namespace testudo
