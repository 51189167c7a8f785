// Hundreds of patterns at once say what they say one after another.
#include "engine/pattern_list.h"

#include <gtest/gtest.h>

#include <random>

#include "base/files.h"
#include "base/text.h"
#include "support/hub.h"

namespace testudo {
namespace {

class PatternListTest : public testing::Test {
 protected:
  void fill(const std::vector<std::string>& patterns) {
    for (const std::string& text : patterns) {
      auto one = Regex::compile(text), two = Regex::compile(text);
      ASSERT_TRUE(one.ok() && two.ok()) << text;
      alone_.push_back(std::move(*one));
      list_.add(std::move(*two));
    }
    list_.finish();
  }
  void expect_agreement(std::string_view subject) {
    size_t first = PatternList::npos;
    for (size_t i = alone_.size(); i-- > 0;)
      if (alone_[i].test(subject, scratch_)) first = i;
    EXPECT_EQ(list_.first(subject, scratch_, hits_), first) << subject;
    EXPECT_EQ(list_.any(subject, scratch_, hits_), first != PatternList::npos) << subject;
  }

  std::vector<Regex> alone_;
  PatternList list_;
  RegexScratch scratch_;
  LiteralHits hits_;
};

TEST_F(PatternListTest, EveryKindOfPatternTakesPart) {
  fill({"needle", "(?i)folded", "a|b+c", "x{0}y", "[0-9]{4}", "(?P<n>one)", "(?P<n>[qr]z)", "^start",
        "(?:end)$", "caf\xc3\xa9", "\\bword\\b"});
  for (const char* subject :
       {"", "needle", "a needle in hay", "FOLDED", "bbbc", "y", "1234", "one", "rz", "start", "no start",
        "the end", "end ", "caf\xc3\xa9", "word", "swords", "nothing here"})
    expect_agreement(subject);
}

TEST_F(PatternListTest, WithoutPatternsNothingMatches) {
  fill({});
  expect_agreement("");
  expect_agreement("text");
}

TEST_F(PatternListTest, TheHubsAgentsAgreeOnRealAndMangledAgents) {
  TESTUDO_NEED_HUB();
  const auto content = read_file(support::hub() + "/data/bad_user_agents.regex.txt");
  ASSERT_TRUE(content.ok());
  std::vector<std::string> patterns;
  for (const std::string_view line : split(*content, '\n'))
    if (!line.empty() && line[0] != '#') patterns.emplace_back(line);
  fill(patterns);
  EXPECT_LT(list_.ungated(), patterns.size() / 10) << "nearly all need some text";
  std::mt19937 random(7);
  for (size_t i = 0; i < patterns.size(); ++i) {
    // The pattern's own letters make a subject near it.
    std::string near = "Mozilla/5.0 (";
    for (const char c : patterns[i])
      if (std::isalnum(static_cast<unsigned char>(c)) || c == ' ' || c == '/') near += c;
    near += ") x";
    expect_agreement(near);
    near[random() % near.size()] = char('a' + random() % 26);
    expect_agreement(near);
  }
}

}  // namespace
}  // namespace testudo
