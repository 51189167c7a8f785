// What a parser file may say (engine-spec §1.5, §1.8): each refusal names its place, all of them at once.
#include "nodes.h"

namespace testudo::parse {
namespace {

using Strings = std::vector<std::string>;

Strings texts(const Errors& errors) {
  Strings out;
  for (const Error& e : errors)
    out.push_back(std::to_string(e.where.line) + ":" + std::to_string(e.where.column) + " " + e.message);
  return out;
}

TEST(Load, AllErrorsOfADocumentAreSaidAtOnce) {
  Parsers parsers;
  EXPECT_FALSE(parsers.add("s00-raw", R"y(name: a
filtr: x
filter: evt.Mta.x == 'y'
onsuccess: maybe
nodes:
  - grok: {pattern: '%{NOSUCH:x}', apply_on: message}
statics:
  - {meta: m}
  - {value: v}
whitelist: {reason: r, ip: [300.1.1.1], cidr: [10.0.0.1]}
)y"));
  EXPECT_EQ(parsers.errors.size(), 8u);
  for (const Error& e : parsers.errors) EXPECT_EQ(e.where.file, "test.yaml");
}

struct Row {
  const char* sentence;
  const char* yaml;
  const char* error;
};
class Refused : public testing::TestWithParam<Row> {};
TEST_P(Refused, WithItsPlace) {
  Parsers parsers;
  EXPECT_FALSE(parsers.add("s00-raw", std::string("name: a\n") + GetParam().yaml)) << GetParam().sentence;
  ASSERT_EQ(parsers.errors.size(), 1u) << GetParam().sentence;
  EXPECT_EQ(texts(parsers.errors)[0].substr(0, std::string_view(GetParam().error).size()), GetParam().error)
      << GetParam().sentence;
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Refused,
    testing::Values(
        Row{"a static of a node without a source", "statics: [{meta: m}]", "2:11 a static needs a value"},
        Row{"a static of a node without a target", "statics: [{value: v}]", "2:11 a static needs one of"},
        Row{"enriched in a static of a node", "statics: [{enriched: e, value: v}]",
            "2:11 a node's static cannot"},
        Row{"an unknown key of a static", "statics: [{meta: m, value: v, vaule: x}]",
            "2:31 unknown key 'vaule'"},
        Row{"an unknown key of a whitelist", "whitelist: {reason: r, ipp: []}", "2:24 unknown key 'ipp'"},
        Row{"an unknown key of a grok", "grok: {pattern: '%{WORD:w}', on: m}", "2:30 unknown key 'on'"},
        Row{"a grok that looks at nothing", "grok: {pattern: '%{WORD:w}'}", "2:7 grok needs apply_on"},
        Row{"a name that is a list", "author: [x]\nstatics: [{meta: m, value: v}]",
            "2:9 author must be text"},
        Row{"a flag that is none", "debug: perhaps\nstatics: [{meta: m, value: v}]", "2:8 "},
        Row{"a stash without ttl",
            "stash: [{name: n, key: \"'k'\", value: \"'v'\"}]\nstatics: [{meta: m, value: v}]",
            "2:9 a stash needs ttl"},
        Row{"a strategy that nobody knows",
            "stash: [{name: n, key: \"'k'\", value: \"'v'\", ttl: 1m, strategy: MRU}]\nstatics: [{meta: m, "
            "value: v}]",
            "2:64 strategy must be"},
        Row{"a stash of no size",
            "stash: [{name: n, key: \"'k'\", value: \"'v'\", ttl: 1m, size: -1}]\nstatics: [{meta: m, value: "
            "v}]",
            "2:60 size must be"},
        Row{"a stash alone", "stash: [{name: n, key: \"'k'\", value: \"'v'\", ttl: 1m}]",
            "1:1 this node is empty"},
        Row{"nodes nested too deep",
            "nodes: [{nodes: [{nodes: [{nodes: [{nodes: [{nodes: [{nodes: [{nodes: [{nodes: [{nodes: "
            "[{nodes: [{nodes: "
            "[{nodes: [{nodes: [{nodes: [{nodes: [{statics: [{meta: m, value: "
            "v}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]",
            "2:"}));

struct Fine {
  const char* sentence;
  const char* yaml;
  size_t notes;
};
class Accepted : public testing::TestWithParam<Fine> {};
TEST_P(Accepted, PerhapsWithANote) {
  Parsers parsers;
  EXPECT_TRUE(parsers.add("s00-raw", GetParam().yaml)) << GetParam().sentence;
  EXPECT_EQ(parsers.notes.size(), GetParam().notes) << GetParam().sentence;
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Accepted,
    testing::Values(
        Fine{"a word of YAML 1.1 keeps its text",
             "name: a\nstatics: [{meta: m, value: yes}, {meta: n, value: 2.0}]", 0},
        Fine{"an unknown method", "name: a\nstatics: [{method: Nothing, value: v}]", 1},
        Fine{"a target that cannot be set", "name: a\nstatics: [{target: source_ip, value: v}]", 1},
        Fine{"a static within a grok that does nothing",
             "name: a\ngrok: {pattern: '%{WORD:w}', apply_on: m, statics: [{meta: x}, {value: v}]}", 2},
        Fine{"enriched within a grok",
             "name: a\ngrok: {pattern: '%{WORD:w}', apply_on: m, statics: [{enriched: x, value: v}]}", 0},
        Fine{"a document without name, description and author", "statics: [{meta: m, value: v}]", 1},
        Fine{"a document of a format to come", "name: a\nformat: 4.0\nstatics: [{meta: m, value: v}]", 1},
        Fine{"a stage written in the file is ignored", "name: a\nstage: s07\nstatics: [{meta: m, value: v}]",
             0},
        Fine{"data, references, debug",
             "name: a\ndebug: true\nreferences: [x]\ndata: []\nstatics: [{meta: m, value: v}]", 0}));

TEST(Load, StagesAreInTheOrderOfTheirNamesAndNodesInThatOfTheFiles) {
  Parsers parsers;
  ASSERT_TRUE(parsers.add("s01-parse", "name: later\nstatics: [{meta: m, value: v}]"));
  ASSERT_TRUE(parsers.add(
      "s00-raw", "name: b\nstatics: [{meta: m, value: v}]\n---\nname: c\nstatics: [{meta: m, value: v}]"));
  ASSERT_TRUE(parsers.add("s00-raw", "name: a\nstatics: [{meta: m, value: v}]"));
  parsers.finish();
  Strings order;
  for (const auto& stage : parsers.set.stages)
    for (const auto& node : stage.nodes) order.push_back(stage.name + " " + node->name);
  EXPECT_EQ(order, (Strings{"s00-raw b", "s00-raw c", "s00-raw a", "s01-parse later"}));
}

}  // namespace
}  // namespace testudo::parse
