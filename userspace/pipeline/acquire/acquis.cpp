#include "acquire/acquis.h"

#include <sys/stat.h>

#include <cstdlib>

#include "acquire/common.h"
#include "acquire/sources.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"

namespace testudo {
namespace {

constexpr uint64_t kMaxFile = 16 << 20;

std::string expand_environment(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = text.find("${", at);
    const size_t end = begin == std::string_view::npos ? begin : text.find('}', begin);
    if (end == std::string_view::npos) {
      out += text.substr(at);
      break;
    }
    out += text.substr(at, begin - at);
    const std::string name(text.substr(begin + 2, end - begin - 2));
    const char* value = name.empty() ? nullptr : std::getenv(name.c_str());
    out += value ? std::string_view(value) : text.substr(begin, end + 1 - begin);
    at = end + 1;
  }
  return out;
}

Result<const SourceKind*> kind_of(const YamlNode& section) {
  std::string name;
  if (const YamlNode* node = section.find("source")) {
    TESTUDO_TRY(name, node->as_string("source"));
  }
  if (name.empty()) {
    if (section.find("filename") || section.find("filenames"))
      name = "file";
    else if (section.find("journalctl_filter"))
      name = "journalctl";
    else
      return section.error("source is missing", "add `source: file` or `source: journalctl`");
  }
  if (const SourceKind* kind = find_source(name)) return kind;
  std::vector<std::string> known;
  std::string list;
  for (const SourceKind* kind : all_sources()) {
    known.emplace_back(kind->name);
    list += (list.empty() ? "" : ", ") + known.back();
  }
  const std::string near = nearest(name, known);
  Error error = section.find("source")->error("unknown source " + name, "known are " + list);
  if (!near.empty()) error.remedy = "did you mean " + near + "? Known are " + list;
  return error;
}

Result<void> check_type(const KeySpec& key, const YamlNode& node) {
  const std::string what(key.name);
  if (key.type == "bool") {
    TESTUDO_CHECK(node.as_bool(what));
  } else if (key.type == "int") {
    TESTUDO_CHECK(node.as_int(what));
  } else if (key.type == "duration") {
    TESTUDO_CHECK(node.as_duration(what));
  } else if (key.type == "strings") {
    TESTUDO_CHECK(node.as_strings(what));
  } else if (key.type == "string") {
    TESTUDO_CHECK(node.as_string(what));
  } else if (key.type == "map" && !node.is_map()) {
    return node.error(what + " must be a map");
  }
  return {};
}

void take(const YamlNode& section, std::vector<AcquisDocument>& out, Errors& errors) {
  if (section.is_null()) return;
  if (!section.is_map()) {
    errors.push_back(section.error("an acquisition document is a map of keys",
                                   "as in `filename: /var/log/auth.log`, `labels: {type: syslog}`"));
    return;
  }
  const size_t before = errors.size();
  const auto kind = kind_of(section);
  if (!kind) {
    errors.push_back(kind.error());
    return;
  }
  std::vector<std::string> known;
  for (const std::span<const KeySpec> keys : {common_source_keys(), kind.value()->keys})
    for (const KeySpec& key : keys) {
      known.emplace_back(key.name);
      const YamlNode* node = section.find(key.name);
      if (!node) continue;
      if (auto ok = check_type(key, *node); !ok) errors.push_back(ok.error());
    }
  section.check_keys(std::string(kind.value()->name) + " source", known, errors);
  if (auto common = read_common(section); !common && errors.size() == before)
    errors.push_back(common.error());
  if (errors.size() == before && (*kind)->check)
    if (auto ok = (*kind)->check(section); !ok) errors.push_back(ok.error());
  if (errors.size() == before) out.push_back({kind.value(), section});
}

void load_file(const std::string& path, std::vector<AcquisDocument>& out, Errors& errors) {
  auto text = read_file(path, kMaxFile);
  if (!text) {
    errors.push_back(text.error());
    return;
  }
  for (AcquisDocument& document : parse_acquis(*text, path, errors)) out.push_back(std::move(document));
}

}  // namespace

std::vector<AcquisDocument> parse_acquis(std::string_view text, const std::string& file, Errors& errors) {
  std::vector<AcquisDocument> out;
  const size_t before = errors.size();
  auto documents = parse_yaml(expand_environment(text), file);
  if (!documents)
    errors.push_back(documents.error());
  else
    for (const YamlNode& document : *documents) take(document, out, errors);
  for (size_t i = before; i < errors.size(); ++i)
    if (errors[i].code == Code::bad_content) errors[i].code = Code::bad_config;
  return out;
}

std::vector<AcquisDocument> load_acquis(const std::vector<std::string>& paths, Errors& errors) {
  std::vector<AcquisDocument> out;
  for (const std::string& path : paths) {
    struct stat st;
    if (::stat(path.c_str(), &st) != 0) {
      const Error error = errno_error("cannot read " + path, errno);
      if (error.code == Code::not_found)
        log::info("acquis.absent", {{"path", path}});
      else
        errors.push_back(error);
    } else if (!S_ISDIR(st.st_mode)) {
      load_file(path, out, errors);
    } else {
      for (const std::string& name : list_directory(path))
        if (name.ends_with(".yaml") || name.ends_with(".yml")) load_file(path + "/" + name, out, errors);
    }
  }
  return out;
}

std::vector<AcquisDocument> read_acquis(const YamlNode& sources, Errors& errors) {
  std::vector<AcquisDocument> out;
  const size_t before = errors.size();
  if (sources.is_sequence())
    for (const YamlNode& section : sources.items()) take(section, out, errors);
  else if (sources.is_map())
    take(sources, out, errors);
  else if (!sources.is_null())
    errors.push_back(sources.error("sources must be a list of acquisition documents"));
  for (size_t i = before; i < errors.size(); ++i)
    if (errors[i].code == Code::bad_content) errors[i].code = Code::bad_config;
  return out;
}

}  // namespace testudo
