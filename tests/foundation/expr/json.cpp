// JsonExtract and its kin, UnmarshalJSON, ToJsonString (§4.1; traps 14 and 18).
#include "foundation/expr/support.h"

namespace testudo::expr {
namespace {

std::string value(const std::string& raw, std::string_view call) {
  World world;
  world.raw = raw;
  return world.result(call);
}
std::string extract(const std::string& raw, const std::string& path) {
  return value(raw, "JsonExtract(evt.Line.Raw, '" + path + "')");
}

struct JsonRow {
  const char* sentence;
  std::string json;
  const char* path;
  std::string result;
};

TEST(Json, JsonExtractGivesTheTextAsItIsWritten) {
  const std::string doc =
      R"({"s": "a\"b\u00e9", "n": -1.50, "t": true, "z": null, "o": {"x": [10, {"y": "deep"}, [1, 2]]}, "a.b": 1})";
  const JsonRow rows[] = {
      {"strings without quotes, not unescaped", doc, "s", R"("a\\\"b\\u00e9")"},
      {"numbers", doc, "n", "\"-1.50\""},
      {"true", doc, "t", "\"true\""},
      {"null", doc, "z", "\"null\""},
      {"objects as they are", doc, "o.x[1]", R"("{\"y\": \"deep\"}")"},
      {"lists too", doc, "o.x[2]", "\"[1, 2]\""},
      {"a place in a list", doc, "o.x[0]", "\"10\""},
      {"into the depth", doc, "o.x[1].y", "\"deep\""},
      {"a place in a place", doc, "o.x[2][1]", "\"2\""},
      {"a place beyond the end", doc, "o.x[3]", "\"\""},
      {"a place in no list", doc, "o[0]", "\"\""},
      {"a key in no object", doc, "s.x", "\"\""},
      {"an absent key", doc, "q", "\"\""},
      {"a key with a dot cannot be named", doc, "a.b", "\"\""},
      {"keys are case-sensitive", doc, "S", "\"\""},
      {"a list at the top", R"([{"a": 1}, {"a": 2}])", "[1].a", "\"2\""},
      {"of two keys the first", R"({"a": 1, "a": 2})", "a", "\"1\""},
      {"a key written with escapes", R"({"\u0061b": 1})", "ab", "\"1\""},
      {"a key inside of a value is none", R"({"x": {"a": 1}, "y": "\"a\": 2"})", "a", "\"\""},
      {"an empty string", R"({"a": ""})", "a", "\"\""},
      {"no JSON", "Accepted password for root", "a", "\"\""},
      {"nothing", "", "a", "\"\""},
      {"a word that is no value", R"({"a": nonsense, "b": 1})", "a", "\"\""},
      {"and what follows it", R"({"a": nonsense, "b": 1})", "b", "\"1\""},
      {"text before the object", R"(2024-01-01 host {"a": 1})", "a", "\"1\""},
      {"what stands before the cut", R"({"a": "x", "b": {"c": )", "a", "\"x\""},
      {"not what was cut", R"({"a": "x", "b": {"c": )", "b", "\"\""},
      {"the rest is not looked at", R"({"a": 1, oh no)", "a", "\"1\""},
      {"brackets in strings", R"({"b": "}]{[\"", "a": 1})", "a", "\"1\""},
      {"blanks anywhere", "{ \"a\"\t:\n [ 1 , 2 ] }", "a[1]", "\"2\""},
      {"two objects side by side", R"({"a": 1} {"b": 2})", "b", "\"2\""},
  };
  for (const JsonRow& row : rows)
    EXPECT_EQ(extract(row.json, row.path), row.result) << row.sentence << "\n  " << row.json;
}

TEST(Json, ManyQuestionsAboutOneTextAgreeWithOne) {
  World world;
  world.raw = R"({"a": {"b": 1, "c": {"d": 2}}, "e": [{"f": 3}]})";
  EXPECT_EQ(world.result("[JsonExtract(evt.Line.Raw, 'a.b'), JsonExtract(evt.Line.Raw, 'e[0].f'), "
                         "JsonExtract(evt.Line.Raw, 'a.c.d'), JsonExtract(evt.Line.Raw, 'a.b')]"),
            R"(["1","3","2","1"])");
}

