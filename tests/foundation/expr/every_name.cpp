// Every function of §3.5 and every helper of §4.1 has a row, and the row works. A name without an example
// here fails, and so does an example without a row.
#include <algorithm>
#include <set>

#include "expr/builtins.h"
#include "foundation/expr/support.h"

namespace testudo::expr {
namespace {

struct Example {
  std::string_view name;
  std::string_view text;
  const char* result;
};

const Example predicates[] = {
    {"all", "all([], # > 1)", "true"},
    {"any", "any([1, 2], # > 1)", "true"},
    {"one", "one([1, 2], {# > 1})", "true"},
    {"none", "none([1, 2], {# > 2})", "true"},
    {"filter", "filter([1, 2, 3], # != 2)", "[1,3]"},
    {"map", "map([1, 2], # * 2)", "[2,4]"},
    {"count", "count([1, 2, 3], # > 1)", "2"},
    {"sum", "sum([1, 2]) + sum(['a', 'bc'], len(#))", "6"},
    {"find", "find([1, 2, 3], # > 1)", "2"},
    {"findIndex", "findIndex([1, 2, 3], # > 1)", "1"},
    {"findLast", "findLast([1, 2, 3], # < 3)", "2"},
    {"findLastIndex", "findLastIndex([1, 2, 3], # > 5)", "null"},
    {"groupBy", "groupBy(['a', 'bb', 'c'], string(len(#)))", R"({"1":["a","c"],"2":["bb"]})"},
    {"sortBy", "sortBy(['bb', 'a'], len(#), 'asc')", R"(["a","bb"])"},
    {"reduce", "reduce([1, 2, 3], #acc + #, 10)", "16"},
};

const Example builtins[] = {
    {"trim", "trim('xax', 'x')", "\"a\""},
    {"trimPrefix", "trimPrefix(' a')", "\"a\""},
    {"trimSuffix", "trimSuffix('a ')", "\"a\""},
    {"upper", "upper('ä')", "\"Ä\""},
    {"lower", "lower('Ä')", "\"ä\""},
    {"split", "split('a,b', ',')", R"(["a","b"])"},
    {"splitAfter", "splitAfter('a,b', ',')", R"(["a,","b"])"},
    {"replace", "replace('aaa', 'a', 'b', 2)", "\"bba\""},
    {"repeat", "repeat('ab', 2)", "\"abab\""},
    {"join", "join(['a', 'b'])", "\"ab\""},
    {"indexOf", "indexOf('abc', 'c')", "2"},
    {"lastIndexOf", "lastIndexOf('aba', 'a')", "2"},
    {"hasPrefix", "hasPrefix('ab', 'a')", "true"},
    {"hasSuffix", "hasSuffix('ab', 'b')", "true"},
    {"max", "max(1, 2.5)", "2.5"},
    {"min", "min([3, 2])", "2"},
    {"mean", "mean([1, 2])", "1.5"},
    {"median", "median([1, 9, 2])", "2"},
    {"abs", "abs(-2)", "2"},
    {"ceil", "ceil(1.1)", "2"},
    {"floor", "floor(1.9)", "1"},
    {"round", "round(1.5)", "2"},
    {"bitand", "bitand(12, 10)", "8"},
    {"bitor", "bitor(12, 10)", "14"},
    {"bitxor", "bitxor(12, 10)", "6"},
    {"bitnand", "bitnand(12, 10)", "4"},
    {"bitshl", "bitshl(1, 3)", "8"},
    {"bitshr", "bitshr(-8, 1)", "-4"},
    {"bitushr", "bitushr(8, 1)", "4"},
    {"bitnot", "bitnot(0)", "-1"},
    {"len", "len('äö')", "2"},
    {"last", "last([1, 2])", "2"},
    {"first", "first([1, 2])", "1"},
    {"get", "get({a: 1}, 'a')", "1"},
    {"take", "take([1, 2], 1)", "[1]"},
    {"reverse", "reverse([1, 2])", "[2,1]"},
    {"uniq", "uniq([1, 1])", "[1]"},
    {"concat", "concat([1], [2])", "[1,2]"},
    {"flatten", "flatten([[1], [2, [3]]])", "[1,2,3]"},
    {"sort", "sort([2, 1], 'desc')", "[2,1]"},
    {"keys", "keys({a: 1})", R"(["a"])"},
    {"values", "values({a: 1})", "[1]"},
    {"toPairs", "toPairs({a: 1})", R"([["a",1]])"},
    {"fromPairs", "fromPairs([['a', 1]])", R"({"a":1})"},
    {"int", "int('12')", "12"},
    {"float", "float('1.5')", "1.5"},
    {"string", "string(1.0)", "\"1\""},
    {"type", "type(nil)", "\"nil\""},
    {"toJSON", "toJSON([1])", R"("[\n  1\n]")"},
    {"fromJSON", "fromJSON('[1]')", "[1]"},
    {"toBase64", "toBase64('a')", "\"YQ==\""},
    {"fromBase64", "fromBase64('YQ==')", "\"a\""},
    {"now", "now() > date('2020-01-01')", "true"},
    {"duration", "duration('1h').Minutes()", "60"},
    {"date", "date('2021-11-15').Year()", "2021"},
    {"timezone", "timezone('UTC').String()", "\"UTC\""},
};

const Example helpers[] = {
    {"Upper", "Upper('a')", "\"A\""},
    {"Lower", "Lower('A')", "\"a\""},
    {"XMLGetNodeValue", "XMLGetNodeValue('<a>x</a>', '/a')", "\"x\""},
    {"XMLGetAttributeValue", "XMLGetAttributeValue('<a b=\"x\"/>', '/a', 'b')", "\"x\""},
    {"JsonExtract", R"(JsonExtract('{"a": [1]}', 'a[0]'))", "\"1\""},
    {"JsonExtractUnescape", R"(JsonExtractUnescape('{"a": "x\\ty"}', 'a'))", R"("x\ty")"},
    {"JsonExtractLib", R"(JsonExtractLib('{"a": {"b": 2}}', 'a', 'b'))", "\"2\""},
    {"JsonExtractSlice", R"(JsonExtractSlice('{"a": [1]}', 'a'))", "[1]"},
    {"JsonExtractObject", R"(JsonExtractObject('{"a": {"b": 2}}', 'a').b)", "2"},
    {"ToJsonString", "ToJsonString([1, '<'])", R"("[1,\"\\u003c\"]")"},
    {"UnmarshalJSON", "UnmarshalJSON('[1]', evt.Unmarshaled, 'k') ?? evt.Unmarshaled.k", "[1]"},
    {"ParseKV", "ParseKV('a=1', evt.Unmarshaled, 'k') ?? evt.Unmarshaled.k", R"({"a":"1"})"},
    {"ParseKVLax", "ParseKVLax('a=1 2', evt.Unmarshaled, 'k') ?? evt.Unmarshaled.k", R"({"a":"1 2"})"},
    {"Match", "Match('a*', 'abc')", "true"},
    {"IpInRange", "IpInRange('10.1.2.3', '10.0.0.0/8')", "true"},
    {"IsIP", "IsIP('::1')", "true"},
    {"IsIPV4", "IsIPV4('::1')", "false"},
    {"IsIPV6", "IsIPV6('::1')", "true"},
    {"IpToRange", "IpToRange('10.1.2.3', '/8')", "\"10.0.0.0/8\""},
    {"Split", "Split('a,b', ',')", R"(["a","b"])"},
    {"SplitN", "SplitN('a,b,c', ',', 2)", R"(["a","b,c"])"},
    {"SplitAfter", "SplitAfter('a,b', ',')", R"(["a,","b"])"},
    {"SplitAfterN", "SplitAfterN('a,b,c', ',', 2)", R"(["a,","b,c"])"},
    {"Fields", "Fields(' a  b ')", R"(["a","b"])"},
    {"Join", "Join(['a', 'b'], '-')", "\"a-b\""},
    {"Trim", "Trim('xax', 'x')", "\"a\""},
    {"TrimLeft", "TrimLeft('xax', 'x')", "\"ax\""},
    {"TrimRight", "TrimRight('xax', 'x')", "\"xa\""},
    {"TrimSpace", "TrimSpace(' a ')", "\"a\""},
    {"TrimPrefix", "TrimPrefix('ab', 'a')", "\"b\""},
    {"TrimSuffix", "TrimSuffix('ab', 'b')", "\"a\""},
    {"Replace", "Replace('aaa', 'a', 'b', 1)", "\"baa\""},
    {"ReplaceAll", "ReplaceAll('aa', 'a', 'b')", "\"bb\""},
    {"Index", "Index('abc', 'c')", "2"},
    {"IndexAny", "IndexAny('abc', 'xb')", "1"},
    {"Get", "Get(['a'], 5)", "\"\""},
    {"PathUnescape", "PathUnescape('%41+')", "\"A+\""},
    {"QueryUnescape", "QueryUnescape('%41+')", "\"A \""},
    {"PathEscape", "PathEscape('a b')", "\"a%20b\""},
    {"QueryEscape", "QueryEscape('a b')", "\"a+b\""},
    {"ParseUri", "ParseUri('/x?a=1').a[0]", "\"1\""},
    {"ParseQuery", "ParseQuery('a=1;2')['a'][0]", "\"1;2\""},
    {"ExtractQueryParam", "ExtractQueryParam('/x?a=1&a=2', 'a')", R"(["1","2"])"},
    {"Sprintf", "Sprintf('%v-%s-%d', 1000000.0, 'a', 3)", "\"1e+06-a-3\""},
    {"Atof", "Atof('1.5') + Atof('')", "1.5"},
    {"ToString", "ToString(1) + ToString('a')", "\"a\""},
    {"KeyExists", "KeyExists('j', evt.Unmarshaled)", "true"},
    {"Distance", "Distance('0', '0', '1', '1')", "0"},
    {"MedianInterval",
     "MedianInterval([date('2021-01-03'), date('2021-01-01'), date('2021-01-02'), "
     "date('2021-01-05')]).Hours()",
     "24"},
    {"AverageInterval",
     "AverageInterval([date('2021-01-01'), date('2021-01-05'), date('2021-01-02')]).Hours()", "48"},
    {"TimeNow", "TimeNow() endsWith 'Z' && len(TimeNow()) == 20", "true"},
    {"ParseUnix", "ParseUnix('1637000000') + ParseUnix('x')", "\"2021-11-15T18:13:20Z\""},
    {"B64Decode", "B64Decode('YQ==')", "\"a\""},
    {"Hostname", "len(Hostname()) > 0", "true"},
    {"LogInfo", "LogInfo('%s', 'text')", "true"},
    {"FloatApproxEqual", "FloatApproxEqual(1.0, 1.00000001)", "true"},
    {"Distinct", "Distinct(['a', 'a'])", R"(["a"])"},
    {"Flatten", "Flatten(['a'], [['b']])", R"(["a","b"])"},
    {"FlattenDistinct", "FlattenDistinct(['a'], [['a']])", R"(["a"])"},
    {"GetDecisionsCount", "GetDecisionsCount('192.0.2.1')", "0"},
    {"GetDecisionsSinceCount", "GetDecisionsSinceCount('192.0.2.1', '24h')", "0"},
    {"GetActiveDecisionsCount", "GetActiveDecisionsCount('192.0.2.1')", "0"},
    {"GetActiveDecisionsTimeLeft", "GetActiveDecisionsTimeLeft('192.0.2.1') == duration('0s')", "true"},
    // Refused by name.
    {"CrowdsecCTI", "CrowdsecCTI('192.0.2.1')", "error at 1:1"},
    {"JA4H", "JA4H('x')", "failed"},
    {"LibInjectionIsSQLI", "LibInjectionIsSQLI('x')", "error at 1:1"},
    {"LibInjectionIsXSS", "LibInjectionIsXSS('x')", "error at 1:1"},
    {"GeoIPEnrich", "GeoIPEnrich('192.0.2.1')", "error at 1:1"},
    {"GeoIPASNEnrich", "GeoIPASNEnrich('192.0.2.1')", "error at 1:1"},
    {"GeoIPRangeEnrich", "GeoIPRangeEnrich('192.0.2.1')", "error at 1:1"},
    {"IPToCountry", "IPToCountry('192.0.2.1')", "error at 1:1"},
    {"MatchKnownBot", "MatchKnownBot('192.0.2.1', 'ua', '/', 'bots.yaml')", "error at 1:1"},
    {"HTTPGet", "HTTPGet('http://x')", "error at 1:1"},
    {"HTTPHead", "HTTPHead('http://x')", "error at 1:1"},
    {"HTTPPost", "HTTPPost('http://x', '')", "error at 1:1"},
    {"HTTPRequest", "HTTPRequest('GET', 'http://x')", "error at 1:1"},
};

void check_examples(std::span<const Example> examples, std::set<std::string> rows) {
  for (const Example& example : examples) {
    World world;
    EXPECT_EQ(world.result(example.text), example.result) << example.text << "\n  " << world.ctx.error;
    EXPECT_NE(example.text.find(std::string(example.name) + "("), std::string_view::npos) << example.name;
    rows.erase(std::string(example.name));
  }
  for (const std::string& row : rows) ADD_FAILURE() << row << " has no example";
}

TEST(EveryName, PredicatesOfTheLanguage) { check_examples(predicates, {}); }

TEST(EveryName, BuiltinsOfTheLanguage) {
  const std::vector<std::string> names = builtin_names();
  EXPECT_EQ(std::size(builtins), names.size());
  check_examples(builtins, {names.begin(), names.end()});
}

// File, FileMap, RegexpInFile, LookupFile: tests/pipeline/engine/data_files_test.cpp. GetFromStash,
// SetInStash and LookupHost belong to parse, basename to assertions.
TEST(EveryName, Helpers) {
  std::set<std::string> names;
  for (const Helper& row : pure_helpers()) names.insert(std::string(row.name));
  EXPECT_EQ(std::size(helpers), names.size());
  check_examples(helpers, names);
}

TEST(EveryName, ARefusedNameSaysWhy) {
  World world;
  const Result<Expression> e =
      Expression::compile("HTTPGet('http://x') != ''", {"f.yaml", 3, 9}, world.options());
  ASSERT_FALSE(e.ok());
  EXPECT_EQ(e.error().where.column, 9);
  EXPECT_NE(e.error().message.find("HTTPGet is not supported: "), std::string::npos) << e.error().message;
}

TEST(EveryName, MethodsOfTimesAndDurations) {
  check({
      {"the parts of a time",
       "[evt.Time.Year(), evt.Time.Month(), evt.Time.Day(), evt.Time.Hour(), evt.Time.Minute(), "
       "evt.Time.Second(), "
       "evt.Time.YearDay(), evt.Time.Unix()]",
       "[2021,11,15,18,13,20,319,1637000000]"},
      {"weekday", "evt.Time.Weekday().String()", "\"Monday\""},
      {"UTC and In", "evt.Time.UTC() == evt.Time.In(timezone('UTC'))", "true"},
      {"Add and Sub", "evt.Time.Add(duration('1h')).Sub(evt.Time).Minutes()", "60"},
      {"Before and After", "evt.Time.Before(now()) && !evt.Time.After(now())", "true"},
      {"Format", "evt.Time.Format('Jan _2 15:04:05')", "\"Nov 15 18:13:20\""},
      {"durations", "[duration('90m').Hours(), duration('90s').Minutes(), duration('1m').Seconds()]",
       "[1.5,1.5,60]"},
      {"as text", "duration('90m').String()", "\"1h30m0s\""},
  });
}

TEST(EveryName, MethodsOfTheEvent) {
  check({
      {"GetType", "evt.GetType()", "\"log\""},
      {"GetMeta", "evt.GetMeta('source_ip')", "\"192.0.2.7\""},
      {"SetMeta", "evt.SetMeta('k', 'v') ? evt.Meta.k : ''", "\"v\""},
      {"SetParsed", "evt.SetParsed('k', 'v') ? evt.Parsed.k : ''", "\"v\""},
      {"ParseIPSources", "evt.ParseIPSources()", R"(["192.0.2.7"])"},
      {"ParseIPSources of no address", "evt.SetMeta('source_ip', 'me') ? evt.ParseIPSources() : nil", "[]"},
  });
}

}  // namespace
}  // namespace testudo::expr
