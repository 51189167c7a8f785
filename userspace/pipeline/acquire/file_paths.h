// acquire/file_paths.h: patterns → paths, and the folders in which new paths can appear.
#pragma once

#include <string>
#include <vector>

#include "pattern/regex.h"

namespace testudo {

inline constexpr size_t kMaxFiles = 10'000;  ///< of one source

bool has_wildcard(std::string_view pattern);
bool path_matches(const std::string& pattern, const std::string& path);

class FilePatterns {
 public:
  FilePatterns(std::vector<std::string> patterns, std::vector<Regex> excludes);

  /// Paths to follow, sorted: literal names whether they exist or not, and what the wildcards match; without
  /// excluded and compressed ones, and without rotated forms of a path that is there itself.
  std::vector<std::string> expand() const;
  /// Existing folders in which a matching path, or a folder on the way to one, can appear or vanish.
  std::vector<std::string> folders() const;
  /// Could an entry of this path be of interest: a matching file, or a folder on the way to one?
  bool concerns(const std::string& path) const;
  const std::vector<std::string>& patterns() const { return patterns_; }

 private:
  bool excluded(const std::string& path) const;

  std::vector<std::string> patterns_;
  std::vector<Regex> excludes_;
  mutable RegexScratch scratch_;
};

}  // namespace testudo
