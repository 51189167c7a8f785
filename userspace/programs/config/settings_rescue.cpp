// The paths of a configuration that is no YAML any more. `testudo flush` is the way out of a lock-out, and
// the moment in which a file was half edited is when people lock themselves out: the pins must be found then
// too.
#include <algorithm>
#include <cctype>

#include "base/files.h"
#include "config/settings.h"

namespace testudo {
namespace {

bool ends_word(char c) {
  return std::isspace(static_cast<unsigned char>(c)) || c == ',' || c == '{' || c == '}';
}

/// The absolute path behind the first `KEY:` that stands alone and not in a comment; "" when there is none.
std::string path_of(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    line = line.substr(0, line.find('#'));
    for (size_t at = line.find(key); at != std::string_view::npos; at = line.find(key, at + 1)) {
      if (at > 0 && !ends_word(line[at - 1])) continue;
      std::string_view value = line.substr(at + key.size());
      if (value.empty() || value[0] != ':') continue;
      value.remove_prefix(1);
      value.remove_prefix(std::min(value.size(), value.find_first_not_of(" \t\"'")));
      const auto end = std::find_if(value.begin(), value.end(),
                                    [](char c) { return ends_word(c) || c == '"' || c == '\''; });
      value = value.substr(0, size_t(end - value.begin()));
      if (value.starts_with('/') && value.size() < 4096) return std::string(value);
    }
  }
  return "";
}

}  // namespace

void rescue_paths(const std::string& path, Settings& settings) {
  const auto text = read_file(path, 1u << 20);
  if (!text) return;
  const auto take = [&](std::string_view key, std::string& out) {
    if (std::string found = path_of(*text, key); !found.empty()) out = std::move(found);
  };
  take("state", settings.paths.state);
  take("run", settings.paths.run);
  settings.api.socket = settings.paths.run + "/api.sock";
  take("socket", settings.api.socket);
  take("pin", settings.enforce.pin);
}

}  // namespace testudo
