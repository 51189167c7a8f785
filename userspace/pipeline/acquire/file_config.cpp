#include "acquire/file_config.h"

namespace testudo {
namespace {

constexpr KeySpec kKeys[] = {
    {"filename", "string", "", "a path, or a pattern with * ? [ ]"},
    {"filenames", "strings", "", "several of them"},
    {"exclude_regexps", "strings", "", "paths that match one of these are left out"},
    {"max_buffer_size", "int", "65536", "longest line in bytes; longer ones are cut and counted"},
    {"force_inotify", "bool", "false",
     "accepted for compatibility: folders of missing files are always watched"},
    {"poll_without_inotify", "bool", "", "look four times a second; default: only on network filesystems"},
    {"discovery_poll_enable", "bool", "false", "look for new files at an interval as well"},
    {"discovery_poll_interval", "duration", "30s", "that interval"},
    {"unless_journald", "bool", "false",
     "off where journald runs and its journal can be read: same lines there"},
};

Result<void> read_patterns(const YamlNode& section, FileConfig& config) {
  for (const char* key : {"filename", "filenames"})
    if (const YamlNode* node = section.find(key)) {
      TESTUDO_TRY(const std::vector<std::string> texts, node->as_strings(key));
      for (const std::string& text : texts) {
        if (text.empty()) return node->error(std::string(key) + " holds an empty path");
        config.patterns.push_back(text);
      }
    }
  if (config.patterns.empty())
    return section.error("no file is named", "add `filename: /var/log/…` or a list `filenames:`");
  return {};
}

}  // namespace

std::span<const KeySpec> file_keys() { return kKeys; }

Result<FileConfig> read_file_config(const YamlNode& section) {
  FileConfig config;
  TESTUDO_TRY(config.common, read_common(section));
  TESTUDO_CHECK(read_patterns(section, config));
  if (const YamlNode* node = section.find("exclude_regexps")) {
    TESTUDO_TRY(const std::vector<std::string> texts, node->as_strings("exclude_regexps"));
    for (const std::string& text : texts) {
      auto regex = Regex::compile(text);
      if (!regex) return node->error("exclude_regexps: " + regex.error().message, regex.error().remedy);
      config.excludes.push_back(std::move(*regex));
      config.excludes_text += text + "\n";
    }
  }
  if (const YamlNode* node = section.find("max_buffer_size")) {
    TESTUDO_TRY(const int64_t size, node->as_int("max_buffer_size"));
    if (size < 1024 || size > (16 << 20))
      return node->error("max_buffer_size must be 1024 to 16777216 bytes, not " + std::to_string(size));
    config.max_line = size_t(size);
  }
  if (const YamlNode* node = section.find("poll_without_inotify")) {
    TESTUDO_TRY(config.polling, node->as_bool("poll_without_inotify"));
  }
  if (const YamlNode* node = section.find("unless_journald")) {
    TESTUDO_TRY(config.unless_journald, node->as_bool("unless_journald"));
  }
  bool discover = false;
  Duration interval = 30s;
  if (const YamlNode* node = section.find("discovery_poll_enable")) {
    TESTUDO_TRY(discover, node->as_bool("discovery_poll_enable"));
  }
  if (const YamlNode* node = section.find("discovery_poll_interval")) {
    TESTUDO_TRY(interval, node->as_duration("discovery_poll_interval"));
    if (interval < 100ms || interval > 24h)
      return node->error("discovery_poll_interval must be 100ms to 24h, not " + node->text());
  }
  if (discover) config.discover = std::min(config.discover, interval);
  return config;
}

}  // namespace testudo
