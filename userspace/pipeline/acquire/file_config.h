// acquire/file_config.h: what a document with `source: file` says.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "acquire/common.h"
#include "pattern/regex.h"

namespace testudo {

std::span<const KeySpec> file_keys();

struct FileConfig {
  CommonKeys common;
  std::vector<std::string> patterns;
  std::vector<Regex> excludes;
  std::string excludes_text;  ///< the expressions as written, one a line
  size_t max_line = 64 << 10;
  std::optional<bool> polling;  ///< nothing = decide by filesystem
  Duration discover = 10s;
  bool unless_journald = false;
};
/// Errors: no file named, an expression that does not compile, values out of range.
Result<FileConfig> read_file_config(const YamlNode& section);

}  // namespace testudo
