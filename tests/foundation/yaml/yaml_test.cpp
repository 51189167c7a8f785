#include "yaml/yaml.h"

#include <gtest/gtest.h>

namespace testudo {
namespace {

YamlNode one(std::string_view text) {
  auto documents = parse_yaml(text, "f.yaml");
  EXPECT_TRUE(documents.ok()) << (documents.ok() ? "" : documents.error().text());
  EXPECT_EQ(documents->size(), 1u);
  return std::move(documents->at(0));
}
std::string failure(std::string_view text) {
  auto documents = parse_yaml(text, "f.yaml");
  return documents.ok() ? "no error" : documents.error().text();
}

TEST(Yaml, KeepsTheSourceTextOfScalars) {
  const YamlNode n = one("a: 10s\nb: yes\nc: 2.0\nd: '5'\n");
  EXPECT_EQ(n.find("a")->text(), "10s");
  EXPECT_EQ(n.find("b")->text(), "yes");
  EXPECT_EQ(n.find("c")->text(), "2.0");
  EXPECT_TRUE(n.find("d")->quoted());
}

TEST(Yaml, KnowsWhereEverythingStands) {
  const YamlNode n = one("a: 1\nb:\n  - x\n  - y: z\n");
  EXPECT_EQ(n.find("b")->items()[1].find("y")->where().text(), "f.yaml:4:8");
  EXPECT_EQ(n.key_where("b").text(), "f.yaml:2:1");
}

TEST(Yaml, PointsIntoQuotesAndBlocks) {
  const YamlNode n = one("f: \"evt.x\"\ng: |\n  first\n  second\n");
  EXPECT_EQ(n.find("f")->where().column, 5);
  EXPECT_EQ(n.find("g")->content_line(), 3);
  EXPECT_EQ(n.find("g")->text(), "first\nsecond\n");
}

TEST(Yaml, RefusesAKeyThatIsThereTwice) {
  EXPECT_EQ(failure("a: 1\nb: 2\na: 3\n"), "f.yaml:3:1: the key 'a' is there twice. keep one of them");
}

TEST(Yaml, NamesThePlaceOfASyntaxError) { EXPECT_TRUE(failure("a: [1, 2\nb: 3\n").starts_with("f.yaml:2:")); }

TEST(Yaml, ReadsSeveralDocumentsAndLeavesOutEmptyOnes) {
  auto documents = parse_yaml("# only a comment\n---\na: 1\n---\n---\nb: 2\n", "f.yaml");
  ASSERT_TRUE(documents.ok());
  ASSERT_EQ(documents->size(), 2u);
}

TEST(Yaml, ExpandsAliasesWithinABudget) {
  EXPECT_EQ(one("a: &x [1, 2]\nb: *x\n").find("b")->items().size(), 2u);
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string p = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + p;
    for (int j = 0; j < 9; ++j) bomb += ", " + p;
    bomb += "]\n";
  }
  EXPECT_NE(failure(bomb).find("2,000,000"), std::string::npos);
}

TEST(Yaml, BoundsTheTextThatAliasesMultiply) {
  std::string bomb = "a: &a \"" + std::string(1 << 20, 'x') + "\"\nb:\n";
  for (int i = 0; i < 100; ++i) bomb += "- *a\n";
  EXPECT_NE(failure(bomb).find("64 MiB"), std::string::npos);
}

TEST(Yaml, BoundsTheCopiesThatNestedAnchorsMake) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "&a" + std::to_string(i) + " [";
  for (int i = 0; i < 100'000; ++i) text += "x,";
  EXPECT_NE(failure(text + std::string(30, ']')).find("2,000,000"), std::string::npos);
}

TEST(Yaml, TakesAMappingOfManyKeysInLinearTime) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += std::to_string(1'000'000 + i) + ": x\n";
  const auto start = monotonic_ns();
  EXPECT_EQ(one(text).entries().size(), 200'000u);
  EXPECT_LT(monotonic_ns() - start, 15'000'000'000);
}

TEST(Yaml, NamesTheFirstUnknownKeysAndCountsTheRest) {
  std::string text = "? " + std::string(1 << 20, 'k') + "\n: x\n";
  for (int i = 0; i < 1000; ++i) text += "key" + std::to_string(i) + ": x\n";
  Errors errors;
  one(text).check_keys("f", {"filter"}, errors);
  ASSERT_EQ(errors.size(), 21u);
  EXPECT_EQ(errors.back().text(), "f.yaml:22:1: 981 more unknown keys in f");
}

TEST(Yaml, TakesOneSignBeforeANumber) {
  EXPECT_EQ(*one("i: +5\n").find("i")->as_int("i"), 5);
  EXPECT_FALSE(one("i: +-5\n").find("i")->as_int("i").ok());
  EXPECT_FALSE(one("d: nan\n").find("d")->as_double("d").ok());
  EXPECT_FALSE(one("d: inf\n").find("d")->as_double("d").ok());
}

TEST(Yaml, RefusesAtOnceWhatBeginsNoValue) {
  EXPECT_EQ(failure(", x a\nb: c\n"), "f.yaml:1:1: what stands here begins no value. quotes make it text");
}

TEST(Yaml, BoundsDepth) {
  EXPECT_NE(failure(std::string(70, '[') + std::string(70, ']')).find("64 levels"), std::string::npos);
  EXPECT_NE(failure(std::string(100000, '[')).find("nested brackets"), std::string::npos);
}

TEST(Yaml, ReadsTypesOnRequestAndNamesTheRefusedValue) {
  const YamlNode n = one("i: 5\nd: 1h\nb: on\ns: [a, b]\nt: word\n");
  EXPECT_EQ(*n.find("i")->as_int("capacity"), 5);
  EXPECT_EQ(*n.find("d")->as_duration("leakspeed"), Duration(1h));
  EXPECT_TRUE(*n.find("b")->as_bool("debug"));
  EXPECT_EQ(n.find("s")->as_strings("ip")->size(), 2u);
  EXPECT_EQ(n.find("t")->as_int("capacity").error().text(),
            "f.yaml:5:4: capacity must be a whole number, not 'word'");
}

TEST(Yaml, SuggestsTheKeyThatWasMeant) {
  Errors errors;
  one("filtr: x\n").check_keys("a scenario", {"filter", "name"}, errors);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].text(), "f.yaml:1:1: unknown key 'filtr' in a scenario. did you mean 'filter'?");
}

}  // namespace
}  // namespace testudo
