// RegexSet: any of many patterns; most are not run where their literals do not occur.
#include "pattern/regex_set.h"

#include <gtest/gtest.h>

namespace testudo {
namespace {

TEST(RegexSet, SaysWhatItsPatternsSay) {
  const char* patterns[] = {"\\bHavij\\b", "(foo|bar)baz+", "(?i)sqlmap", "^x[0-9]+$", "Mata\\ Hari", "a.c"};
  const char* texts[] = {"",     "Havij",    "xHavij", "-Havij-",   "foobazzz", "barba",       "SQLMap/1.0",
                         "x123", "x123 abc", "xabx",   "Mata Hari", "MataHari", "Havij barbaz"};
  RegexSet set;
  std::vector<Regex> alone;
  for (const char* pattern : patterns) {
    set.add(std::move(*Regex::compile(pattern)));
    alone.push_back(std::move(*Regex::compile(pattern)));
  }
  set.finish();
  RegexScratch scratch;
  for (const char* text : texts) {
    bool expected = false;
    for (const Regex& one : alone) expected |= one.test(text, scratch);
    EXPECT_EQ(set.any(text, scratch), expected) << text;
  }
  EXPECT_EQ(set.size(), std::size(patterns));
}

TEST(RegexSet, WithoutPatternsMatchesNothing) {
  RegexSet set;
  set.finish();
  RegexScratch scratch;
  EXPECT_FALSE(set.any("text", scratch));
}

}  // namespace
}  // namespace testudo
