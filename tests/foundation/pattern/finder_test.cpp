// Finder: one text looked for in many; compared with a naive search.
#include "pattern/finder.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace testudo {
namespace {

TEST(Finder, FindsATextAtEveryPlaceOfTextsOfEveryLength) {
  for (const std::string wanted : {"a", "ab", "abc", "/etc/passwd", "0123456789abcdefghijklmnop"}) {
    const Finder finder(wanted);
    for (size_t size = 0; size < 100; ++size) {
      EXPECT_FALSE(finder.in(std::string(size, '.')));
      for (size_t at = 0; at + wanted.size() <= size; ++at) {
        std::string text(size, '.');
        text.replace(at, wanted.size(), wanted);
        EXPECT_TRUE(finder.in(text)) << wanted << " in " << text;
        text[at + wanted.size() - 1] = '.';
        EXPECT_FALSE(finder.in(text)) << wanted << " in " << text;
      }
    }
  }
}

TEST(Finder, NothingIsInEveryTextAndNoTextIsInNothing) {
  EXPECT_TRUE(Finder().in(""));
  EXPECT_TRUE(Finder("").in("a"));
  EXPECT_FALSE(Finder("a").in({}));
  EXPECT_FALSE(Finder("ab").in("a"));
}

// Texts over few letters hit and nearly hit all the time. They end where the memory of a heap block ends, so
// that the sanitizer sees a read too far.
TEST(Finder, FindsWhatANaiveSearchFinds) {
  std::mt19937 random(5);
  size_t found = 0;
  for (int round = 0; round < 200'000; ++round) {
    const unsigned letters = 1 + random() % 4;
    const auto text = [&](size_t longest) {
      std::string made(random() % (longest + 1), ' ');
      for (char& c : made) c = "a/b\xff"[random() % letters];
      made.shrink_to_fit();
      return made;
    };
    const std::string wanted = text(random() % 8 ? 8 : 90), subject = text(150);
    ASSERT_EQ(Finder(wanted).in(subject), subject.find(wanted) != std::string::npos)
        << wanted << " in " << subject;
    found += Finder(wanted).in(subject);
  }
  EXPECT_GT(found, 50'000u);
}

TEST(Finder, InAnyCaseFoldsAsciiLettersAndNothingElse) {
  const auto in = [](const char* wanted, const char* text) {
    return Finder(wanted, true).in(text) && Finder(wanted, true).in(text + std::string(200, '.'));
  };
  EXPECT_TRUE(in("/wp-content", "x/WP-Content"));
  EXPECT_TRUE(in("k", "K"));
  EXPECT_TRUE(in("@x", "@X"));
  EXPECT_FALSE(in("@x", "`x"));
  EXPECT_FALSE(in("{ab}", "[AB]"));
  EXPECT_FALSE(in("k", "\xe2\x84\xaa"));
  EXPECT_FALSE(in("\xc3\xa4", "\xc3\x84"));
  std::mt19937 random(6);
  for (int round = 0; round < 100'000; ++round) {
    const auto text = [&](size_t longest, std::string_view letters) {
      std::string made(random() % (longest + 1), ' ');
      for (char& c : made) c = letters[random() % letters.size()];
      return made;
    };
    const std::string wanted = text(7, "ab@["), subject = text(100, "aAbB@`[{");
    std::string small = subject;
    for (char& c : small) c = c == 'A' || c == 'B' ? char(c + 32) : c;
    ASSERT_EQ(Finder(wanted, true).in(subject), small.find(wanted) != std::string::npos)
        << wanted << " in " << subject;
  }
}

}  // namespace
}  // namespace testudo
