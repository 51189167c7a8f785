#include "house/source_tree.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace testudo::house {
namespace fs = std::filesystem;

fs::path root() { return TESTUDO_SOURCE_DIR; }

std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code ignored;
  fs::recursive_directory_iterator walk(root() / folder, fs::directory_options::skip_permission_denied,
                                        ignored),
      end;
  for (; walk != end; walk.increment(ignored)) {
    const std::string name = walk->path().filename();
    if (walk->is_directory(ignored)) {
      const bool hidden = name.starts_with(".") && name != ".ci";
      if (hidden || (name == "build" && walk->path().parent_path() == root()) || name == "node_modules" ||
          name == "__pycache__")
        walk.disable_recursion_pending();
    } else if (walk->is_regular_file(ignored) && name != ".git" && walk->file_size(ignored) <= 4 << 20) {
      found.push_back(fs::relative(walk->path(), root(), ignored));
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string text_of(const std::string& relative) {
  std::ifstream in(root() / relative, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<Include> quoted_includes(const std::string& text) {
  std::vector<Include> found;
  std::istringstream in(text);
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    size_t at = line.find_first_not_of(" \t");
    if (at == std::string::npos || line[at] != '#') continue;
    at = line.find_first_not_of(" \t", at + 1);
    if (at == std::string::npos || line.compare(at, 7, "include") != 0) continue;
    const size_t open = line.find('"', at);
    const size_t close = open == std::string::npos ? open : line.find('"', open + 1);
    if (close != std::string::npos) found.push_back({number, line.substr(open + 1, close - open - 1)});
  }
  return found;
}

}  // namespace testudo::house
