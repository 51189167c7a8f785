// Every expression of the hub compiles. Helpers that need an owner's state stand in as rows that fail when
// called.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "expr/expr.h"
#include "yaml/yaml.h"

namespace testudo::expr {
namespace {

bool unavailable(const void*, Context& ctx, const Value*, size_t, Value&) {
  ctx.error = "not here";
  return false;
}

HelperTable owners_helpers() {
  constexpr Type s = Type::string, a = Type::array, b = Type::boolean;
  return {
      {"File", "", {s}, false, a, false, unavailable},
      {"RegexpInFile", "", {s, s}, false, b, false, unavailable},
      {"LookupFile", "", {s, s}, false, s, false, unavailable},
      {"GetFromStash", "", {s, s}, false, s, false, unavailable},
  };
}

class Hub : public testing::Test {
 protected:
  Hub() : stateful(owners_helpers()) {}

  void compile(const std::string& text, const Where& where, const std::string& key) {
    if (text.empty()) return;
    CompileOptions options;
    options.slots = &slots;
    options.helpers = {&pure_helpers(), &stateful};
    const bool bucket = key == "condition" || key == "cancel_on" || key == "overflow_filter";
    options.scope = bucket ? Scope::bucket : key == "context" ? Scope::context : Scope::event;
    if (key == "filter" || bucket) options.expect = Type::boolean;
    const Result<Expression> e = Expression::compile(text, where, options);
    ++counts[key];
    if (e) return;
    ADD_FAILURE() << key << ": " << e.error().text() << "\n  " << text.substr(0, 300);
  }

  static bool is_expression(const std::string& key) {
    return key == "filter" || key == "groupby" || key == "distinct" || key == "condition" ||
           key == "overflow_filter" || key == "cancel_on";
  }

  void walk(const YamlNode& node, const std::string& parent) {
    for (const YamlNode& item : node.items()) walk(item, parent);
    for (const auto& [key, value] : node.entries()) {
      if (value.is_scalar() && is_expression(key))
        compile(value.text(), value.where(), key);
      else if (value.is_scalar() && key == "expression")
        compile(value.text(), value.where(), parent);
      else if (key == "expression") {  // a list: whitelists
        for (const YamlNode& item : value.items()) compile(item.text(), item.where(), "whitelist");
      } else if (key == "stash") {
        for (const YamlNode& item : value.items())
          for (const char* part : {"key", "value"})
            if (const YamlNode* text = item.find(part)) compile(text->text(), text->where(), "stash");
      } else if (key == "context") {
        for (const auto& [name, list] : value.entries())
          for (const YamlNode& item : list.items()) compile(item.text(), item.where(), "context");
      } else if (key == "bayesian_conditions") {
        for (const YamlNode& item : value.items())
          if (const YamlNode* text = item.find("condition"))
            compile(text->text(), text->where(), "condition");
      } else {
        walk(value, key);
      }
    }
  }

  SlotNames slots;
  HelperTable stateful;
  std::map<std::string, int> counts;
};

TEST_F(Hub, CompilesWhole) {
  namespace fs = std::filesystem;
  const char* given = std::getenv("TESTUDO_HUB");
  const fs::path root = fs::path(given ? given : TESTUDO_SOURCE_DIR "/../shared/crowdsec-hub") / "hub";
  if (!fs::exists(root)) GTEST_SKIP() << "no hub at " << root << ": set TESTUDO_HUB";
  for (const char* kind : {"parsers", "scenarios", "postoverflows", "contexts"})
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / kind)) {
      if (entry.path().extension() != ".yaml" && entry.path().extension() != ".yml") continue;
      const Result<std::vector<YamlNode>> documents = load_yaml(entry.path());
      ASSERT_TRUE(documents.ok()) << documents.error().text();
      for (const YamlNode& document : *documents) walk(document, "");
    }
  int total = 0;
  for (const auto& [key, count] : counts) {
    RecordProperty(key, count);
    total += count;
  }
  EXPECT_GE(total, 3000) << "the walk missed most of the hub";
  RecordProperty("total", total);
  std::printf("%d expressions, %zu Parsed and %zu Meta names\n", total, slots.size(Bag::parsed),
              slots.size(Bag::meta));
  for (const auto& [key, count] : counts) std::printf("  %s %d\n", key.c_str(), count);
}

}  // namespace
}  // namespace testudo::expr
