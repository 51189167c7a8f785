// Regex: RE2's meaning, linear time, captures as views, literals for prefilters.
#include "pattern/regex.h"
#include "pattern/regex_translate.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "hub_corpus.h"
#include "oracle.h"

// Counts the allocations of this program, so that a test can say that a match makes none.
namespace {
thread_local size_t allocations = 0;
}
[[gnu::noinline]] void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace testudo {
namespace {

Regex must(const std::string& pattern) {
  auto regex = Regex::compile(pattern);
  EXPECT_TRUE(regex) << regex.error().text();
  return std::move(*regex);
}

struct Meaning {
  const char* sentence;
  const char* pattern;
  std::string text;
  bool matches;
};

TEST(Regex, MeansWhatRe2Means) {
  using namespace std::string_literals;
  const Meaning rows[] = {
      {"searches, unanchored", "b", "abc", true},
      {"$ is the very end", "a$", "a\n", false},
      {"(?m)$ is also before a newline", "(?m)a$", "a\nb", true},
      {"(?m)^ also stands behind a last newline", "(?m)b\n^$", "b\n", true},
      {"a dot is no newline", "a.b", "a\nb", false},
      {"a dot is a carriage return", "a.b", "a\rb", true},
      {"\\s is no vertical tab", "a\\sb", "a\vb", false},
      {"[[:space:]] is one", "a[[:space:]]b", "a\vb", true},
      {"\\w is ASCII", "^\\w+$", "\xc3\xa9", false},
      {"a negated set matches a newline", "a[^b]c", "a\nc", true},
      {"folding is that of Unicode", "(?i)^k$", "\xe2\x84\xaa", true},
      {"folding goes both ways", "(?i)^\\x{212a}$", "k", true},
      {"folding covers classes", "(?i)^\\w$", "\xc5\xbf", true},
      {"alternatives that differ in folding are RE2's, its error included", "[ab]|(?i:a)", "A", false},
      {"{,2} is literal text", "^a{,2}$", "a{,2}", true},
      {"an escape in octal", "^\\101$", "A", true},
      {"\\v is a vertical tab", "^\\v$", "\v", true},
      {"quoted text", "^\\Qa.b\\E$", "a.b", true},
      {"a dot is no invalid byte", "^.$", "\xff", false},
      {"a dot is no half character", "^..$", "\xc3\xa9", false},
      {"invalid bytes beside the match do not matter", "abc", "\xff"s + "abc\xc3", true},
      {"a zero byte is a character", "^a.b$", "a\0b"s, true},
      {"properties of Unicode", "^\\pN$", "\xd9\xa3", true},
      {"ungreedy flag", "^(?U)a+$", "aaa", true},
      {"the empty pattern", "", "", true},
  };
  RegexScratch scratch;
  Captures captures;
  for (const Meaning& row : rows) {
    SCOPED_TRACE(row.sentence);
    const Regex regex = must(row.pattern);
    EXPECT_EQ(regex.test(row.text, scratch), row.matches);
    EXPECT_EQ(regex.match(row.text, scratch, captures), row.matches);
    EXPECT_EQ(test::Oracle(row.pattern).difference(regex, row.text, scratch, captures), "");
  }
}

TEST(Regex, RefusesWhatRe2RefusesAndShowsIt) {
  for (const char* pattern :
       {"(", "a**", "(?=a)", "(a)\\1", "a++", "(?>a)", "[b-a]", "\\Z", "a{1001}", "\xff"}) {
    auto regex = Regex::compile(pattern);
    ASSERT_FALSE(regex) << pattern;
    EXPECT_EQ(regex.error().code, Code::bad_content);
    EXPECT_FALSE(regex.error().remedy.empty());
  }
  auto large = Regex::compile(std::string((1u << 20) + 1, 'a'));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, Code::too_large);
}

TEST(Regex, TellsAGroupThatMatchedNothingFromOneThatTookNoPart) {
  const Regex regex = must("^(x*)(?:a(b)|c)?$");
  RegexScratch scratch;
  Captures captures;
  for (const std::string_view text : {std::string_view(), std::string_view("")}) {
    ASSERT_TRUE(regex.match(text, scratch, captures));
    ASSERT_EQ(captures.size(), 3u);
    EXPECT_TRUE(captures.took_part(0));
    EXPECT_TRUE(captures.took_part(1));
    EXPECT_FALSE(captures.took_part(2));
  }
}

TEST(Regex, AllocatesNothingOnceAThreadIsWarm) {
  const Regex regex = must("^(\\w+) (\\S+)(?: (x))? .*? ([0-9]{1,3})$");
  RegexScratch scratch;
  Captures captures;
  const std::string line = "alpha beta gamma 127";
  ASSERT_TRUE(regex.match(line, scratch, captures));
  const size_t before = allocations;
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(regex.match(line, scratch, captures));
  EXPECT_EQ(allocations, before);
}

TEST(Regex, OneScratchServesPatternsOfManySizes) {
  RegexScratch scratch;
  Captures captures;
  for (const int groups : {1, 200, 3, 64}) {
    std::string pattern;
    for (int i = 0; i < groups; ++i) pattern += "(a)";
    const Regex regex = must(pattern);
    ASSERT_EQ(regex.groups(), groups);
    const std::string text(groups, 'a');
    ASSERT_TRUE(regex.match(text, scratch, captures));
    ASSERT_EQ(captures.size(), static_cast<size_t>(groups) + 1);
    EXPECT_EQ(captures[groups], "a");
  }
}

// PCRE2 would need 2^n steps for these. A trip is what ends it; RE2 then answers, and is asked first from
// there.
TEST(Regex, StaysLinearWhereBacktrackingExplodes) {
  const Regex regex = must("^(?:a+)+$");
  ASSERT_TRUE(regex.uses_jit());
  RegexScratch scratch;
  Captures captures;
  const std::string hostile = std::string(60, 'a') + "!";
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(regex.match(hostile, scratch, captures));
  EXPECT_GT(regex.trips(), 0u);
  EXPECT_LE(regex.trips(), 8u) << "RE2 is asked first once a pattern trips often";
  const std::string honest(60, 'a');
  EXPECT_TRUE(regex.match(honest, scratch, captures)) << "a distrusted pattern still matches";
  EXPECT_EQ(captures[0], honest);
}

TEST(Regex, TrustsAPatternAgainAfterAWhile) {
  const Regex regex = must("^(?:a+)+$");
  RegexScratch scratch;
  Captures captures;
  const std::string hostile = std::string(60, 'a') + "!";
  for (int i = 0; i < 20; ++i) regex.test(hostile, scratch);
  const uint64_t first = regex.trips();
  for (int i = 0; i < 5000; ++i) regex.test("aaa", scratch);
  for (int i = 0; i < 20; ++i) regex.test(hostile, scratch);
  EXPECT_GT(regex.trips(), first) << "PCRE2 was tried again, and tripped again";
}

TEST(Regex, ATripNowAndThenChangesNothing) {
  const Regex regex = must("^(?:a+)+$");
  RegexScratch scratch;
  const std::string hostile = std::string(60, 'a') + "!";
  for (int i = 0; i < 10; ++i) {
    regex.test(hostile, scratch);
    for (int k = 0; k < 100; ++k) regex.test("aaa", scratch);
  }
  EXPECT_EQ(regex.trips(), 10u) << "each hostile line found PCRE2 trusted";
}

TEST(Regex, AsksRe2FirstAboutLongSubjects) {
  // Each start costs PCRE2 a run over the rest, which its limit on steps does not see.
  const Regex regex = must("[a-y]+z(b)?");
  RegexScratch scratch;
  Captures captures;
  std::string hostile(64u << 10, 'a');
  EXPECT_FALSE(regex.match(hostile, scratch, captures));
  EXPECT_EQ(regex.trips(), 0u) << "RE2 alone has answered";
  hostile += "zb";
  ASSERT_TRUE(regex.match(hostile, scratch, captures));
  EXPECT_EQ(captures[0].size(), hostile.size());
  EXPECT_EQ(captures[1], "b");
}

// Who is asked first follows the lines of late; the answers may not.
TEST(Regex, AnswersTheSameWhateverCameBefore) {
  const std::string pattern = "(\\w+) from ([0-9.]+)";
  const Regex regex = must(pattern);
  RegexScratch scratch;
  Captures captures;
  test::Oracle oracle(pattern);
  for (const int misses : {0, 10, 100, 3, 100, 0}) {
    for (int i = 0; i < misses; ++i) ASSERT_FALSE(regex.test("nothing of that kind", scratch));
    for (int i = 0; i < 70; ++i)
      ASSERT_EQ(oracle.difference(regex, "root from 192.0.2.7", scratch, captures), "");
  }
}

TEST(Regex, DoesNotTripOnHonestLongLines) {
  const Regex regex = must(R"re(^(\S+) "(\w+) (.*?) HTTP/([0-9.]+)" ([0-9]+)$)re");
  RegexScratch scratch;
  Captures captures;
  for (const size_t length : {100, 900, 1000}) {
    const std::string line = "192.0.2.7 \"GET /" + std::string(length, 'x') + " HTTP/1.1\" 200";
    ASSERT_TRUE(regex.match(line, scratch, captures));
    EXPECT_EQ(captures[3].size(), length + 1);
  }
  EXPECT_EQ(regex.trips(), 0u);
}

TEST(Regex, HostileHostNamesDoNotStopTheSyslogHeader) {
  GrokTable table;
  ASSERT_TRUE(table.load_folder(test::patterns_folder()));
  auto grok = table.compile("^%{SYSLOGLINE}");
  ASSERT_TRUE(grok);
  const Regex& header = grok->regex;
  ASSERT_TRUE(header.uses_jit());
  RegexScratch scratch;
  Captures captures;
  test::Oracle oracle(header.pattern());
  std::string host;
  for (int i = 0; i < 2000; ++i) host += "a-";
  for (const size_t length : {21, 41, 101, 501, 3000}) {
    const std::string line = "May  1 10:00:00 " + host.substr(0, length) + "! x";
    for (int i = 0; i < 200; ++i) header.test(line, scratch);
    EXPECT_EQ(oracle.difference(header, line, scratch, captures), "");
  }
  EXPECT_GT(header.trips(), 0u)
      << "this header explodes under backtracking; if it no longer does, take another";
  EXPECT_LE(header.trips(), 16u) << "of 1,000 hostile lines";
  const std::string honest = "May  1 10:00:00 web sshd[42]: hello";
  EXPECT_EQ(oracle.difference(header, honest, scratch, captures), "");
}

struct Literals {
  const char* sentence;
  const char* pattern;
  std::vector<std::string> literals;
};

TEST(Regex, KnowsLiteralsThatAMatchMustContain) {
  const Literals rows[] = {
      {"a text", "^Failed password for (\\S+)", {"Failed password for "}},
      {"the longest of several", "ab.*cdef.*gh", {"cdef"}},
      {"one of each alternative", "x(?:abc|defg)?.*(?:one|two)", {"one", "two"}},
      {"small sets are spelt out", "[Ff]ailed", {"Failed", "failed"}},
      {"optional text is not required", "(?:abc)?.*", {}},
      {"an alternative without text leaves none", "abc|.*", {}},
      {"a loop that runs at least once", "(?:abc)+", {"abc"}},
      {"text that ignores case is not one", "(?i)abc", {}},
      {"signs in it are", "(?i)a://b", {"://"}},
      {"bytes of UTF-8", "é\\d", {"\xc3\xa9"}},
      {"a single byte is too little", "a.*", {}},
      {"text beside a fold", "(?i:abc)def", {"def"}},
  };
  for (const Literals& row : rows) {
    SCOPED_TRACE(row.sentence);
    EXPECT_EQ(must(row.pattern).required_literals(), row.literals);
  }
}

TEST(Regex, CapturesOnlyTheGroupsThatAreAskedFor) {
  auto regex = Regex::compile("(a)(b)?((c)|d)(e)");
  ASSERT_TRUE(regex);
  regex->capture_only({2, 4, 5});
  EXPECT_EQ(regex->numbers(), (std::vector<int>{0, 2, 4, 5}));
  EXPECT_EQ(regex->groups(), 3);
  RegexScratch scratch;
  Captures captures;
  // By PCRE2, and (\xff is no UTF-8) by RE2.
  for (const std::string tail : {"", "\xff"}) {
    ASSERT_TRUE(regex->match("xade" + tail, scratch, captures));
    EXPECT_EQ(captures[0], "ade");
    EXPECT_FALSE(captures.took_part(1));
    EXPECT_FALSE(captures.took_part(2));
    EXPECT_EQ(captures[3], "e");
    ASSERT_TRUE(regex->match("abce" + tail, scratch, captures));
    EXPECT_EQ(captures.size(), 4u);
    EXPECT_EQ(captures[1], "b");
    EXPECT_EQ(captures[2], "c");
  }
}

struct LeadRow {
  const char* pattern;
  const char* written;  ///< the look ahead in PCRE2's syntax; "" when there is none
};
const LeadRow lead_rows[] = {
    {"(?:[0-9]{1,4}:){7}x|[0-9]{1,4}:y|:z|[0-9]{2}:a|:b", "(?=[0-9]{0,4}[\\x{3a}])"},
    {"Jan|Feb|Mar|Apr|May", "(?=[AFJM])"},
    {"\\bJan|Feb|Mar|Apr|May", "(?=[AFJM])"},
    {"a|b|c|d", ""},                   // too few to gain anything
    {"a|b|c|d|", ""},                  // one matches nothing
    {"a|b|c|d|.", ""},                 // one begins with anything
    {"a|b|c|d|(?i:e)", ""},            // one ignores case
    {"a|b|c|d|e*f", ""},               // a loop without an end
    {"a|b|c|d|[0-9]{0,2}[0-9]x", ""},  // the run holds what follows it
};

TEST(Regex, LooksAheadAtWhatManyAlternativesNeed) {
  for (const LeadRow& row : lead_rows) {
    const auto tree = parse_regex(row.pattern);
    ASSERT_TRUE(tree) << row.pattern;
    const std::string written = to_pcre2(*tree, SubjectKind::ascii, {});
    if (*row.written)
      EXPECT_TRUE(written.starts_with(row.written)) << written;
    else
      EXPECT_EQ(written.find("(?="), std::string::npos) << written;
  }
}

}  // namespace
}  // namespace testudo
