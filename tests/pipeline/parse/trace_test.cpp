// What a watcher of one line sees.
#include "parse/trace.h"

#include "nodes.h"

namespace testudo::parse {
namespace {

using Strings = std::vector<std::string>;

struct Notes : Trace {
  explicit Notes(const Parsers& parsers, bool detailed) : parsers_(parsers), detailed_(detailed) {}
  void node(const ParserSet::Stage& stage, const Node& node, const Event& event, bool ok) override {
    seen.push_back(stage.name + " " + node.name + (ok ? " yes " : " no ") + std::string(event.stage_name));
  }
  bool detailed() const override { return detailed_; }
  void enter(const Node&, int depth) override { seen.push_back("enter " + std::to_string(depth)); }
  void filter(const Node&, expr::Expression::Truth truth, std::string_view error) override {
    seen.push_back("filter " + std::to_string(int(truth)) + (error.empty() ? "" : " error"));
  }
  void grok(const Node&, std::string_view subject, bool matched) override {
    seen.push_back("grok " + std::string(subject) + (matched ? " yes" : " no"));
  }
  void set(const Node&, SlotRef slot, std::string_view value) override {
    seen.push_back("set " + parsers_.slots.name(slot) + "=" + std::string(value));
  }
  void set_field(const Node&, EventField field, std::string_view value) override {
    seen.push_back("field " + std::string(field.path) + "=" + std::string(value));
  }
  void method(const Node&, const Enricher& method, std::string_view argument) override {
    seen.push_back(std::string(method.name) + "(" + std::string(argument) + ")");
  }
  void whitelisted(const Node&, std::string_view reason) override {
    seen.push_back("whitelisted " + std::string(reason));
  }
  void leave(const Node&, int depth, bool ok) override {
    seen.push_back("leave " + std::to_string(depth) + (ok ? " yes" : " no"));
  }
  Strings seen;

 private:
  const Parsers& parsers_;
  bool detailed_;
};

constexpr const char* kTwoStages[][2] = {{"s00-raw", R"(
name: never
filter: evt.Line.Raw == 'something else'
statics: [{parsed: p, value: v}]
---
name: words
onsuccess: next_stage
nodes:
  - grok: {pattern: '^%{INT:number}$', apply_on: Line.Raw}
  - grok: {pattern: '^%{WORD:word}$', apply_on: Line.Raw, statics: [{meta: kind, value: word}]}
---
name: too late
statics: [{parsed: p, value: v}]
)"},
                                         {"s01-parse", R"(
name: faulty
filter: evt.Overflow.Alert.Remediation
statics: [{parsed: p, value: v}]
---
name: dates
statics:
  - {target: evt.StrTime, value: '2021-03-04T05:06:07Z'}
  - {method: ParseDate, expression: evt.StrTime}
---
name: ours
whitelist: {reason: ours, expression: [evt.Parsed.word == 'hello']}
)"}};

TEST(Trace, SeesEachTopLevelNodeThatWasRunFailingOnesToo) {
  Parsers parsers;
  for (const auto& [stage, yaml] : kTwoStages) ASSERT_TRUE(parsers.add(stage, yaml));
  Lines lines(parsers);
  Notes notes(parsers, false);
  lines.context.trace = &notes;
  EXPECT_EQ(lines.run("hello"), Outcome::whitelisted);
  EXPECT_EQ(notes.seen, (Strings{"s00-raw never no s00-raw", "s00-raw words yes s01-parse",
                                 "s01-parse faulty no s01-parse", "s01-parse dates yes s01-parse",
                                 "s01-parse ours yes s01-parse"}))
      << "what follows a node that moved the event on was not run";
}

TEST(Trace, SeesEveryStepWhenItAsksForDetails) {
  Parsers parsers;
  for (const auto& [stage, yaml] : kTwoStages) ASSERT_TRUE(parsers.add(stage, yaml));
  Lines lines(parsers);
  Notes notes(parsers, true);
  lines.context.trace = &notes;
  lines.run("hello");
  EXPECT_EQ(notes.seen, (Strings{"enter 0",
                                 "filter 0",
                                 "leave 0 no",
                                 "s00-raw never no s00-raw",  //
                                 "enter 0",                   //
                                 "enter 1",
                                 "grok hello no",
                                 "leave 1 no",  //
                                 "enter 1",
                                 "grok hello yes",
                                 "set word=hello",
                                 "set kind=word",
                                 "leave 1 yes",
                                 "leave 0 yes",
                                 "s00-raw words yes s01-parse",  //
                                 "enter 0",
                                 "filter 2 error",
                                 "leave 0 no",
                                 "s01-parse faulty no s01-parse",  //
                                 "enter 0",
                                 "field StrTime=2021-03-04T05:06:07Z",
                                 "ParseDate(2021-03-04T05:06:07Z)",
                                 "leave 0 yes",
                                 "s01-parse dates yes s01-parse",  //
                                 "enter 0",
                                 "whitelisted ours",
                                 "leave 0 yes",
                                 "s01-parse ours yes s01-parse"}));
}

TEST(Trace, DoesNotHearOfANodeThatRaisedAnError) {
  Parsers parsers;
  ASSERT_TRUE(parsers.add("s00-raw", "name: a\nstatics: [{meta: m, expression: \"1 == 1\"}]\n"));
  Lines lines(parsers);
  Notes notes(parsers, false);
  lines.context.trace = &notes;
  EXPECT_EQ(lines.run("x"), Outcome::failed);
  EXPECT_TRUE(notes.seen.empty());
}

TEST(SilentRun, CountsNothing) {
  Parsers parsers;
  for (const auto& [stage, yaml] : kTwoStages) ASSERT_TRUE(parsers.add(stage, yaml));
  Lines lines(parsers);
  lines.context.silent = true;
  EXPECT_EQ(lines.run("hello"), Outcome::whitelisted);
  lines.context.settle(parsers.set);
  EXPECT_EQ(lines.context.hits, std::vector<uint64_t>(6));
  EXPECT_EQ(lines.context.ok, std::vector<uint64_t>(6));
  EXPECT_EQ(lines.context.expression_errors, 0u);
  lines.context.silent = false;
  lines.run("hello");
  lines.context.settle(parsers.set);
  EXPECT_EQ(lines.context.hits, (std::vector<uint64_t>{1, 1, 0, 1, 1, 1}));
  EXPECT_EQ(lines.context.ok, (std::vector<uint64_t>{0, 1, 0, 0, 1, 1}));
  EXPECT_EQ(lines.context.expression_errors, 1u);
}

}  // namespace
}  // namespace testudo::parse
