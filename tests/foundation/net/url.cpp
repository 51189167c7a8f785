#include "net/url.h"

#include <gtest/gtest.h>

namespace testudo {
namespace {

struct DecodeCase {
  const char* sentence;
  std::string_view encoded;
  std::optional<std::string> decoded;
};
const DecodeCase decode_cases[] = {
    {"plain text stays as it is", "abc-._~", "abc-._~"},
    {"both cases of hex digits are read", "%2f%2F", "//"},
    {"UTF-8 comes through byte by byte", "%C3%A9", "\xc3\xa9"},
    {"a plus is a plus in a path", "a+b", "a+b"},
    {"a percent sign at the end is refused", "abc%", std::nullopt},
    {"one hex digit is refused", "abc%2", std::nullopt},
    {"what is not hex is refused", "%zz", std::nullopt},
    {"a NUL byte is refused", "a%00b", std::nullopt},
    {"written out too", std::string_view("a\0b", 3), std::nullopt},
};

TEST(Url, DecodesPercentEncodingStrictly) {
  for (const DecodeCase& c : decode_cases) EXPECT_EQ(percent_decode(c.encoded), c.decoded) << c.sentence;
}

TEST(Url, WhatIsEncodedDecodesToItself) {
  std::string all;
  for (int i = 1; i < 256; ++i) all += char(i);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_encode("10.0.0.0/8"), "10.0.0.0%2F8");
}

TEST(Url, ReadsAQueryInTheOrderSent) {
  const auto pairs = parse_query("a=1&b=x%20y+z&c&&a=2");
  ASSERT_TRUE(pairs);
  EXPECT_EQ(*pairs, (NameValues{{"a", "1"}, {"b", "x y z"}, {"c", ""}, {"a", "2"}}));
  EXPECT_FALSE(parse_query("a=%"));
}

TEST(Url, SplitsATargetAndKeepsAnEncodedSlashInThePath) {
  std::string path;
  NameValues query;
  ASSERT_TRUE(parse_target("/v1/allowlists/check/10.0.0.0%2F8?x=1", path, query));
  EXPECT_EQ(path, "/v1/allowlists/check/10.0.0.0%2F8");
  EXPECT_EQ(query, (NameValues{{"x", "1"}}));
  ASSERT_TRUE(parse_target("http://unix/health", path, query));
  EXPECT_EQ(path, "/health");
  for (const char* bad : {"", "*", "example.com:443", "/%", "/x?a=%2"})
    EXPECT_FALSE(parse_target(bad, path, query)) << bad;
}

TEST(Request, FindsHeadersInAnyCaseAndTheFirstOfEqualParameters) {
  Request request;
  request.headers = {{"X-Api-Key", "k"}};
  request.query = {{"a", "1"}, {"a", "2"}};
  EXPECT_EQ(request.header("x-api-key"), "k");
  EXPECT_EQ(request.header("x-api"), "");
  ASSERT_NE(request.param("a"), nullptr);
  EXPECT_EQ(*request.param("a"), "1");
  EXPECT_EQ(request.param("b"), nullptr);
}

}  // namespace
}  // namespace testudo