TEST(Json, TheKinOfJsonExtract) {
  const std::string doc =
      R"({"log": "a\tb \"c\"\u00e9\n", "n": 5, "l": [1, "x"], "o": {"k": "v"}, "bad": "\q"})";
  EXPECT_EQ(value(doc, "JsonExtractUnescape(evt.Line.Raw, 'log')"), R"("a\tb \"c\"é\n")");
  EXPECT_EQ(value(doc, "JsonExtractUnescape(evt.Line.Raw, 'n')"), "\"\"") << "only strings";
  EXPECT_EQ(value(doc, "JsonExtractUnescape(evt.Line.Raw, 'o.k')"), "\"\"") << "one key, no path";
  EXPECT_EQ(value(doc, "JsonExtractUnescape(evt.Line.Raw, 'bad')"), "\"\"") << "an escape that is none";
  EXPECT_EQ(value(doc, "JsonExtractLib(evt.Line.Raw, 'o', 'k')"), "\"v\"");
  EXPECT_EQ(value(doc, "JsonExtractLib(evt.Line.Raw, ['l', '[1]'])"), "\"x\"");
  EXPECT_EQ(value(doc, "JsonExtractLib(evt.Line.Raw, 1)"), "failed");
  EXPECT_EQ(value(doc, "JsonExtractSlice(evt.Line.Raw, 'l')"), "[1,\"x\"]");
  EXPECT_EQ(value(doc, "JsonExtractSlice(evt.Line.Raw, 'o')"), "null");
  EXPECT_EQ(value(doc, "JsonExtractObject(evt.Line.Raw, 'o').k"), "\"v\"");
  EXPECT_EQ(value(doc, "JsonExtractObject(evt.Line.Raw, 'l') == nil"), "true");
  EXPECT_EQ(value("{\"l\": [1,]}", "JsonExtractSlice(evt.Line.Raw, 'l')"), "null") << "a list that is none";
}

TEST(Json, UnmarshalJSONWritesIntoTheEventAndGivesNil) {
  const std::string doc = R"({"name": "x", "n": 3, "big": 1e6, "deep": {"list": [1, {"a": null}]}})";
  EXPECT_EQ(value(doc, "UnmarshalJSON(evt.Line.Raw, evt.Unmarshaled, 'k')"), "null");
  EXPECT_EQ(value(doc,
                  "UnmarshalJSON(evt.Line.Raw, evt.Unmarshaled, 'k') in ['', nil] && "
                  "evt.Unmarshaled.k.name == 'x'"),
            "true");
  EXPECT_EQ(value(doc,
                  "UnmarshalJSON(evt.Line.Raw, evt.Unmarshaled, 'k') == nil ? "
                  "string(evt.Unmarshaled.k.big) : ''"),
            "\"1e+06\"")
      << "numbers are floats";
  EXPECT_EQ(value(doc,
                  "UnmarshalJSON(evt.Line.Raw, evt.Unmarshaled, 'k') == nil ? "
                  "type(evt.Unmarshaled.k.n) : ''"),
            "\"float\"");
  EXPECT_EQ(value(doc,
                  "UnmarshalJSON(evt.Line.Raw, evt.Unmarshaled, 'k') == nil && "
                  "evt.Unmarshaled.k.deep.list[1].a == nil && evt.Unmarshaled.k.none == nil"),
            "true");
  EXPECT_EQ(value("\"text\"", "UnmarshalJSON(evt.Line.Raw, evt.Unmarshaled, 'k') ?? evt.Unmarshaled.k"),
            "\"text\"")
      << "any value will do";
  EXPECT_EQ(value(doc,
                  "UnmarshalJSON(evt.Line.Raw, evt.Unmarshaled, 'j') == nil && "
                  "evt.Unmarshaled.j.name == 'x' && evt.Unmarshaled.j.s == nil"),
            "true")
      << "what was under the key is gone";
  EXPECT_EQ(value(doc,
                  "UnmarshalJSON(evt.Line.Raw, evt.Unmarshaled, 'k') == nil && "
                  "UnmarshalJSON(evt.Line.Raw, evt.Unmarshaled, 'l') == nil && "
                  "evt.Unmarshaled.k.name + evt.Unmarshaled.l.name == 'xx'"),
            "true")
      << "the second reading of the same text is remembered";
}

