// house/source_tree.h: the files of the checkout, as the house tests see them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace testudo::house {

/// TESTUDO_SOURCE_DIR, without build folders and version control.
std::filesystem::path root();

/// Every regular file below `folder` (relative to the root), as paths relative to the root, sorted. Build
/// folders, hidden folders other than .ci and whatever is larger than 4 MB are left out.
std::vector<std::string> files_below(const std::string& folder);

/// The whole text; "" when it cannot be read.
std::string text_of(const std::string& relative);

struct Include {
  int line = 0;
  std::string path;  ///< what stands between the quotes
};
/// The `#include "…"` lines of a file.
std::vector<Include> quoted_includes(const std::string& text);

}  // namespace testudo::house
