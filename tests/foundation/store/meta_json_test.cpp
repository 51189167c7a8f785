// Metas within their limits.
#include "store/meta_json.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace testudo::store {

TEST(EventMeta, ComesBackAsItWas) {
  const MetaPairs meta = {{"a", "1"}, {"a", "2"}, {"", ""}, {"q\"\\\n", std::string("\0\x1f\x7f\xff", 4)}};
  EXPECT_EQ(meta_from_json(event_meta_to_json(meta)).value(), meta);
}

TEST(EventMeta, LongValuesAreCutUntilAllFits) {
  struct {
    const char* sentence;
    MetaPairs meta;
    size_t kept;  ///< bytes of the first value before "<stripped>"
  } const cases[] = {
      {"one of 9000: cut to 2048", {{"k", std::string(9000, 'x')}}, 2048},
      {"five of 2000: cut to 1024",
       {{"1", std::string(2000, 'x')},
        {"2", std::string(2000, 'x')},
        {"3", std::string(2000, 'x')},
        {"4", std::string(2000, 'x')},
        {"5", std::string(2000, 'x')}},
       1024},
      {"control bytes take six each: cut to 1024", {{"k", std::string(9000, '\x01')}}, 1024},
  };
  for (const auto& row : cases) {
    const std::string text = event_meta_to_json(row.meta);
    EXPECT_LE(text.size(), 8191u) << row.sentence;
    const auto back = meta_from_json(text);
    ASSERT_TRUE(back.ok()) << row.sentence;
    EXPECT_EQ(back->front().second, row.meta[0].second.substr(0, row.kept) + "<stripped>") << row.sentence;
  }
}

TEST(EventMeta, ShortValuesBesideALongOneStayWhole) {
  const auto back =
      meta_from_json(event_meta_to_json({{"long", std::string(9000, 'x')}, {"short", "203.0.113.7"}}));
  EXPECT_EQ(back.value()[1].second, "203.0.113.7");
}

TEST(EventMeta, IsCutBetweenCharacters) {
  std::string text = "a";
  while (text.size() < 9000) text += "\xc3\xa4";
  const auto back = meta_from_json(event_meta_to_json({{"k", text}}));
  EXPECT_TRUE(valid_utf8(back.value()[0].second));
}

TEST(EventMeta, IsDroppedWhenItsKeysAloneAreTooLong) {
  EXPECT_EQ(event_meta_to_json({{std::string(9000, 'k'), "v"}}), "[]");
  MetaPairs many(5000, {"key", "v"});
  EXPECT_EQ(event_meta_to_json(many), "[]");
}

TEST(AlertMeta, KeysAndValuesAreCut) {
  const auto back = meta_from_json(alert_meta_to_json({{std::string(300, 'k'), std::string(5000, 'v')}}));
  EXPECT_EQ(back.value()[0].first, std::string(255, 'k'));
  EXPECT_EQ(back.value()[0].second, std::string(4095, 'v'));
}

TEST(MetaJson, OtherTextIsAnError) {
  for (const char* text : {"", "{", "{}", "null", "[1]", "[[\"a\"]]", "[[\"a\", 1]]", "[[\"a\",\"b\",\"c\"]]",
                           "[[[[[[[[[[[[\"a\"]]]]]]]]]]]]", "[]x"})
    EXPECT_FALSE(meta_from_json(text).ok()) << text;
  EXPECT_FALSE(labels_from_json("[1]").ok());
  EXPECT_EQ(labels_from_json(labels_to_json({"a", "\"b\""})).value(),
            (std::vector<std::string>{"a", "\"b\""}));
}

}  // namespace testudo::store
