#include "acquire/file_paths.h"

#include <fnmatch.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>

#include "acquire/file_rotation.h"

namespace testudo {
namespace {

std::vector<std::string> glob_paths(const std::string& pattern, int flags) {
  glob_t found{};
  std::vector<std::string> out;
  if (::glob(pattern.c_str(), flags, nullptr, &found) == 0)
    for (size_t i = 0; i < found.gl_pathc && out.size() < kMaxFiles; ++i) out.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
  return out;
}

bool is_folder(const std::string& path) {
  struct stat st;
  return ::stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}

/// "/var/log/x" → "/", "/var", "/var/log": the folders on the way.
std::vector<std::string> ancestors(const std::string& path) {
  std::vector<std::string> out = {path.starts_with('/') ? "/" : "."};
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
    out.push_back(path.substr(0, slash));
  return out;
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

bool has_wildcard(std::string_view pattern) { return pattern.find_first_of("*?[") != std::string_view::npos; }

bool path_matches(const std::string& pattern, const std::string& path) {
  return ::fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0;
}

FilePatterns::FilePatterns(std::vector<std::string> patterns, std::vector<Regex> excludes)
    : patterns_(std::move(patterns)), excludes_(std::move(excludes)) {}

bool FilePatterns::excluded(const std::string& path) const {
  return std::any_of(excludes_.begin(), excludes_.end(),
                     [&](const Regex& regex) { return regex.test(path, scratch_); });
}

std::vector<std::string> FilePatterns::expand() const {
  std::set<std::string> literal, paths;
  for (const std::string& pattern : patterns_) {
    if (!has_wildcard(pattern)) {
      if (!excluded(pattern)) literal.insert(pattern);
      continue;
    }
    for (std::string& path : glob_paths(pattern, GLOB_NOSORT))
      if (!is_compressed_name(path) && !excluded(path) && !is_folder(path)) paths.insert(std::move(path));
  }
  paths.insert(literal.begin(), literal.end());
  // auth.log* also means auth.log.1, whose lines came when it was auth.log.
  std::unordered_map<std::string, std::vector<std::string>> names;
  for (const std::string& path : paths) names[folder_of(path)].push_back(path.substr(path.rfind('/') + 1));
  std::vector<std::string> out;
  for (const std::string& path : paths) {
    const std::string name = path.substr(path.rfind('/') + 1);
    const auto& others = names[folder_of(path)];
    const bool digits = name.find_first_of("0123456789~") != std::string::npos || name.ends_with(".old") ||
                        name.ends_with(".prev");
    if (digits && !literal.contains(path) &&
        std::any_of(others.begin(), others.end(),
                    [&](const std::string& other) { return is_rotated_name(name, other); }))
      continue;
    out.push_back(path);
    if (out.size() == kMaxFiles) break;
  }
  return out;
}

std::vector<std::string> FilePatterns::folders() const {
  std::set<std::string> out;
  for (const std::string& pattern : patterns_) {
    const std::vector<std::string> way = ancestors(pattern);
    for (size_t i = 0; i < way.size(); ++i) {
      const std::string& next = i + 1 < way.size() ? way[i + 1] : pattern;
      const bool last = i + 1 == way.size();
      // A folder that is there under a plain name need not be watched for.
      if (!last && !has_wildcard(next.substr(way[i].size())) && !has_wildcard(way[i]) && is_folder(next))
        continue;
      for (const std::string& folder :
           has_wildcard(way[i]) ? glob_paths(way[i], GLOB_NOSORT) : std::vector<std::string>{way[i]})
        if (is_folder(folder)) out.insert(folder);
    }
  }
  return {out.begin(), out.end()};
}

bool FilePatterns::concerns(const std::string& path) const {
  for (const std::string& pattern : patterns_) {
    if (path_matches(pattern, path)) return true;
    for (const std::string& folder : ancestors(pattern))
      if (path_matches(folder, path)) return true;
  }
  return false;
}

}  // namespace testudo
