#include "base/json_writer.h"

#include <gtest/gtest.h>

#include <limits>

namespace testudo {
namespace {

TEST(JsonWriter, PutsCommasBetweenMembersAndElementsAlone) {
  JsonWriter json;
  json.begin_object()
      .field("a", 1)
      .key("b")
      .begin_array()
      .value("x")
      .value("y")
      .begin_object()
      .end_object()
      .end_array();
  json.field("c", true).key("d").null().key("e").raw("[1]").end_object();
  EXPECT_EQ(json.take(), R"({"a":1,"b":["x","y",{}],"c":true,"d":null,"e":[1]})");
}

struct TextCase {
  const char* sentence;
  std::string_view text, json;
};
const TextCase text_cases[] = {
    {"plain text and UTF-8 stay", "h\xc3\xa9llo", "\"h\xc3\xa9llo\""},
    {"quotes and backslashes are escaped", "a\"b\\c", R"("a\"b\\c")"},
    {"white space has its short form", "\n\r\t", R"("\n\r\t")"},
    {"control bytes become code points", std::string_view("\x00\x1b", 2), R"("\u0000\u001b")"},
    {"what a browser could take for markup is escaped, as Go does", "<a>&", R"("\u003ca\u003e\u0026")"},
    {"line separators are escaped, as Go does", "\xe2\x80\xa8\xe2\x80\xa9", R"("\u2028\u2029")"},
    {"bytes that are no UTF-8 become the replacement character", "\xff\xc3", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
};
TEST(JsonWriter, EscapesText) {
  for (const TextCase& c : text_cases) EXPECT_EQ(JsonWriter().value(c.text).take(), c.json) << c.sentence;
}

TEST(JsonWriter, WritesNumbersInTheirShortestForm) {
  EXPECT_EQ(JsonWriter().value(48.5f).take(), "48.5");
  EXPECT_EQ(JsonWriter().value(2.25).take(), "2.25");
  EXPECT_EQ(JsonWriter().value(std::numeric_limits<int64_t>::min()).take(), "-9223372036854775808");
  EXPECT_EQ(JsonWriter().value(std::numeric_limits<uint64_t>::max()).take(), "18446744073709551615");
  EXPECT_EQ(JsonWriter().value(std::numeric_limits<double>::quiet_NaN()).take(), "null");
}

}  // namespace
}  // namespace testudo
