#include "acquire/journal_present.h"

#include <unistd.h>

#include "base/files.h"

namespace testudo {

bool journal_readable(const std::string& folder, bool& seen) {
  const auto look = [&](const std::string& path) {
    for (const std::string& name : list_directory(path))
      if (name.ends_with(".journal")) {
        seen = true;
        if (::access((path + "/" + name).c_str(), R_OK) == 0) return true;
      }
    return false;
  };
  if (look(folder)) return true;
  for (const std::string& name : list_directory(folder))
    if (look(folder + "/" + name)) return true;
  return false;
}

bool journal_is_kept(const std::string& root) {
  bool seen = false;
  return file_exists(root + "/run/systemd/journal/socket") &&
         (journal_readable(root + "/run/log/journal", seen) ||
          journal_readable(root + "/var/log/journal", seen));
}

}  // namespace testudo
