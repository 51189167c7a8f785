#include "enforce/list_file.h"

#include <gtest/gtest.h>

namespace testudo {
namespace {

std::vector<std::string> texts(const ListFile& file) {
  std::vector<std::string> out;
  for (const Prefix& prefix : file.prefixes) out.push_back(prefix.text());
  return out;
}

ListFile parsed(std::string_view text, const ListFileLimits& limits = {}) {
  auto file = parse_list(text, "bad.txt", limits);
  EXPECT_TRUE(file.ok()) << file.error().text();
  return file ? std::move(*file) : ListFile{};
}

struct Line {
  const char* sentence;
  const char* line;
  std::vector<std::string> entries;
  uint64_t bad = 0;
};

TEST(ListFile, EachShapeOfALine) {
  const Line lines[] = {
      {"an address", "203.0.113.7", {"203.0.113.7"}},
      {"a prefix, host bits cleared", "203.0.113.7/24", {"203.0.113.0/24"}},
      {"an IPv6 address", "2001:db8::7", {"2001:db8::7"}},
      {"IPv4 in IPv6 form is what the wire shows", "::ffff:203.0.113.7", {"203.0.113.7"}},
      {"DOS line ends", "203.0.113.7\r", {"203.0.113.7"}},
      {"blanks before it", "  \t203.0.113.7", {"203.0.113.7"}},
      {"CSV: the first column", "203.0.113.7,98,scanner", {"203.0.113.7"}},
      {"CSV with quotes", "\"203.0.113.7\",\"98\"", {"203.0.113.7"}},
      {"the form of Spamhaus", "203.0.113.0/24 ; SBL1", {"203.0.113.0/24"}},
      {"a comment behind it", "203.0.113.7#new", {"203.0.113.7"}},
      {"a comment", "# 203.0.113.7", {}},
      {"a comment with semicolon", "; 203.0.113.7", {}},
      {"an empty line", "", {}},
      {"a head of CSV is a bad line", "ip,score", {}, 1},
      {"a name", "example.com", {}, 1},
      {"too wide", "32.0.0.0/7", {}, 1},
      {"too wide in IPv6", "2000::/18", {}, 1},
      {"everything", "0.0.0.0/0", {}},
      {"private", "10.0.0.0/8", {}},
      {"loopback", "::1", {}},
      {"multicast", "224.0.0.0/4", {}},
      {"bytes that are no text", "\x1b[2J\xff", {}, 1},
  };
  for (const Line& line : lines) {
    SCOPED_TRACE(line.sentence);
    // One that is good stands behind it: a file with nothing valid is another case.
    const ListFile file = parsed(std::string(line.line) + "\n198.51.100.1\n");
    std::vector<std::string> expected = line.entries;
    expected.push_back("198.51.100.1");
    EXPECT_EQ(texts(file), expected);
    EXPECT_EQ(file.bad, line.bad);
  }
}

TEST(ListFile, BadLinesAreToldWithTheirNumberAndNoMoreThanSome) {
  std::string text = "203.0.113.7\n";
  for (int i = 0; i < 100; ++i) text += "not an address\n";
  const ListFile file = parsed(text);
  EXPECT_EQ(file.bad, 100u);
  ASSERT_EQ(file.told.size(), 5u);
  EXPECT_EQ(file.told[0], "bad.txt:2: not an address or prefix: not");
}

TEST(ListFile, WhatIsToldIsSafeToShow) {
  const ListFile file = parsed("\x1b]0;pwned\x07\n203.0.113.7");
  ASSERT_EQ(file.told.size(), 1u);
  EXPECT_EQ(file.told[0].find('\x1b'), std::string::npos);
}

TEST(ListFile, LocalEntriesAreLeftOutAndCounted) {
  const ListFile file = parsed("192.168.0.0/16\n127.0.0.1\nfe80::1\n203.0.113.7\n");
  EXPECT_EQ(file.local, 3u);
  EXPECT_EQ(file.bad, 0u);
}

TEST(ListFile, Ipv6AddressesAreWidenedWhereTheListSaysSo) {
  const ListFile file = parsed("2001:db8::7\n2001:db8:1::/48\n203.0.113.7", {.ipv6_prefix = 64});
  EXPECT_EQ(texts(file), (std::vector<std::string>{"2001:db8::/64", "2001:db8:1::/48", "203.0.113.7"}));
}

TEST(ListFile, AFileWithNothingValidIsRefused) {
  for (const char* text : {"", "<html>not found</html>\n", "# nothing\n", "10.0.0.1\n"}) {
    const auto file = parse_list(text, "bad.txt", {});
    ASSERT_FALSE(file.ok()) << text;
    EXPECT_EQ(file.error().code, Code::bad_input);
  }
}

TEST(ListFile, MoreEntriesThanMayBeAreRefusedWithThePlace) {
  const auto file = parse_list("203.0.113.1\n203.0.113.2\n203.0.113.3\n", "big.txt", {.entries = 2});
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code, Code::too_large);
  EXPECT_EQ(file.error().where.line, 3);
}

TEST(ListFile, AListThatCoversASixteenthOfTheInternetIsRefused) {
  std::string text;
  for (int i = 32; i < 49; ++i) text += std::to_string(i) + ".0.0.0/8\n";
  const auto file = parse_list(text, "wide.txt", {});
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code, Code::refused);
}

TEST(ListFile, ALineWithoutEndIsOneBadLine) {
  const ListFile file = parsed("203.0.113.7\n" + std::string(100'000, '1'));
  EXPECT_EQ(file.bad, 1u);
  EXPECT_EQ(file.lines, 2u);
}

}  // namespace
}  // namespace testudo
