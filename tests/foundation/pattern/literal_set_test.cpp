// LiteralSet: thousands of literals in one pass; compared with a naive search.
#include "pattern/literal_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace testudo {
namespace {

using Case = LiteralSet::Case;
using Texts = std::vector<std::string>;

LiteralSet set_of(const Texts& literals, Case letters = Case::exact) {
  LiteralSet set(letters);
  for (const std::string& one : literals) set.add(one);
  set.finish();
  return set;
}

std::set<std::string> found(const LiteralSet& set, std::string_view text) {
  LiteralHits hits;
  set.scan(text, hits);
  std::set<std::string> names;
  for (const uint32_t id : hits.found()) {
    EXPECT_TRUE(hits.has(id));
    EXPECT_TRUE(names.insert(std::string(set.literal(id))).second) << "reported twice";
  }
  EXPECT_EQ(set.any(text), !names.empty());
  return names;
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? char(c + 32) : c;
  return text;
}

// What the set must find, said as simply as can be.
std::set<std::string> naive(const LiteralSet& set, const std::string& text, Case letters) {
  const std::string subject = letters == Case::ascii_folded ? lower(text) : text;
  std::set<std::string> names;
  for (uint32_t id = 0; id < set.size(); ++id)
    if (subject.find(set.literal(id)) != std::string::npos) names.emplace(set.literal(id));
  return names;
}

TEST(LiteralSet, FindsLiteralsOfEveryLengthAtEveryPlace) {
  const LiteralSet set = set_of({"x", "ab", "abc", "abcd", "abcde", "powershell.exe", "-enc"});
  EXPECT_EQ(found(set, ""), std::set<std::string>{});
  EXPECT_EQ(found(set, "x"), std::set<std::string>{"x"});
  EXPECT_EQ(found(set, "ab"), std::set<std::string>{"ab"});
  EXPECT_EQ(found(set, "abcd"), (std::set<std::string>{"ab", "abc", "abcd"}));
  EXPECT_EQ(found(set, "abcde"), (std::set<std::string>{"ab", "abc", "abcd", "abcde"}));
  EXPECT_EQ(found(set, "C:\\powershell.exe -enc"), (std::set<std::string>{"powershell.exe", "-enc", "x"}));
  EXPECT_EQ(found(set, "powershell.ex"), std::set<std::string>{"x"});
}

TEST(LiteralSet, TheEmptyLiteralIsInEveryText) {
  const LiteralSet set = set_of({"a", ""});
  EXPECT_EQ(found(set, ""), std::set<std::string>{""});
  EXPECT_EQ(found(set, "a"), (std::set<std::string>{"", "a"}));
}

TEST(LiteralSet, GivesEqualLiteralsOneId) {
  LiteralSet set;
  EXPECT_EQ(set.add("a"), 0u);
  EXPECT_EQ(set.add("b"), 1u);
  EXPECT_EQ(set.add("a"), 0u);
  EXPECT_EQ(set.size(), 2u);
  set.finish();
  EXPECT_EQ(set.add("b"), 1u) << "also when it is added to later";
  EXPECT_EQ(set.add("c"), 2u);
  set.finish();
  EXPECT_EQ(found(set, "xcx"), std::set<std::string>{"c"});
}

TEST(LiteralSet, FoldsAsciiLettersAndNothingElse) {
  const LiteralSet set = set_of({"PowerShell", "@home", "[x]", "\xc3\x84", "E", "Nc"}, Case::ascii_folded);
  EXPECT_EQ(found(set, "POWERSHELL"), (std::set<std::string>{"powershell", "e"}));
  EXPECT_EQ(found(set, "`HOME"), std::set<std::string>{"e"});
  EXPECT_EQ(found(set, "{X}"), std::set<std::string>{});
  EXPECT_EQ(found(set, "nC"), std::set<std::string>{"nc"});
  EXPECT_EQ(found(set, "\xc3\xa4"), std::set<std::string>{}) << "letters beyond ASCII keep their case";
}

TEST(LiteralSet, FoldsTheLettersOfSomeLiteralsOnly) {
  LiteralSet set;
  const uint32_t exact = set.add("Path/X"), folded = set.add("Path/X", Case::ascii_folded);
  const uint32_t short_one = set.add("aB"), short_folded = set.add("AB", Case::ascii_folded);
  const uint32_t single = set.add("q"), single_folded = set.add("Q", Case::ascii_folded);
  EXPECT_EQ(set.add("path/x", Case::ascii_folded), folded);
  EXPECT_EQ(set.add("/1", Case::ascii_folded), set.add("/1")) << "nothing to fold";
  set.finish();
  LiteralHits hits;
  set.scan("a path/x with Ab, Q", hits);
  EXPECT_TRUE(hits.has(folded) && hits.has(short_folded) && hits.has(single_folded));
  EXPECT_FALSE(hits.has(exact) || hits.has(short_one) || hits.has(single));
  set.scan("Path/X, aB, q", hits);
  EXPECT_EQ(hits.found().size(), 6u);
}

TEST(LiteralSet, AScanForgetsTheOneBefore) {
  const LiteralSet set = set_of({"first", "second"}), larger = set_of(Texts(1, std::string(300, 'y')));
  LiteralHits hits;
  set.scan("first", hits);
  set.scan("second", hits);
  EXPECT_EQ(hits.found(), std::vector<uint32_t>{1});
  EXPECT_FALSE(hits.has(0));
  larger.scan(std::string(299, 'y'), hits);
  EXPECT_TRUE(hits.found().empty());
}

TEST(LiteralSet, BytesBeyondAsciiAndZeroAreBytes) {
  using namespace std::string_literals;
  const LiteralSet set = set_of({"\0\0\0\0"s, "\xff\xfe"s, "a\0b"s});
  EXPECT_EQ(found(set, "a\0b\xff\xfe"s), (std::set<std::string>{"\xff\xfe"s, "a\0b"s}));
  EXPECT_EQ(found(set, std::string(4, '\0')), std::set<std::string>{std::string(4, '\0')});
}

// Texts over few letters hit and nearly hit all the time.
TEST(LiteralSet, FindsWhatANaiveSearchFinds) {
  std::mt19937 random(7);
  const auto text = [&](size_t longest, unsigned letters) {
    std::string made(random() % (longest + 1), ' ');
    for (char& c : made) c = "abABZ@`[{\xe9 x.9"[random() % letters];
    return made;
  };
  for (int round = 0; round < 3000; ++round) {
    const Case letters = round % 2 ? Case::ascii_folded : Case::exact;
    const unsigned alphabet = 1 + random() % 14;
    Texts literals;
    for (size_t n = random() % 60; n-- > 0;) literals.push_back(text(1 + random() % 24, alphabet));
    const LiteralSet set = set_of(literals, letters);
    for (int line = 0; line < 8; ++line) {
      std::string subject = text(120, alphabet);
      if (!literals.empty() && line % 2)
        subject.insert(random() % (subject.size() + 1), literals[random() % literals.size()]);
      ASSERT_EQ(found(set, subject), naive(set, subject, letters)) << "round " << round << ": " << subject;
    }
  }
}

// Shaped like what content looks for in command lines: few roots, many flags.
Texts many(size_t count) {
  const char* roots[] = {"powershell", "cmd.exe /c ", "\\AppData\\Roaming\\",
                         "rundll32 ",  "http://",     "reg add "};
  std::mt19937 random(11);
  std::set<std::string> made;
  while (made.size() < count) {
    std::string one = random() % 2 ? roots[random() % std::size(roots)] : "";
    for (size_t n = 1 + random() % 24; n-- > 0;) one += "etaoinshrdlu -/\\.0123"[random() % 21];
    made.insert(std::move(one));
  }
  return {made.begin(), made.end()};
}

TEST(LiteralSet, EightThousandLiteralsNeedLessThanAMegabyteAndShareWindowsEvenly) {
  const Texts literals = many(8000);
  const LiteralSet set = set_of(literals);
  EXPECT_LT(set.bytes(), 1u << 20);
  EXPECT_LE(set.longest_bucket(), 16u);
  std::string text;
  for (size_t i = 0; i < literals.size(); i += 97) text += literals[i] + "|";
  EXPECT_EQ(found(set, text), naive(set, text, Case::exact));
}

// Who knows the content writes lines that show the same window everywhere. What such a line costs is bounded
// by how many literals one window has.
TEST(LiteralSet, LiteralsThatShareTheirBeginningAreKnownByOtherWindows) {
  Texts literals;
  for (int i = 0; i < 2000; ++i)
    literals.push_back("\\Windows\\System32\\tool" + std::to_string(10'000 + i) + ".exe");
  EXPECT_LE(set_of(literals).longest_bucket(), 24u);
}

TEST(LiteralSet, KeepsNothingOfMillionsOfNearMisses) {
  const LiteralSet set = set_of({std::string(199, 'a') + "b", "abababac", std::string(200, 'a')});
  std::string text;
  while (text.size() < 100'000) text += std::string(198, 'a') + "b";
  EXPECT_EQ(found(set, text), std::set<std::string>{});
  EXPECT_EQ(found(set, "a" + text), std::set<std::string>{std::string(199, 'a') + "b"});
}

}  // namespace
}  // namespace testudo
