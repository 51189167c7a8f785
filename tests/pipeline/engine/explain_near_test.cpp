// Where a pattern stopped: the text that it took, and what it wanted next.
#include "engine/explain_near.h"

#include <gtest/gtest.h>

namespace testudo {
namespace {

std::string cut(std::string_view pattern) {
  std::string out;
  for (const auto& alternative : split_pattern(pattern)) {
    if (!out.empty()) out += " OR ";
    for (const PatternPart& part : alternative) out += "<" + std::string(part.text) + ">";
  }
  return out;
}

TEST(SplitPattern, CutsAtTheTopLevel) {
  for (const auto& [pattern, parts] : {
           std::pair{"^Failed %{WORD:a} for", "<^><Failed ><%{WORD:a}>< for>"},
           std::pair{R"(a\.b\d+c?)", R"(<a\.b><\d+><c?>)"},
           std::pair{"(?:a|(b)) x[]|)]*", "<(?:a|(b))>< x><[]|)]*>"},
           std::pair{"a|b(?:c|d)", "<a> OR <b><(?:c|d)>"},
           std::pair{R"(a{2,3}?b{x}\(c)", R"(<a{2,3}?><b{x}\(c>)"},
           std::pair{"%{DATA:a-b}", "<%{DATA:a-b}>"},
           std::pair{"(?i)ab", "<(?i)><ab>"},
           std::pair{"[[:alpha:]]x", "<[[:alpha:]]><x>"},
           std::pair{"", ""},
           std::pair{"a(b", "<a><(b>"},
           std::pair{R"(\)", R"(<\>)"},
       })
    EXPECT_EQ(cut(pattern), parts) << pattern;
}

class Near : public testing::Test {
 protected:
  Near() { EXPECT_TRUE(table_.load_folder(TESTUDO_SOURCE_DIR "/config/patterns").ok()); }
  /// "TAKEN^ expected WANTED"
  std::string found(std::string_view pattern, std::string_view text) {
    NearMisses near(table_);
    const auto miss = near.find(pattern, text);
    if (!miss) return "nothing";
    return std::string(text.substr(miss->begin, miss->end - miss->begin)) + "^ expected " + miss->expected;
  }
  GrokTable table_;
};

constexpr const char* kFailed =
    "Failed %{WORD:how} for %{USERNAME:user} from %{IP:ip} port %{NUMBER:port} %{WORD:protocol}";

TEST_F(Near, SaysWhereItStoppedAndWhatItWantedThere) {
  EXPECT_EQ(found(kFailed, "Failed password for root from 1.2.3.4 prt 22 ssh2"),
            "Failed password for root from 1.2.3.4^ expected  port %{NUMBER:port}");
  EXPECT_EQ(found(kFailed, "Failed password for two words from 1.2.3.4 port 22 ssh2"),
            "Failed password for two^ expected  from %{IP:ip}");
  EXPECT_EQ(found("^a %{WORD:x}$", "a b c"), "a b^ expected the end of the line");
}

TEST_F(Near, EntersNamedPatternsAndGroups) {
  table_.add("WHOLE", kFailed);
  EXPECT_EQ(found("%{WHOLE}", "Failed password for root from 1.2.3.4 prt 22 ssh2"),
            "Failed password for root from 1.2.3.4^ expected  port %{NUMBER:port}");
  EXPECT_EQ(found("^login (?:ok for %{WORD:a}|failed for %{WORD:b}) from %{IP:ip}", "login failed fur root"),
            "login failed^ expected  for %{WORD:b}");
  EXPECT_EQ(found("%{IP:a} x|%{WORD:b}: y %{INT:n}", "word: y z"), "word: y ^ expected %{INT:n}");
}

TEST_F(Near, AWildCardIsNoReason) {
  EXPECT_EQ(found("%{GREEDYDATA:x}z", "abc"), "nothing");
  EXPECT_EQ(found(kFailed, "something else"), "nothing");
  EXPECT_EQ(found("%{UNKNOWN:x} a", "abc"), "nothing");
}

TEST_F(Near, HostilePatternsAndTextsEnd) {
  std::string nested, text(60'000, 'a');
  for (int i = 0; i < 500; ++i) nested += "(?:a|";
  found(nested, text);
  std::string alternatives = "x";
  for (int i = 0; i < 5000; ++i) alternatives += "|a(?:b|%{WORD:w}c)" + std::to_string(i);
  found(alternatives, text);
  EXPECT_EQ(found(std::string(100'000, 'a'), text), "nothing");
}

}  // namespace
}  // namespace testudo