TEST(Json, UnmarshalJSONFailsOnWhatIsNoJson) {
  for (const char* text : {"", "{", "{\"a\": 1} x", "{'a': 1}", "{\"a\": 01}", "nul", "{\"a\": 1e999}",
                           "[1,]", "{\"a\": \"\t\"}", "{\"a\": \"\\x\"}", "{\"a\" 1}"})
    EXPECT_EQ(value(text, "UnmarshalJSON(evt.Line.Raw, evt.Unmarshaled, 'k') in ['', nil]"), "failed")
        << text;
  EXPECT_EQ(value("{}", "UnmarshalJSON(evt.Line.Raw, evt.Parsed, 'k')"), "failed");
  EXPECT_EQ(value("{}", "UnmarshalJSON(evt.Line.Raw, {}, 'k')"), "failed");
  EXPECT_EQ(value("{}", "UnmarshalJSON(evt.Unmarshaled.none, evt.Unmarshaled, 'k')"), "failed");
  EXPECT_EQ(value("x",
                  "let a = UnmarshalJSON('1', evt.Unmarshaled, 'k'); let b = UnmarshalJSON(evt.Line.Raw, "
                  "evt.Unmarshaled, 'k'); b"),
            "failed")
      << "and says so again each time";
}

TEST(Json, RepeatedKeysAndManyKeys) {
  EXPECT_EQ(value(R"({"a": 1, "b": 2, "a": 3})",
                  "UnmarshalJSON(evt.Line.Raw, evt.Unmarshaled, 'k') ?? evt.Unmarshaled.k"),
            R"({"a":3,"b":2})");
  std::string many = "{";
  for (int i = 0; i < 5000; ++i) many += "\"k" + std::to_string(i % 2500) + "\": " + std::to_string(i) + ",";
  many.back() = '}';
  EXPECT_EQ(value(many,
                  "UnmarshalJSON(evt.Line.Raw, evt.Unmarshaled, 'k') ?? "
                  "[len(evt.Unmarshaled.k), evt.Unmarshaled.k.k0, evt.Unmarshaled.k.k2499]"),
            "[2500,2500,4999]");
}

TEST(Json, IsBounded) {
  const auto nested = [](int depth) {
    return std::string(size_t(depth), '[') + std::string(size_t(depth), ']');
  };
  EXPECT_EQ(value(nested(200), "UnmarshalJSON(evt.Line.Raw, evt.Unmarshaled, 'k')"), "null");
  EXPECT_EQ(value(nested(100'000), "UnmarshalJSON(evt.Line.Raw, evt.Unmarshaled, 'k')"), "failed");
  EXPECT_EQ(extract("{\"a\": " + nested(100'000) + ", \"b\": 1}", "b"), "\"1\"");
  std::string roots;
  for (int i = 0; i < 10'000; ++i) roots += "{}";
  EXPECT_EQ(extract(roots + "{\"a\": 1}", "a"), "\"\"") << "the ninth object side by side is not looked at";
}

TEST(Json, ToJsonStringSortsAndEscapes) {
  EXPECT_EQ(value("", "ToJsonString({b: 1, a: ['<', nil, true]})"),
            R"("{\"a\":[\"\\u003c\",null,true],\"b\":1}")");
  EXPECT_EQ(value("", "ToJsonString(evt.Parsed)"),
            R"("{\"cmd\":\"C:\\\\Windows\\\\cmd.exe /c Whoami\",\"n\":\"42\",\"program\":\"sshd\"}")")
      << "the event's maps have names";
}

}  // namespace
}  // namespace testudo::expr
