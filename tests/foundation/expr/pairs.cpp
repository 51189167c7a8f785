// ParseKV and ParseKVLax (§4.1).
#include "foundation/expr/support.h"

namespace testudo::expr {
namespace {

std::string parsed(const std::string& raw, const std::string& helper = "ParseKV",
                   const std::string& key = "k") {
  World world;
  world.raw = raw;
  return world.result(helper + "(evt.Line.Raw, evt.Unmarshaled, '" + key + "') ?? evt.Unmarshaled." + key);
}

struct PairRow {
  const char* sentence;
  std::string text;
  std::string result;
};

TEST(ParseKV, ReadsPairs) {
  const PairRow rows[] = {
      {"plain pairs", "a=1 b=two", R"({"a":"1","b":"two"})"},
      {"quoted values lose their quotes", R"(a="x y" b=2)", R"({"a":"x y","b":"2"})"},
      {"and keep their backslashes", R"(a="x \"y\" \\")", R"({"a":"x \\\"y\\\" \\\\"})"},
      {"an empty value", "a= b=1", R"({"a":"","b":"1"})"},
      {"at the end", "b=1 a=", R"({"a":"","b":"1"})"},
      {"a repeated key: the last one", "a=1 a=2", R"({"a":"2"})"},
      {"words between are skipped", "time now a=1 and b=2 end", R"({"a":"1","b":"2"})"},
      {"a value ends at =", "a=b=c", R"({"a":"b"})"},
      {"two =", "a==b c=1", R"({"a":"","c":"1"})"},
      {"a quote that is not closed belongs to the value", "a=\"x y b=1", R"({"a":"\"x","b":"1"})"},
      {"right behind a quote", R"(a="x"b=1)", R"({"a":"x","b":"1"})"},
      {"keys may hold anything else", "node.a[0]/x-y=1", R"({"node.a[0]/x-y":"1"})"},
      {"tabs and line ends separate", "a=1\tb=2\nc=3", R"({"a":"1","b":"2","c":"3"})"},
      {"no pair is a failure", "no pairs here", "failed"},
      {"nothing too", "", "failed"},
      {"= alone too", " = ", "failed"},
  };
  for (const PairRow& row : rows)
    EXPECT_EQ(parsed(row.text), row.result) << row.sentence << "\n  " << row.text;
}

TEST(ParseKV, MergesIntoWhatIsThere) {
  EXPECT_EQ(parsed("b=2", "ParseKV", "kv"), R"({"a":"1","b":"2"})");
  EXPECT_EQ(parsed("a=2", "ParseKV", "kv"), R"({"a":"2"})");
  EXPECT_EQ(parsed("a=2", "ParseKV", "j"), "failed") << "evt.Unmarshaled.j is no map of strings";
}

TEST(ParseKV, GivesNilAndAMapOfStrings) {
  World world;
  world.raw = "a=1";
  EXPECT_EQ(world.result("ParseKV(evt.Line.Raw, evt.Unmarshaled, 'k') in [nil, ''] && "
                         "evt.Unmarshaled.k.a == '1' && evt.Unmarshaled.k.none == ''"),
            "true");
  EXPECT_EQ(world.result("ParseKV(evt.Line.Raw, evt.Meta, 'k')"), "failed");
  EXPECT_EQ(world.result("ParseKV(nil, evt.Unmarshaled, 'k')"), "failed");
}

TEST(ParseKV, IsBounded) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "k" + std::to_string(i) + "=" + std::to_string(i) + " ";
  const auto size = [](const std::string& raw) {
    World world;
    world.raw = raw;
    return world.result(
        "ParseKV(evt.Line.Raw, evt.Unmarshaled, 'k') ?? "
        "[len(evt.Unmarshaled.k), evt.Unmarshaled.k.k0, evt.Unmarshaled.k.k999]");
  };
  EXPECT_EQ(size(text), R"([1000,"0","999"])");
  EXPECT_EQ(size(text + "k999=x k0=y"), R"([1000,"y","x"])") << "known keys may go on";
  EXPECT_EQ(size(text + "one=more"), "failed");
}

TEST(ParseKVLax, AValueGoesUpToTheNextKey) {
  const PairRow rows[] = {
      {"blanks in values", "msg=a user logged in src=1.2.3.4",
       R"({"msg":"a user logged in","src":"1.2.3.4"})"},
      {"quotes around a value go", R"(a="x y" b=2)", R"({"a":"x y","b":"2"})"},
      {"backslashes before quotes and backslashes go", R"(a="x \"y\" \\ \n")", R"({"a":"x \"y\" \\ \\n"})"},
      {"a key inside of quotes is none", R"(a="b=1 c=2" d=3)", R"({"a":"b=1 c=2","d":"3"})"},
      {"keys with dots and dashes", "a.b-c_1=x", R"({"a.b-c_1":"x"})"},
      {"a key begins with a letter", "1a=x", R"({"a":"x"})"},
      {"a quote in the middle stays", "a=5\" disk b=1", R"({"a":"5\" disk b=1"})"},
      {"an empty value", "a= b=1", R"({"a":"","b":"1"})"},
      {"a repeated key: the last one", "a=1 a=2", R"({"a":"2"})"},
      {"text before the first key is skipped", "CEF:0 | x a=1", R"({"a":"1"})"},
      {"no key is a failure", "no pairs here", "failed"},
  };
  for (const PairRow& row : rows)
    EXPECT_EQ(parsed(row.text, "ParseKVLax"), row.result) << row.sentence << "\n  " << row.text;
}

}  // namespace
}  // namespace testudo::expr
