// Any bytes as YAML: a tree within its budgets, or an error that names a place in the text.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "yaml/yaml.h"

namespace {

using testudo::YamlNode;

void require(bool holds) {
  if (!holds) std::abort();
}

size_t walk(const YamlNode& node, int depth) {
  require(depth <= 65 && node.where().line >= 1 && node.where().column >= 1);
  require(node.is_sequence() || node.items().empty());
  require(node.is_map() || node.entries().empty());
  size_t bytes = node.text().size();
  for (const YamlNode& item : node.items()) bytes += walk(item, depth + 1);
  for (const auto& [key, value] : node.entries()) {
    require(node.find(key) == &value);  // each key is there once
    bytes += key.size() + walk(value, depth + 1);
  }
  (void)node.as_int("x"), (void)node.as_double("x"), (void)node.as_bool("x"), (void)node.as_duration("x");
  (void)node.as_strings("x");
  testudo::Errors errors;
  node.check_keys("x", {"name", "filter", "labels"}, errors);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto documents = testudo::parse_yaml(text, "fuzz.yaml");
  if (!documents) {
    require(documents.error().where.file == "fuzz.yaml" && !documents.error().message.empty());
    return 0;
  }
  size_t bytes = 0;
  for (const YamlNode& document : *documents) bytes += walk(document, 1);
  require(bytes <= (64u << 20));  // aliases multiply what is written, within bounds
  return 0;
}
