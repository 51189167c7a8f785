#include "acquire/common.h"

#include "base/files.h"

namespace testudo {
namespace {

Result<std::string> read_timezone(const YamlNode& node) {
  TESTUDO_TRY(const std::string zone, node.as_string("timezone"));
  const bool plain = zone.find("..") == std::string::npos && !zone.empty() && zone.front() != '/';
  if (zone == "UTC" || (plain && file_exists("/usr/share/zoneinfo/" + zone))) return zone;
  return node.error("timezone " + zone + " is not known here",
                    "names are those of /usr/share/zoneinfo, as Europe/Berlin; package tzdata has them");
}

Result<uint8_t> read_witness(const YamlNode& node) {
  TESTUDO_TRY(const std::string text, node.as_string("witness"));
  if (text == "auto") return witness::kByService;
  if (text == "on" || text == "true") return witness::kAlways;
  if (text == "off" || text == "false") return witness::kOff;
  return node.error("witness must be auto, on or off, not " + text,
                    "off where the service runs on another machine or behind a proxy");
}

}  // namespace

std::string CommonKeys::log_type() const {
  for (const auto& [key, value] : labels)
    if (key == "type") return value;
  return {};
}

std::shared_ptr<const SourceInfo> CommonKeys::info(std::string type, std::string src,
                                                   SourceContext& context) const {
  auto info = std::make_shared<SourceInfo>();
  info->id = context.next_source_id++;
  info->type = std::move(type);
  info->name = std::move(src);
  info->labels = labels;
  info->log_time = log_time;
  info->timezone = timezone;
  info->transform = transform;
  info->transform_where = transform_where;
  info->witness = witness;
  return info;
}

Result<CommonKeys> read_common(const YamlNode& section) {
  CommonKeys common;
  const YamlNode* labels = section.find("labels");
  if (!labels || !labels->is_map())
    return section.error("labels.type is missing: without it no parser takes the lines",
                         "add `labels: {type: syslog}`, or nginx, apache2 … as the parsers want it");
  for (const auto& [key, value] : labels->entries()) {
    TESTUDO_TRY(std::string text, value.as_string("labels." + key));
    common.labels.emplace_back(key, std::move(text));
  }
  if (common.log_type().empty())
    return labels->error("labels.type is missing: without it no parser takes the lines",
                         "add `type: syslog`, or nginx, apache2 … as the parsers want it");
  if (const YamlNode* mode = section.find("mode")) {
    TESTUDO_TRY(const std::string text, mode->as_string("mode"));
    if (text == "cat")
      common.once = common.log_time = true;
    else if (text != "tail" && text != "server" && !text.empty())
      return mode->error("mode must be tail or cat, not " + text);
  }
  if (const YamlNode* node = section.find("use_time_machine")) {
    TESTUDO_TRY(const bool on, node->as_bool("use_time_machine"));
    common.log_time |= on;
  }
  if (const YamlNode* node = section.find("name")) {
    TESTUDO_TRY(common.name, node->as_string("name"));
  }
  if (const YamlNode* node = section.find("timezone")) {
    TESTUDO_TRY(common.timezone, read_timezone(*node));
  }
  if (const YamlNode* node = section.find("transform")) {
    TESTUDO_TRY(common.transform, node->as_string("transform"));
    common.transform_where = node->content_where();
  }
  if (const YamlNode* node = section.find("witness")) {
    TESTUDO_TRY(common.witness, read_witness(*node));
  }
  return common;
}

}  // namespace testudo
