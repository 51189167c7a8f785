// Which items have a test: one that names them and asserts something of their kind.
#include "engine/hubtest_coverage.h"

#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace testudo {
namespace {

TEST(HubCoverage, AnItemIsTestedWhereItsOutcomeIsAsserted) {
  support::TempDir dir;
  for (const char* item : {"parsers/s00-raw/me/raw", "parsers/s01-parse/me/used", "parsers/s01-parse/me/idle",
                           "scenarios/me/fires", "scenarios/me/only-listed",
                           "postoverflows/s00-enrich/me/dns", "collections/me/all"})
    dir.write(std::string("hub/") + item + ".yaml", "name: x\n");
  dir.write("tests/both/config.yaml",
            "parsers: [me/raw, ./parsers/s01-parse/me/used.yaml]\nscenarios: [me/fires]\n"
            "ignore_parsers: true\n");
  dir.write("tests/both/scenario.assert", "len(results) == 1\n");
  dir.write("tests/parsing/config.yaml", "parsers: [me/raw]\nscenarios: [me/only-listed]\n");
  dir.write("tests/parsing/parser.assert", "len(results) == 1\n");
  dir.write("tests/mute/config.yaml", "parsers: [me/idle]\npostoverflows: [me/dns]\n");
  dir.write("tests/wrong/config.yaml", "parsers: [me/none]\n");
  dir.write("tests/wrong/parser.assert", "true\n");

  const HubCoverage found = hub_coverage(HubIndex({dir.path() + "/hub"}), dir.path() + "/tests");
  std::string text;
  for (const ItemCoverage& item : found.items) {
    text += item.id + ":";
    for (const std::string& test : item.tests) text += " " + test;
    text += "\n";
  }
  EXPECT_EQ(text,
            "me/idle:\nme/raw: both parsing\nme/used: both\nme/fires: both\nme/only-listed:\nme/dns:\n");
  ASSERT_EQ(found.errors.size(), 1u);
  EXPECT_NE(found.errors[0].text().find("there is no parsers item me/none"), std::string::npos);
}

}  // namespace
}  // namespace testudo
