// The language, rule by rule (engine-spec §3).
#include "foundation/expr/support.h"

namespace testudo::expr {
namespace {

TEST(Lexer, ReadsEveryFormOfLiteral) {
  check({
      {"single quotes", "'a'", "\"a\""},
      {"double quotes", "\"a'b\"", "\"a'b\""},
      {"backticks are raw", "`\\d+`", "\"\\\\d+\""},
      {"backticks may span lines", "`a\nb`", "\"a\\nb\""},
      {"quotes may not", "'a\nb'", "error at 1:1"},
      {"escapes", R"('\t\\\'\x41\101\u00e9\U0001F600')", "\"\\t\\\\'AAé😀\""},
      {"an unknown escape is an error", R"('a\d')", "error at 1:3"},
      {"a string that does not end", "'abc", "error at 1:1"},
      {"underscores in numbers", "1_000", "1000"},
      {"hexadecimal", "0x2A", "42"},
      {"octal", "0o52", "42"},
      {"binary", "0b101010", "42"},
      {"a float may start with its point", ".5", "0.5"},
      {"exponents are floats", "1e3", "1000"},
      {"1..3 is a range", "1..3", "[1,2,3]"},
      {"a number that does not fit", "99999999999999999999", "error at 1:1"},
      {"a number that runs into a word", "12ab", "error at 1:1"},
      {"line comments", "1 // 2\n + 1", "2"},
      {"block comments", "1 /* 2 */ + 1", "2"},
      {"a block comment that does not end", "1 /* 2", "error at 1:3"},
      {"an unknown character", "1 ~ 2", "error at 1:3"},
  });
}

TEST(Operators, BindAsTheTableSays) {
  check({
      {"and before or", "true || false && false", "true"},
      {"words and signs are the same", "true or false and false", "true"},
      {"not binds tighter than ==", "not true == false", "true"},
      {"not on a string is refused", "not evt.Meta.x contains 'a'", "error at 1:1"},
      {"negated operators", "'abc' not contains 'x' and 1 not in [2]", "true"},
      {"* before +", "1 + 2 * 3", "7"},
      {"** before unary minus", "-2 ** 2", "-4"},
      {"** is right associative", "2 ** 3 ** 2", "512"},
      {"^ is **", "2 ^ 3", "8"},
      {"/ is always float", "7 / 2", "3.5"},
      {"% is on integers", "7 % 3", "1"},
      {"% of a float is refused", "7 % 3.5", "error at 1:3"},
      {"range below +", "1..1+2", "[1,2,3]"},
      {"comparisons chain", "1 < 2 < 10", "true"},
      {"a chain fails in the middle", "1 < 20 < 10", "false"},
      {"ternary stands below all", "1 == 1 ? 'y' : 'n'", "\"y\""},
      {"ternary in a ternary", "false ? 1 : true ? 2 : 3", "2"},
      {"?: keeps what is true", "true ?: 'b'", "true"},
      {"?: gives the other", "false ?: 'b'", "\"b\""},
      {"?? binds tighter than +", "'a' + nil ?? 'b'", "\"ab\""},
      {"?? mixed with + behind it is refused", "evt.Unmarshaled.x ?? 'a' + 'b'", "error at 1:26"},
      {"?? in parentheses may be mixed", "(evt.Unmarshaled.x ?? 'a') + 'b'", "\"ab\""},
      {"?? takes the left unless it is nil", "evt.Meta.none ?? 'x'", "\"\""},
      {"pipes put the value first", "'a,b' | split(',') | join('-')", "\"a-b\""},
      {"let", "let x = 2; let y = 3; x * y", "6"},
      {"let inside parentheses", "1 + (let x = 2; x)", "3"},
      {"let of a taken name", "let x = 1; let x = 2; x", "error at 1:12"},
      {"if and else", "if 1 > 2 { 'a' } else if 2 > 1 { 'b' } else { 'c' }", "\"b\""},
      {"if without else", "if true { 1 }", "error at 1:14"},
      {"keywords are names after a dot", "{in: 1}.in", "1"},
      {"empty text", "", "error at 1:1"},
      {"text after the end", "1 2", "error at 1:3"},
      {"an open parenthesis", "(1 + 2", "error at 1:7"},
      {"an operator without its right side", "1 +", "error at 1:4"},
  });
}

TEST(Booleans, AreShortCircuitAndNothingElseIsOne) {
  check({
      {"and stops at false", "false && evt.Unmarshaled.none.x", "false"},
      {"or stops at true", "true || evt.Unmarshaled.none.x == 1", "true"},
      {"nil in and fails", "evt.Unmarshaled.none && true", "failed"},
      {"a string in or fails when it is met", "evt.Unmarshaled.j.s || true", "failed"},
      {"a known string is refused at once", "evt.Meta.x || true", "error at 1:10"},
      {"not nil fails", "not nil", "failed"},
      {"a condition must be bool", "evt.Meta.x ? 1 : 2", "error at 1:10"},
  });
}

TEST(Equality, ComparesByContentAndNeverFails) {
  check({
      {"int and float", "1 == 1.0", "true"},
      {"strings", "evt.Meta.log_type == 'ssh_failed-auth'", "true"},
      {"either side", "'sshd' == evt.Parsed.program", "true"},
      {"!=", "evt.Meta.log_type != 'x'", "true"},
      {"string and int are refused", "evt.Meta.x == 1", "error at 1:12"},
      {"unknown and int are not", "evt.Unmarshaled.j.s == 1", "false"},
      {"number of JSON", "evt.Unmarshaled.j.n == 3", "true"},
      {"nil is nil", "evt.Unmarshaled.none == nil", "true"},
      {"a string is not nil", "evt.Meta.none == nil", "false"},
      {"arrays", "['a', 'b'] == evt.Unmarshaled.j.list", "true"},
      {"maps", "{x: 'y'} == evt.Unmarshaled.j.deep", "true"},
      {"maps of different size", "{x: 'y', z: 1} == evt.Unmarshaled.j.deep", "false"},
      {"durations", "duration('60s') == duration('1m')", "true"},
      {"order of strings", "'a' < 'b'", "true"},
      {"order of nil fails", "evt.Unmarshaled.none > 1", "failed"},
      {"order of string and int is refused", "'a' < 1", "error at 1:5"},
      {"order of durations", "duration('1h') >= duration('20m')", "true"},
  });
}

TEST(In, LooksIntoListsAndMapsButNotIntoStrings) {
  check({
      {"a list of constants", "evt.Parsed.program in ['sshd', 'cron']", "true"},
      {"a long list", "evt.Parsed.program in ['1','2','3','4','5','6','7','8','9','sshd']", "true"},
      {"not in", "evt.Parsed.program not in ['cron']", "true"},
      {"nil in a list", "evt.Unmarshaled.none in ['', nil]", "true"},
      {"nil in a list of strings", "evt.Unmarshaled.none in ['a']", "false"},
      {"an empty field is present", "'empty' in evt.Meta", "true"},
      {"an absent one is not", "'none' in evt.Meta", "false"},
      {"a computed key", "Lower('EMPTY') in evt.Meta", "true"},
      {"keys of a map", "'s' in evt.Unmarshaled.j", "true"},
      {"keys of Unmarshaled", "'j' in evt.Unmarshaled", "true"},
      {"a field of a struct", "'Raw' in evt.Line", "true"},
      {"nil on the right", "'a' in evt.Unmarshaled.none", "false"},
      {"a string on the right is refused", "'a' in evt.Meta.x", "error at 1:5"},
      {"a string on the right fails", "'a' in evt.Unmarshaled.j.s", "failed"},
      {"an int in a list of strings is refused", "1 in ['a']", "error at 1:3"},
      {"a label of the source", "evt.Line.Labels.type in ['syslog', 'x']", "true"},
  });
}

TEST(Text, TestsAreFalseOnNilAndFailOnOtherTypes) {
  check({
      {"contains", "evt.Parsed.cmd contains 'cmd.exe'", "true"},
      {"startsWith", "evt.Parsed.cmd startsWith 'C:'", "true"},
      {"endsWith", "evt.Parsed.cmd endsWith 'Whoami'", "true"},
      {"several needles, one subject",
       "Lower(evt.Parsed.cmd) contains 'none' || Lower(evt.Parsed.cmd) endsWith 'whoami'", "true"},
      {"several needles, none of them",
       "evt.Parsed.cmd contains 'x1' || evt.Parsed.cmd contains 'x2' || evt.Parsed.cmd endsWith 'C:'",
       "false"},
      {"several needles on nil", "evt.Unmarshaled.none contains 'a' || evt.Unmarshaled.none contains 'b'",
       "false"},
      {"several needles on a number fail",
       "evt.Unmarshaled.j.n contains 'a' || evt.Unmarshaled.j.n contains 'b'", "failed"},
      {"nil on the left", "evt.Unmarshaled.none contains 'a'", "false"},
      {"nil on the right", "'a' startsWith evt.Unmarshaled.none", "false"},
      {"not contains of nil", "evt.Unmarshaled.none not contains 'a'", "true"},
      {"a number fails", "evt.Unmarshaled.j.n endsWith 'a'", "failed"},
      {"a known number is refused", "1 contains 'a'", "error at 1:3"},
      {"matches searches", "evt.Parsed.cmd matches 'cmd\\\\.EXE'", "false"},
      {"flags", "evt.Parsed.cmd matches '(?i)cmd\\\\.EXE'", "true"},
      {"matches of nil", "evt.Unmarshaled.none matches 'a'", "false"},
      {"a bad pattern", "evt.Parsed.cmd matches '('", "error at 1:24"},
      {"a computed pattern",
       "evt.Parsed.cmd matches Upper('whoami') or evt.Parsed.program matches Lower('SSHD')", "true"},
      {"Upper changes escapes too", "'7' matches Upper('\\\\d')", "false"},
      {"a bad computed pattern fails", "evt.Parsed.cmd matches (evt.Parsed.program + '(')", "failed"},
      {"concatenation", "evt.Parsed.program + ':' + evt.Parsed.n", "\"sshd:42\""},
      {"string and nil fail", "evt.Parsed.program + evt.Unmarshaled.none", "failed"},
      {"string and int are refused", "evt.Parsed.program + 1", "error at 1:20"},
  });
}

TEST(Members, FollowTheTableOfMissingOnes) {
  check({
      {"a missing text is empty", "evt.Parsed.none", "\"\""},
      {"brackets", "evt.Parsed['program']", "\"sshd\""},
      {"a computed key", "evt.Parsed[Lower('PROGRAM')]", "\"sshd\""},
      {"a computed key that is missing", "evt.Parsed[Lower('NONE')]", "\"\""},
      {"a missing value is nil", "evt.Unmarshaled.none", "null"},
      {"a missing member of a map is nil", "evt.Unmarshaled.j.none", "null"},
      {"a missing member of a map of strings is empty", "evt.Unmarshaled.kv.none", "\"\""},
      {"a member of nil fails", "evt.Unmarshaled.none.x", "failed"},
      {"a member of a string fails", "evt.Unmarshaled.j.s.x", "failed"},
      {"a member of a known string is refused", "evt.Meta.x.y", "error at 1:12"},
      {"?. on nil", "evt.Unmarshaled.none?.x", "null"},
      {"?. ends the whole chain", "evt.Unmarshaled.none?.x.y.z", "null"},
      {"?. with brackets", "evt.Unmarshaled.none?.['x']", "null"},
      {"?. on something", "evt.Unmarshaled.j?.deep.x", "\"y\""},
      {"parentheses end the chain", "(evt.Unmarshaled.none?.x).y", "failed"},
      {"an unknown field", "evt.Mta.x", "error at 1:5"},
      {"an unknown field of the line", "evt.Line.Rw", "error at 1:10"},
      {"an unknown name", "event.Meta.x", "error at 1:1"},
      {"the raw line", "evt.Line.Raw", "\"the raw line\""},
      {"a label", "evt.Line.Labels.type", "\"syslog\""},
      {"a missing label", "evt.Line.Labels.none", "\"\""},
      {"no overflow: fields are zero", "evt.Overflow.Whitelisted", "false"},
      {"no overflow: the alert is nil", "evt.Overflow.Alert == nil", "true"},
      {"no overflow: its members fail", "evt.Overflow.Alert.Scenario == 'x'", "failed"},
      {"no overflow: its methods fail", "evt.Overflow.Alert.GetScenario() == 'x'", "failed"},
      {"no overflow: no sources", "len(evt.Overflow.Sources)", "0"},
      {"the firewall is empty", "evt.Appsec.GetName()", "\"\""},
      {"an element", "evt.Unmarshaled.j.list[1]", "\"b\""},
      {"from the end", "evt.Unmarshaled.j.list[-1]", "\"b\""},
      {"out of range fails", "evt.Unmarshaled.j.list[2]", "failed"},
      {"get out of range is nil", "get(evt.Unmarshaled.j.list, 2)", "null"},
      {"get from nil is nil", "get(evt.Unmarshaled.none, 'x')", "null"},
      {"slices count bytes", "'äbc'[2:]", "\"bc\""},
      {"slices from the end", "'abcd'[-2:]", "\"cd\""},
      {"slices are clamped", "[1,2,3][1:100]", "[2,3]"},
      {"slices that cross are empty", "'abc'[2:1]", "\"\""},
      {"slices of a list", "[1,2,3,4][-3:-1]", "[2,3]"},
      {"slices of nil fail", "evt.Unmarshaled.none[1:]", "failed"},
  });
}

TEST(Closures, KnowTheirElement) {
  check({
      {"braces", "any([1, 2], {# == 2})", "true"},
      {"a bare expression", "count([1, 2, 3], # > 1)", "2"},
      {".field is #.field", "filter([{a: 1}, {a: 2}], {.a == 2})[0].a", "2"},
      {"#index", "map(['x', 'y'], {#index})", "[0,1]"},
      {"#acc", "reduce([1, 2, 3], #acc + #)", "6"},
      {"a first value", "reduce([1, 2, 3], #acc + #, 10)", "16"},
      {"all of nothing", "all([], {# == 1})", "true"},
      {"none", "none([1, 2], {# == 3})", "true"},
      {"one", "one([1, 2, 2], {# == 2})", "false"},
      {"find", "find([1, 2, 3], {# > 1})", "2"},
      {"find nothing", "find([1], {# > 1})", "null"},
      {"findIndex", "findIndex([1, 2, 3], {# > 1})", "1"},
      {"findLast", "findLast([1, 2, 3], {# > 1})", "3"},
      {"findLastIndex", "findLastIndex([1, 2, 3], {# < 3})", "1"},
      {"sum", "sum([1, 2, 3])", "6"},
      {"sum of a closure", "sum([{n: 1}, {n: 2.5}], {.n})", "3.5"},
      {"groupBy", "groupBy(['a1', 'b1', 'a2'], {#[0:1]})", "{\"a\":[\"a1\",\"a2\"],\"b\":[\"b1\"]}"},
      {"sortBy", "sortBy([3, 1, 2], {#}, 'desc')", "[3,2,1]"},
      {"a list of the event", "any(evt.Unmarshaled.j.list, {# == 'b'})", "true"},
      {"nil is no list", "any(evt.Unmarshaled.none, {true})", "failed"},
      {"a map is no list", "any(evt.Unmarshaled.j, {true})", "failed"},
      {"let keeps the outer element", "map([1, 2], {let x = #; map([10], {# + x})})", "[[11],[12]]"},
      {"a closure that gives no bool", "any([1], {# + 1})", "error at 1:13"},
      {"# outside", "# == 1", "error at 1:1"},
      {"#acc outside reduce", "map([1], {#acc})", "error at 1:11"},
      {"a map literal in a closure", "map([1], {{a: #}})", "[{\"a\":1}]"},
  });
}

TEST(Times, HaveGosMethods) {
  check({
      {"hour", "evt.Time.Hour()", "18"},
      {"weekday", "evt.Time.Weekday().String()", "\"Monday\""},
      {"a weekday is a number", "evt.Time.Weekday() == 1", "true"},
      {"format", "evt.Time.Format('2006-01-02 15:04:05')", "\"2021-11-15 18:13:20\""},
      {"difference", "(evt.Time - evt.Time) == duration('0s')", "true"},
      {"time and duration", "(evt.Time + duration('1h')).Hour()", "19"},
      {"text of a duration", "string(duration('90m'))", "\"1h30m0s\""},
      {"hours of a duration", "duration('90m').Hours()", "1.5"},
      {"a date", "date('2023-08-14 00:00:00').Unix()", "1691971200"},
      {"a date by layout", "date('14/08/2023', '02/01/2006').Year()", "2023"},
      {"an unknown method", "evt.Time.Hours()", "error at 1:10"},
  });
}

}  // namespace
}  // namespace testudo::expr
