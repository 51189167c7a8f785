// Content that is broken, enormous or hostile is refused by name; the rest runs.
#include "support/lines.h"

namespace testudo {
namespace {

using support::Content;

const char* const kGood = "name: good\nstatics: [{parsed: p, value: v}]\n";

/// The one error of a load that has a good parser beside the bad thing.
std::string only_error(Content& content) {
  content.parser("s00-raw", "zz-good", kGood);
  const auto program = content.load();
  EXPECT_FALSE(program->parser_ids.empty()) << "the others run";
  const auto errors = content.errors();
  EXPECT_EQ(errors.size(), 1u) << (errors.empty() ? "" : errors[0]);
  return errors.empty() ? "" : errors[0];
}
void expect_in(const std::string& part, const std::string& text) {
  EXPECT_NE(text.find(part), std::string::npos) << text.substr(0, 400);
}

TEST(ContentLimits, AnItemOfMoreThanFourMebibytesIsOff) {
  Content content;
  content.parser("s00-raw", "big", "name: big\ndescription: " + std::string(4 << 20, 'x') + "\n");
  expect_in("parsers/s00-raw/big.yaml", only_error(content));
}

TEST(ContentLimits, AnItemOfTooManyDocumentsIsOff) {
  Content content;
  std::string text;
  for (int i = 0; i < 1001; ++i) text += "---\nname: n\nstatics: [{parsed: p, value: v}]\n";
  content.parser("s00-raw", "many", text);
  expect_in("1001 documents", only_error(content));
}

TEST(ContentLimits, ABombOfAliasesIsOff) {
  std::string text = "name: bomb\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int n = 0; n < 9; ++n) text += ", " + before;
    text += "]\n";
  }
  Content content;
  content.parser("s00-raw", "bomb", text);
  expect_in("parsers/s00-raw/bomb.yaml", only_error(content));
}

TEST(ContentLimits, NestingWithoutEndIsOff) {
  Content yaml, nodes;
  yaml.parser("s00-raw", "deep", "name: deep\nlabels: " + std::string(100'000, '[') + "\n");
  expect_in("parsers/s00-raw/deep.yaml", only_error(yaml));
  std::string text = "name: deep\n", indent;
  for (int i = 0; i < 30; ++i) {
    text += indent + "nodes:\n" + indent + " - filter: 'true'\n";
    indent += "   ";
  }
  nodes.parser("s00-raw", "deep", text);
  expect_in("16 levels", only_error(nodes));
}

TEST(ContentLimits, AnEnormousPatternIsOff) {
  Content content;
  content.parser(
      "s00-raw", "p",
      "name: p\ngrok: {apply_on: Line.Raw, pattern: '%{WORD:w}" + std::string(1 << 20, 'x') + "'}\n");
  expect_in("parsers/s00-raw/p.yaml", only_error(content));
}

TEST(ContentLimits, AnEnormousExpressionIsOff) {
  Content content;
  std::string filter = "evt.Parsed.a == 'x'";
  content.parser("s00-raw", "p",
                 "name: p\nfilter: \"" + std::string(200'000, '(') + "true" + std::string(200'000, ')') +
                     "\"\nstatics: [{parsed: p, value: v}]\n");
  expect_in("parsers/s00-raw/p.yaml", only_error(content));
}

TEST(ContentLimits, CollectionsThatListOneAnotherEnd) {
  Content content;
  content.parser("s00-raw/me", "p", kGood);
  content.file("collections/me/a.yaml", "name: me/a\ncollections: [me/b]\n");
  content.file("collections/me/b.yaml", "name: me/b\ncollections: [me/a]\nparsers: [me/p]\n");
  ProgramOptions options = content.options();
  options.content.items = {"me/a"};
  const auto program = load_program(options);
  ASSERT_TRUE(program.ok());
  EXPECT_TRUE((*program)->errors.empty());
  EXPECT_EQ((*program)->parser_ids, std::vector<std::string>{"me/p"});
}

TEST(ContentLimits, CollectionsInCollectionsAreOpenedSixteenDeep) {
  Content content;
  content.parser("s00-raw/me", "p", kGood);
  for (int i = 0; i < 40; ++i)
    content.file("collections/me/c" + std::to_string(i) + ".yaml",
                 "name: c\ncollections: [me/c" + std::to_string(i + 1) + "]\nparsers: [me/p]\n");
  ProgramOptions options = content.options();
  options.content.items = {"me/c0"};
  const auto program = load_program(options);
  ASSERT_TRUE(program.ok());
  ASSERT_EQ((*program)->errors.size(), 1u);
  expect_in("c16.yaml:2", (*program)->errors[0].text());
}

TEST(ContentLimits, TheApplicationFirewallIsRefusedByName) {
  Content content;
  content.file("appsec-rules/me/vpatch.yaml", "name: me/vpatch\nrules: []\n");
  expect_in("appsec-rules:me/vpatch", only_error(content));
  content.file("collections/me/c.yaml", "name: c\nparsers: [zz-good]\nappsec-configs: [me/x]\n");
  ProgramOptions options = content.options();
  options.content.items = {"me/c"};
  const auto program = load_program(options);
  ASSERT_TRUE(program.ok());
  EXPECT_EQ((*program)->parser_ids.size(), 1u);
  EXPECT_EQ((*program)->errors.back().code, Code::unsupported);
  expect_in("appsec-configs:me/x", (*program)->errors.back().text());
}

TEST(ContentLimits, AMillionEntriesOfADataFileAreRefusedByName) {
  Content content;
  std::string text;
  for (int i = 0; i < 1'000'000; ++i) text += "entry" + std::to_string(i) + "\n";
  content.data("million.txt", text);
  content.scenario("s", R"(
type: trigger
name: me/s
description: d
filter: evt.Line.Raw in File('million.txt')
data: [{source_url: 'https://x/million.txt', dest_file: million.txt, type: string}]
)");
  expect_in("million.txt", only_error(content));
}

TEST(Content, WhatABrokenItemDefinesIsNotSeenByOthers) {
  Content content;
  content.parser("s00-raw", "a", "name: a\npattern_syntax: {MINE: 'bad'}\ngrok: {pattern: '%{MINE:x}'}\n");
  content.parser(
      "s00-raw", "b",
      "name: b\npattern_syntax: {MINE: 'good'}\ngrok: {pattern: '%{MINE:x}', apply_on: Line.Raw}\n");
  EXPECT_EQ(content.errors().size(), 1u);
  support::OneLine line(content.load());
  EXPECT_EQ(line.run("good"), parse::Outcome::parsed);
}

TEST(Content, AScenarioWithoutItsDataFileIsOffByName) {
  Content content;
  content.scenario("s", R"(
type: trigger
name: me/s
description: d
filter: any(File('gone.txt'), {evt.Line.Raw contains #})
data: [{source_url: 'https://x/gone.txt', dest_file: gone.txt, type: string}]
)");
  content.scenario("t",
                   "type: trigger\nname: me/t\ndescription: d\nfilter: 'true'\ndata: [{source_url: "
                   "'https://x/a.mmdb', dest_file: a.mmdb}]\n");
  const auto program = content.load();
  EXPECT_EQ(program->scenario_ids, std::vector<std::string>{"t"})
      << "what has no type is no data file of ours";
  EXPECT_EQ(program->off, 1u);
  expect_in("gone.txt", only_error(content));
}

TEST(Reload, AnItemThatIsBrokenNowGoesOnAsItWas) {
  Content content;
  content.parser("s00-raw", "a",
                 "name: a\npattern_syntax: {W: 'one'}\ngrok: {pattern: '^%{W:x}$', apply_on: Line.Raw}\n");
  content.scenario("s", "type: trigger\nname: me/s\ndescription: d\nfilter: 'true'\n");
  ProgramOptions options = content.options();
  options.keep_texts = true;
  auto first = load_program(options);
  ASSERT_TRUE(first.ok());
  content.parser("s00-raw", "a", "name: a\npattern_syntax: {W: 'two'}\ngrok: {pattern: '^%{W:x}$'}\n");
  content.scenario("s", "type: trigger\nname: [\n");
  auto second = load_program(options, first->get());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*second)->former, 2u);
  EXPECT_EQ((*second)->off, 0u);
  EXPECT_EQ((*second)->scenario_ids, std::vector<std::string>{"s"});
  ASSERT_EQ((*second)->errors.size(), 2u);
  for (const Error& e : (*second)->errors) expect_in("the version that ran before goes on", e.text());
  support::OneLine line(*second);
  EXPECT_EQ(line.run("one"), parse::Outcome::parsed);
  EXPECT_EQ(line.run("two"), parse::Outcome::unparsed);
  // A third load still has it; one that is whole again takes over.
  auto third = load_program(options, second->get());
  EXPECT_EQ((*third)->former, 2u);
  content.parser("s00-raw", "a", "name: a\ngrok: {pattern: '^two%{INT:x}$', apply_on: Line.Raw}\n");
  auto fourth = load_program(options, third->get());
  EXPECT_EQ((*fourth)->former, 1u);
  support::OneLine again(*fourth);
  EXPECT_EQ(again.run("two2"), parse::Outcome::parsed);
}

}  // namespace
}  // namespace testudo
