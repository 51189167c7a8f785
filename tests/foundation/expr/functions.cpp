// Builtins (§3.5) and pure helpers (§4.1).
#include "foundation/expr/support.h"

namespace testudo::expr {
namespace {

TEST(Builtins, DoWhatTheirNamesSay) {
  check({
      {"len counts characters", "len('äöü')", "3"},
      {"len of a list", "len([1, 2])", "2"},
      {"len of nil fails", "len(evt.Unmarshaled.none)", "failed"},
      {"trim", "trim('  a ')", "\"a\""},
      {"trim characters", "trim('xxaxx', 'x')", "\"a\""},
      {"trimPrefix", "trimPrefix('abc', 'a')", "\"bc\""},
      {"trimSuffix", "trimSuffix('a,', ',')", "\"a\""},
      {"split", "split('a,b,c', ',')", "[\"a\",\"b\",\"c\"]"},
      {"split in two", "split('a,b,c', ',', 2)", "[\"a\",\"b,c\"]"},
      {"splitAfter", "splitAfter('a,b', ',')", "[\"a,\",\"b\"]"},
      {"replace", "replace('aaa', 'a', 'b')", "\"bbb\""},
      {"repeat", "repeat('ab', 3)", "\"ababab\""},
      {"join", "join(['a', 'b'], '-')", "\"a-b\""},
      {"indexOf", "indexOf('abc', 'c')", "2"},
      {"lastIndexOf", "lastIndexOf('a:b:c', ':')", "3"},
      {"absent", "indexOf('abc', 'x')", "-1"},
      {"hasPrefix", "hasPrefix('abc', 'ab')", "true"},
      {"upper beyond ASCII", "upper('straße äж')", "\"STRAßE ÄЖ\""},
      {"int truncates", "int(3.9)", "3"},
      {"int of a string", "int(evt.Parsed.n)", "42"},
      {"int of no number fails", "int('4x')", "failed"},
      {"int of empty fails", "int('')", "failed"},
      {"float", "float('2.5')", "2.5"},
      {"string of a float", "string(1000000.0)", "\"1e+06\""},
      {"string of another", "string(123456.0)", "\"123456\""},
      {"string of a small one", "string(0.00001)", "\"1e-05\""},
      {"string of a list", "string([1, 'a', nil])", "\"[1 a \\u003cnil\\u003e]\""},
      {"type", "type([1])", "\"array\""},
      {"toJSON", "toJSON({b: 1, a: '<'})", "\"{\\n  \\\"a\\\": \\\"\\\\u003c\\\",\\n  \\\"b\\\": 1\\n}\""},
      {"fromJSON", "fromJSON('{\"a\": [1, {\"b\": null}]}').a[0]", "1"},
      {"fromJSON escapes", R"(fromJSON('"a\\u00e9\\ud83d\\ude00"'))", "\"aé😀\""},
      {"fromJSON of nonsense fails", "fromJSON('{a}')", "failed"},
      {"base64", "fromBase64(toBase64('hello'))", "\"hello\""},
      {"max and min", "max(1, [5, 2]) - min(3, 2)", "3"},
      {"mean and median", "mean([1, 2, 6]) + median([1, 2, 6])", "5"},
      {"abs", "abs(-3)", "3"},
      {"ceil and floor", "ceil(1.2) + floor(1.8)", "3"},
      {"bits", "bitand(12, 10) + bitor(1, 2) + bitxor(3, 1) + bitshl(1, 4)", "29"},
      {"first and last", "first([1, 2]) + last([1, 2])", "3"},
      {"first of nothing", "first([])", "null"},
      {"take", "take([1, 2, 3], 2)", "[1,2]"},
      {"reverse", "reverse([1, 2])", "[2,1]"},
      {"uniq", "uniq([1, 2, 1])", "[1,2]"},
      {"concat", "concat([1], [2])", "[1,2]"},
      {"flatten", "flatten([1, [2, [3]]])", "[1,2,3]"},
      {"sort", "sort(['b', 'a'])", "[\"a\",\"b\"]"},
      {"keys", "keys({a: 1})", "[\"a\"]"},
      {"values", "values({a: 1})", "[1]"},
      {"pairs", "fromPairs(toPairs({a: 1}))", "{\"a\":1}"},
      {"keys of the event's map", "'program' in keys(evt.Parsed)", "true"},
      {"a wrong known type", "trim(1)", "error at 1:6"},
      {"too few arguments", "split('a')", "error at 1:1"},
      {"an unknown function", "uper('a')", "error at 1:1"},
  });
}

TEST(Helpers, FollowGosStringsPackage) {
  check({
      {"Upper", "Upper('aé')", "\"AÉ\""},
      {"Match", "Match('*.ph?', 'x.php')", "true"},
      {"Match is full", "Match('a*', 'ba')", "false"},
      {"Match of empty", "Match('*', '') && Match('', '') && !Match('?*', '')", "true"},
      {"only * and empty match empty", "Match('**', '')", "false"},
      {"Split into characters", "Split('aäb', '')", "[\"a\",\"ä\",\"b\"]"},
      {"Split of empty", "Split('', ',')", "[\"\"]"},
      {"SplitN", "SplitN('a:b:c', ':', 2)", "[\"a\",\"b:c\"]"},
      {"SplitN of 0", "SplitN('a:b:c', ':', 0)", "[]"},
      {"Fields", "Fields('  a  b ')", "[\"a\",\"b\"]"},
      {"Join", "Join(Split('a,b', ','), ';')", "\"a;b\""},
      {"Trim", "Trim('[::1]', '[]')", "\"::1\""},
      {"TrimLeft and TrimRight", "TrimLeft('xxa', 'x') + TrimRight('bxx', 'x')", "\"ab\""},
      {"TrimSpace", "TrimSpace(' \\t a\\n')", "\"a\""},
      {"Replace", "Replace('aaa', 'a', 'b', 2)", "\"bba\""},
      {"ReplaceAll", "ReplaceAll('a.b.c', '.', '')", "\"abc\""},
      {"ReplaceAll of empty", "ReplaceAll('ab', '', '-')", "\"-a-b-\""},
      {"Index", "Index('abc', 'bc') + IndexAny('abc', 'xc')", "3"},
      {"Get", "Get(Split('a,b', ','), 1) + Get(Split('a', ','), 7)", "\"b\""},
      {"Get below 0 fails", "Get(Split('a', ','), -1)", "failed"},
      {"nil for a string fails", "Upper(evt.Unmarshaled.none)", "failed"},
      {"a known int for a string is refused", "Upper(1)", "error at 1:7"},
      {"ToString", "ToString(evt.Unmarshaled.j.n) + ToString(evt.Unmarshaled.j.s)", "\"text\""},
      {"Atof", "Atof('1.5') + Atof('x')", "1.5"},
      {"B64Decode", "B64Decode('aGVsbG8=')", "\"hello\""},
      {"B64Decode of nonsense fails", "B64Decode('a')", "failed"},
      {"KeyExists", "KeyExists('j', evt.Unmarshaled) && !KeyExists('k', evt.Unmarshaled)", "true"},
      {"FloatApproxEqual", "FloatApproxEqual(0.1 + 0.2, 0.3)", "true"},
      {"Distinct", "Distinct(['a', 'b', 'a'])", "[\"a\",\"b\"]"},
      {"FlattenDistinct", "FlattenDistinct(['a', ['b', 'a']], 'b')", "[\"a\",\"b\"]"},
      {"ToJsonString", "ToJsonString({a: [1, '&']})", "\"{\\\"a\\\":[1,\\\"\\\\u0026\\\"]}\""},
  });
}

TEST(Helpers, DecodeWhatCanBeDecoded) {
  check({
      {"PathUnescape", "PathUnescape('a%20b+c')", "\"a b+c\""},
      {"QueryUnescape", "QueryUnescape('a%20b+c')", "\"a b c\""},
      {"a bad escape returns the input", "PathUnescape('a%20%zz')", "\"a%20%zz\""},
      {"a cut escape too", "QueryUnescape('a+%2')", "\"a+%2\""},
      {"PathEscape", "PathEscape('a b/c')", "\"a%20b%2Fc\""},
      {"QueryEscape", "QueryEscape('a b/c')", "\"a+b%2Fc\""},
      {"ExtractQueryParam", "ExtractQueryParam('/x?a=1&b=2&a=%33', 'a')", "[\"1\",\"3\"]"},
      {"ParseUri", "ParseUri('/x?a=1')['a'][0]", "\"1\""},
  });
}

TEST(Helpers, KnowAddresses) {
  check({
      {"in range", "IpInRange(evt.Meta.source_ip, '192.0.2.0/24')", "true"},
      {"not in range", "IpInRange('10.0.0.1', '192.0.2.0/24')", "false"},
      {"an invalid address", "IpInRange('', '192.0.2.0/24')", "false"},
      {"an invalid prefix", "IpInRange('10.0.0.1', 'x')", "false"},
      {"an address is no prefix", "IpInRange('10.0.0.1', '10.0.0.1')", "false"},
      {"IsIPV4", "IsIPV4('1.2.3.4') && !IsIPV4('::1') && IsIPV4('::ffff:1.2.3.4')", "true"},
      {"IsIPV6", "IsIPV6('::1') && !IsIPV6('1.2.3.4') && !IsIPV6('x')", "true"},
      {"IsIP", "IsIP('::1') && IsIP('1.2.3.4') && !IsIP('1.2.3')", "true"},
      {"IpToRange", "IpToRange('2001:0db8:85a3:0000:0000:8a2e:0370:7334', '/64')", "\"2001:db8:85a3::/64\""},
      {"without the slash", "IpToRange('10.1.2.3', '8')", "\"10.0.0.0/8\""},
      {"an invalid length", "IpToRange('10.1.2.3', '/33')", "\"\""},
      {"Paris to Marseille", "int(Distance('48.8566', '2.3522', '43.2965', '5.3698'))", "660"},
      {"an unknown place", "Distance('0', '0', '43.2965', '5.3698')", "0"},
      {"no coordinate fails", "Distance('', '', '43.2965', '5.3698')", "failed"},
  });
}

TEST(Helpers, FormatAsGoDoes) {
  check({
      {"strings and numbers", "Sprintf('%s-%d', 'a', 7)", "\"a-7\""},
      {"widths", "Sprintf('%5d|%-5s|%05d', 42, 'ab', 42)", "\"   42|ab   |00042\""},
      {"floats", "Sprintf('%.2f', 3.14159)", "\"3.14\""},
      {"%v of JSON numbers", "Sprintf('%v', 1000000.0)", "\"1e+06\""},
      {"%v of a large one", "Sprintf('%v', 1700000000.5)", "\"1.7000000005e+09\""},
      {"%+v of a list", "Sprintf('%+v', evt.Appsec.GetRuleIDs())", "\"[]\""},
      {"a wrong type", "Sprintf('%d', 'x')", "\"%!d(string=x)\""},
      {"a missing argument", "Sprintf('%s')", "\"%!s(MISSING)\""},
      {"an extra one", "Sprintf('a', 1)", "\"a%!(EXTRA int=1)\""},
      {"per cent", "Sprintf('%d%%', 5)", "\"5%\""},
      {"quoted", "Sprintf('%q', 'a\"b')", "\"\\\"a\\\\\\\"b\\\"\""},
      {"hexadecimal", "Sprintf('%x %X', 255, 'az')", "\"ff 617A\""},
  });
}

}  // namespace
}  // namespace testudo::expr
