// Grok: how %{NAME:field} becomes a regular expression with numbered fields.
#include "pattern/grok.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "pattern/grok_expand.h"

namespace testudo {
namespace {

GrokTable small_table() {
  GrokTable table;
  table.add("NUM", "[0-9]+");
  table.add("WORD", "[a-z]+");
  table.add("PAIR", "%{WORD:key}=%{NUM:value}");
  table.add("TWICE", "%{PAIR} %{PAIR}");
  table.add("EITHER", "a|b");
  table.add("LOOP", "x%{LOOP2}");
  table.add("LOOP2", "%{LOOP}");
  table.add("BROKEN", "%{NUMM}");
  return table;
}

struct Row {
  const char* sentence;
  const char* expression;
  const char* text;
  const char*
      fields;  ///< field=value,… in order of appearance, ~ for a group that took no part; "-": no match
};

const Row rows[] = {
    {"a reference with a field", "^%{NUM:n}$", "42", "n=42"},
    {"a reference without one captures nothing", "%{NUM}", "42", ""},
    {"alternatives stay inside their name", "^%{EITHER:e}c$", "bc", "e=b"},
    {"fields of nested patterns come along", "^%{PAIR:p}$", "a=1", "p=a=1,key=a,value=1"},
    {"an outer field hides the nested one of its name", "^%{PAIR:value}$", "a=1", "value=a=1,key=a"},
    {"an outer field hides a later nested one", "^%{WORD:key} %{PAIR}$", "x a=1", "key=x,value=1"},
    {"of two nested patterns the later wins", "^%{TWICE}$", "a=1 b=2", "key=b,value=2"},
    {"of one field used twice the last wins", "^%{NUM:n} %{NUM:n}$", "1 2", "n=2"},
    {"... even when it took no part", "^(?:n%{NUM:n}|m%{NUM:n})$", "n1", "n=~"},
    {"an optional field took no part", "^%{WORD:w}(?: %{NUM:n})?$", "a", "w=a,n=~"},
    {"an empty match took part", "^%{WORD:w}(?: (?:%{NUM:n})|)%{EMPTY:e}$", "a", "w=a,n=~,e="},
    {"a hyphen in the field makes it literal text", "^%{NUM:a-b}%{NUM:n}$", "%{NUM:a-b}7", "n=7"},
    {"a type behind the field makes it literal text", "^%{NUM:a:int}%{NUM:n}$", "%{NUM:a:int}7", "n=7"},
    {"an empty field makes it literal text", "^%{NUM:}%{NUM:n}$", "%{NUM:}7", "n=7"},
    {"an unfinished reference is literal text", "^%%{NUM:n}%{NUM$", "%7%{NUM", "n=7"},
    {"named groups of the regex are not fields", "^(?P<x>a)%{NUM:n}$", "a7", "n=7"},
    {"plain groups are counted", "^(a)(?:b)((c)d)%{NUM:n}(e)$", "abcd7e", "n=7"},
    {"escaped parentheses are not counted", R"(^\(\\(a)\[(%{NUM:n}$)", nullptr, nullptr},
    {"escaped and bracketed parentheses are not counted", R"(^\([(][)(\]([:alpha:]]%{NUM:n}\)$)", "((x7)",
     "n=7"},
    {"quoted parentheses are not counted", R"(^\Q((\E%{NUM:n}$)", "((7", "n=7"},
    {"flags are not groups", "^(?i)(?s:A)%{NUM:n}$", "a7", "n=7"},
    {"an unknown byte sequence in the text", "^%{WORD:w}", "ab\xff", "w=ab"},
};

TEST(Grok, FollowsTheRulesOfTheFormat) {
  GrokTable table = small_table();
  table.add("EMPTY", "");
  RegexScratch scratch;
  Captures captures;
  for (const Row& row : rows) {
    SCOPED_TRACE(row.sentence);
    auto grok = table.compile(row.expression);
    if (!row.text) {
      EXPECT_FALSE(grok);
      continue;
    }
    ASSERT_TRUE(grok) << grok.error().text();
    std::string fields = "-";
    if (grok->regex.match(row.text, scratch, captures)) {
      fields.clear();
      for (const GrokField& field : grok->fields) {
        fields += (fields.empty() ? "" : ",") + field.name + "=";
        fields += captures.took_part(field.group) ? std::string(captures[field.group]) : "~";
      }
    }
    EXPECT_EQ(fields, row.fields);
  }
}

TEST(Grok, APatternWithoutFieldsHasNone) {
  auto grok = small_table().compile("%{NUM}(?P<x>a)");
  ASSERT_TRUE(grok);
  EXPECT_TRUE(grok->fields.empty());
}

TEST(Grok, CompileNamedHasTheFieldsOfTheNamedPattern) {
  auto grok = small_table().compile_named("PAIR");
  ASSERT_TRUE(grok);
  ASSERT_EQ(grok->fields.size(), 2u);
  EXPECT_EQ(grok->fields[0].name, "key");
  EXPECT_EQ(grok->fields[1].name, "value");
}

TEST(Grok, TheFirstDefinitionOfANameStays) {
  GrokTable table;
  EXPECT_TRUE(table.add("A", "1"));
  EXPECT_TRUE(table.add("A", "1"));
  EXPECT_FALSE(table.add("A", "2"));
  EXPECT_EQ(*table.find("A"), "1");
}

struct Refused {
  const char* sentence;
  const char* expression;
  const char* message;
};

TEST(Grok, RefusesWithPlaceAndHint) {
  const Refused refused[] = {
      {"an unknown name", "%{WORDD}", "unknown pattern %{WORDD}. did you mean %{WORD}?"},
      {"an unknown name in a nested pattern", "%{BROKEN}", "unknown pattern %{NUMM}"},
      {"a pattern that contains itself", "%{LOOP}", "pattern %{LOOP} contains itself"},
      {"what RE2 refuses", "(?=a)%{NUM:n}", "regular expression refused"},
      {"a field where nothing is captured", "[%{NUM:n}]", "field 'n' stands inside brackets"},
  };
  const GrokTable table = small_table();
  for (const Refused& row : refused) {
    SCOPED_TRACE(row.sentence);
    auto grok = table.compile(row.expression, {"x.yaml", 7, 9});
    ASSERT_FALSE(grok);
    EXPECT_EQ(grok.error().code, Code::bad_content);
    EXPECT_EQ(grok.error().where.text(), "x.yaml:7:9");
    EXPECT_NE(grok.error().text().find(row.message), std::string::npos) << grok.error().text();
  }
}

TEST(Grok, BoundsExpansionAndDepth) {
  GrokTable table;
  table.add("N0", "x");
  for (int i = 1; i < 40; ++i) {
    const std::string below = "%{N" + std::to_string(i - 1) + "}";
    table.add("N" + std::to_string(i), below + below);
  }
  EXPECT_TRUE(table.compile("%{N5:n}"));
  EXPECT_FALSE(table.compile("%{N39:n}"));
  table.add("D0", "x");
  for (int i = 1; i < 100; ++i) table.add("D" + std::to_string(i), "%{D" + std::to_string(i - 1) + "}");
  EXPECT_TRUE(table.compile("%{D50:n}"));
  EXPECT_FALSE(table.compile("%{D99:n}"));
  std::string many;
  for (int i = 0; i < 1100; ++i) many += "%{N0:f" + std::to_string(i) + "}";
  EXPECT_FALSE(table.compile(many));
}

class PatternFolder : public testing::Test {
 protected:
  PatternFolder() {
    char name[] = "/tmp/testudo-patterns-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~PatternFolder() override { std::filesystem::remove_all(path_); }
  void write(const std::string& file, const std::string& text) { std::ofstream(path_ + "/" + file) << text; }
  std::string path_;
};

TEST_F(PatternFolder, HoldsOneDefinitionALine) {
  write("one", "# comment\nA a+\n\nB\t b c \n  INDENTED x\nNO-WORD x\nALONE\nCRLF x\r\n");
  write("two.old", "C c\n");
  GrokTable table;
  ASSERT_TRUE(table.load_folder(path_));
  EXPECT_EQ(table.names(), (std::vector<std::string>{"A", "B", "CRLF"}));
  EXPECT_EQ(*table.find("A"), "a+");
  EXPECT_EQ(*table.find("B"), "b c ");
  EXPECT_EQ(*table.find("CRLF"), "x");
}

TEST_F(PatternFolder, RefusesASecondDefinition) {
  write("a", "A 1\n");
  write("b", "B 2\nA 2\n");
  GrokTable table;
  auto loaded = table.load_folder(path_);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().where.text(), path_ + "/b:2:1");
}

TEST(Grok, CountsGroupsAsRe2Does) {
  for (const char* pattern :
       {"", "a", "(a)(?:b)(?P<n>c)", R"(\((a)\))", "[(](a)", "[]()](a)", "[^]()](a)", "[[:alpha:](](a)",
        R"([\](](a))", R"(\Q(\E(a))", R"(\\(a))", "((((a))))", "[[(](a)"}) {
    auto regex = Regex::compile(pattern);
    ASSERT_TRUE(regex) << pattern;
    EXPECT_EQ(static_cast<int>(capturing_parentheses(pattern).size()), regex->groups()) << pattern;
  }
}

}  // namespace
}  // namespace testudo
