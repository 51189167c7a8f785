// Lists that are known when an expression is compiled: the question is turned around, the answer stays.
#include "foundation/expr/support.h"

namespace testudo::expr {
namespace {

// File('cmd') and File('nets') as a data file of content gives them: pure, so that they are folded.
bool file(const void*, Context&, const Value* args, size_t, Value& out) {
  static const Value lines[] = {text_value("whoami"),
                                text_value("{\"uri\": \"cmd.exe\", \"cve\": \"CVE-1\"}"), text_value("C:\\")};
  static const Value nets[] = {text_value("10.0.0.0/8"), text_value("no prefix"), text_value("192.0.2.0/24"),
                               text_value("2001:db8::/32"), text_value("198.51.100.7")};
  static const ValueArray cmd{lines, 3}, net{nets, 5}, empty;
  out = Value::of(args[0].text() == "cmd" ? &cmd : args[0].text() == "nets" ? &net : &empty);
  return true;
}
const HelperTable& files() {
  static const HelperTable table = {{"File", "", {Type::string}, false, Type::array, true, file}};
  return table;
}

// The same list as the compiler knows it, and as it does not: `filter` of it is computed at run time.
void expect(const std::string& list, const std::string& closure, const std::string& result) {
  for (const std::string& text :
       {"any(" + list + ", {" + closure + "})", "any(filter(" + list + ", true), {" + closure + "})",
        "not none(" + list + ", {" + closure + "})"}) {
    World world;
    CompileOptions options = world.options();
    options.helpers.push_back(&files());
    EXPECT_EQ(world.result(text, options), result) << text << "\n  " << world.ctx.error;
  }
}

TEST(KnownLists, TextsAreLookedForTogether) {
  expect("File('cmd')", "evt.Parsed.cmd contains #", "true");
  expect("File('cmd')", "evt.Parsed.cmd startsWith #", "true");
  expect("File('cmd')", "evt.Parsed.cmd endsWith #", "false");
  expect("File('cmd')", "Lower(evt.Parsed.cmd) endsWith #", "true");
  expect("File('cmd')", "evt.Parsed.cmd endsWith Upper(#)", "false");
  expect("File('cmd')", "Upper(evt.Parsed.cmd) endsWith Upper(#)", "true");
  expect("File('nothing')", "evt.Parsed.cmd contains #", "false");
  expect("['x', 'sshd']", "evt.Parsed.program contains #", "true");
}

TEST(KnownLists, EqualTextsAreASet) {
  expect("['x', 'sshd']", "evt.Parsed.program == #", "true");
  expect("['x', 'SSHD']", "# == Upper(evt.Parsed.program)", "true");
  expect("['x', 'SSHD']", "Lower(#) == evt.Parsed.program", "true");
  expect("['x', 'y']", "evt.Parsed.program == #", "false");
  expect("['x', 'y']", "evt.Parsed.program != #", "true");
  expect("['x', 'y']", "evt.Unmarshaled.none == #", "false");
  expect("['x', 'y']", "evt.Unmarshaled.j.n == #", "false");
  expect("['x', 'text']", "evt.Unmarshaled.j.s == #", "true");
  expect("['x', 'y']", "# == #", "true");
}

TEST(KnownLists, WhatAClosureMakesOfALineIsMadeOnce) {
  expect("File('cmd')", "evt.Parsed.cmd contains JsonExtract(#, 'uri')",
         "true") /* "" stands in every text */;
  expect("['{\"u\": \"cmd.exe\"}', '{\"u\": \"x.exe\"}']", "evt.Parsed.cmd contains JsonExtract(#, 'u')",
         "true");
  expect("['{\"u\": \"y.exe\"}', '{\"u\": \"x.exe\"}']", "evt.Parsed.cmd contains JsonExtract(#, 'u')",
         "false");
}

TEST(KnownLists, AClosureWithEffectsRunsWhereItsTestHolds) {
  World world;
  CompileOptions options = world.options();
  const std::string list = "['{\"u\": \"y.exe\", \"c\": \"1\"}', '{\"u\": \"cmd.exe\", \"c\": \"2\"}']";
  const auto ask = [&](const std::string& subject) {
    return world.result(
        "any(" + list + ", {" + subject +
            " contains JsonExtract(#, 'u') ? evt.SetMeta('cve', JsonExtract(#, 'c')) : false}) ? "
            "evt.Meta.cve : 'none'",
        options);
  };
  EXPECT_EQ(ask("evt.Parsed.cmd"), "\"2\"");
  EXPECT_EQ(ask("evt.Parsed.program"), "\"none\"");
}

TEST(KnownLists, PrefixesAreReadAtLoad) {
  expect("File('nets')", "IpInRange(evt.Meta.source_ip, #)", "true");
  expect("File('nets')", "len(#) > 0 && IpInRange(evt.Meta.source_ip, #)", "true");
  expect("File('nets')", "IpInRange('198.51.100.7', #)", "false") /* an address is no prefix */;
  expect("File('nets')", "IpInRange('2001:db8::1', #)", "true");
  expect("File('nets')", "IpInRange('2001:db9::1', #)", "false");
  expect("File('nets')", "IpInRange(evt.Meta.empty, #)", "false");
  expect("File('nothing')", "IpInRange(evt.Meta.source_ip, #)", "false");
}

// Called once where the question was turned around, once per element where it was not.
bool counted(const void* owner, Context&, const Value* args, size_t, Value& out) {
  ++*static_cast<int*>(const_cast<void*>(owner));
  out = args[0];
  return true;
}

TEST(KnownLists, TheSubjectIsComputedOnce) {
  for (const char* text :
       {"any(File('cmd'), {Counted(evt.Parsed.x) contains #})",
        "any(File('cmd'), {Counted(evt.Parsed.x) == #})",
        "any(File('cmd'), {Counted(evt.Parsed.x) endsWith Upper(#)})",
        "any(File('nets'), {IpInRange(Counted(evt.Parsed.x), #)})",
        "any(File('nets'), {len(#) > 0 && IpInRange(Counted(evt.Parsed.x), #)})",
        "any(File('cmd'), {Counted(evt.Parsed.x) contains # ? evt.SetMeta('a', #) : false})",
        "IpInRange(Counted(evt.Parsed.x), '10.0.0.0/8') || IpInRange(Counted(evt.Parsed.x), '11.0.0.0/8')"}) {
    int calls = 0;
    const HelperTable counting = {
        {"Counted", "", {Type::string}, false, Type::string, true, counted, &calls}};
    World world;
    CompileOptions options = world.options();
    options.helpers.push_back(&files());
    options.helpers.push_back(&counting);
    EXPECT_EQ(world.result(text, options), "false") << text;
    EXPECT_EQ(calls, 1) << text;
  }
}

TEST(KnownLists, SeveralPrefixesOfOneAddressAreOneTest) {
  check({
      {"the second",
       "IpInRange(evt.Meta.source_ip, '10.0.0.0/8') || IpInRange(evt.Meta.source_ip, '192.0.2.0/24')",
       "true"},
      {"none", "IpInRange(evt.Meta.source_ip, '10.0.0.0/8') || IpInRange(evt.Meta.source_ip, '192.0.3.0/24')",
       "false"},
      {"not",
       "not (IpInRange(evt.Meta.source_ip, '10.0.0.0/8') || IpInRange(evt.Meta.source_ip, 'fc00::/7'))",
       "true"},
      {"IPv4 written as IPv6", "IpInRange('::ffff:' + evt.Meta.source_ip, '192.0.2.0/24') || false", "true"},
      {"nil fails", "IpInRange(evt.Unmarshaled.none, '10.0.0.0/8') || false", "failed"},
      {"an int is refused", "IpInRange(1, '10.0.0.0/8') || false", "error at 1:11"},
  });
}

TEST(KnownLists, WhatCannotBeTurnedAroundStaysAsItIs) {
  expect("['a', 'sshd']", "# contains evt.Parsed.program", "true");
  expect("['a', 'sshd']", "evt.Parsed.program not contains #", "true");
  expect("['a', 'sshd']", "any(['s'], {evt.Parsed.program contains # + 'x'})", "false");
  expect("['a', 'sshd']", "let p = #; evt.Parsed.program contains p", "true");
  expect("['a', 'sshd']", "len(#) > 3 && evt.Parsed.program contains #", "true");
  expect("['a', 'sshd']", "len(#) > 4 && evt.Parsed.program contains #", "false");
  expect("[1, 2]", "# == 2", "true");
  expect("['a', nil]", "evt.Parsed.program contains #", "false");
  expect("['a', 1]", "evt.Parsed.program contains #", "failed");
  expect("['a', 'b']", "evt.Unmarshaled.none contains #", "false");
  expect("['a', 'b']", "evt.Unmarshaled.j.n contains #", "failed");
}

TEST(PrefixList, KnowsFewAndManyOfEachLength) {
  PrefixList list;
  for (int i = 0; i < 200; ++i) list.add(*Prefix::parse("10." + std::to_string(i) + ".0.0/16"));
  list.add(*Prefix::parse("2001:db8::/32"));
  EXPECT_EQ(list.size(), 201u);
  EXPECT_TRUE(list.contains(*Ip::parse("10.0.0.1")));
  EXPECT_TRUE(list.contains(*Ip::parse("10.199.255.255")));
  EXPECT_FALSE(list.contains(*Ip::parse("10.200.0.0")));
  EXPECT_TRUE(list.contains(*Ip::parse("2001:db8:ffff::1")));
  EXPECT_FALSE(list.contains(*Ip::parse("2001:db9::1")));
}

}  // namespace
}  // namespace testudo::expr
