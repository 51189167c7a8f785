// Jumping over nodes changes nothing: not the event, not the outcome, not the counters.
#include "nodes.h"
#include "parse/shape.h"

namespace testudo::parse {
namespace {

struct Watch : Trace {
  void node(const ParserSet::Stage&, const Node&, const Event&, bool) override {}
};

constexpr const char* kWords = R"y(
name: words
onsuccess: next_stage
grok: {pattern: '^(?:%{WORD:program} )?%{GREEDYDATA:message}$', apply_on: Line.Raw}
)y";
constexpr const char* kPrograms = R"y(
name: by label
filter: evt.Line.Labels.type == 'other'
statics: [{meta: seen, expression: "evt.Meta.seen + 'l'"}]
---
name: rename
filter: evt.Parsed.program == 'alias'
statics: [{parsed: program, value: sshd}, {meta: seen, expression: "evt.Meta.seen + 'r'"}]
---
name: sshd
filter: evt.Parsed.program in ['sshd', 'sshd-session']
statics: [{meta: service, value: ssh}, {meta: seen, expression: "evt.Meta.seen + 's'"}]
---
name: upper
filter: Upper(evt.Parsed.program) == 'SSHD' || evt.Parsed.program startsWith 'ng'
statics: [{meta: seen, expression: "evt.Meta.seen + 'u'"}]
---
name: service
filter: evt.Meta.service == 'ssh' && evt.Parsed.message contains 'x'
statics: [{meta: seen, expression: "evt.Meta.seen + 'v'"}]
---
name: two fields
filter: evt.Parsed.program in ['sshd', 'nginx'] && evt.Meta.service == 'ssh'
statics: [{meta: seen, expression: "evt.Meta.seen + '2'"}]
---
name: two fields and more
filter: evt.Meta.service == 'ssh' && evt.Parsed.message contains 'l' && evt.Parsed.program == 'sshd'
statics: [{meta: seen, expression: "evt.Meta.seen + '3'"}]
---
name: twice the same field
filter: evt.Parsed.program in ['sshd', 'nginx'] && evt.Parsed.program == 'sshd' && evt.Meta.service == 'ssh'
statics: [{meta: seen, expression: "evt.Meta.seen + 't'"}]
---
name: two fields of one source
filter: evt.Line.Labels.type == 'other' && evt.Parsed.program == 'sshd' && evt.Meta.service == 'ssh'
statics: [{meta: seen, expression: "evt.Meta.seen + 'o'"}]
---
name: service by program
filter: evt.Parsed.program startsWith 'session' || evt.Parsed.program == 'nginx'
statics: [{meta: service, value: ssh}]
---
name: needs
filter: evt.Parsed.program == 'nginx' && evt.Parsed.message contains 'a'
statics: [{meta: seen, expression: "evt.Meta.seen + 'n'"}]
---
name: fails
filter: evt.Parsed.program == 'cron' && evt.Overflow.Alert.Remediation
statics: [{meta: seen, expression: "evt.Meta.seen + 'f'"}]
---
name: loses
filter: evt.Parsed.program == 'lost'
statics: [{meta: seen, expression: "1 == 1"}]
---
name: children
nodes:
  - grok: {pattern: 'alpha %{WORD:alpha}', apply_on: message, statics: [{meta: seen, expression: "evt.Meta.seen + '1'"}]}
  - grok: {pattern: 'beta %{WORD:beta}', apply_on: message, statics: [{parsed: message, value: 'gamma ray'}]}
  - grok: {pattern: 'gamma %{WORD:gamma}', apply_on: message, statics: [{meta: seen, expression: "evt.Meta.seen + '3'"}]}
  - filter: evt.Parsed.program == 'nginx'
    statics: [{meta: seen, expression: "evt.Meta.seen + '4'"}]
  - grok: {pattern: 'delta(?:%{WORD:delta})?', apply_on: message}
statics: [{meta: seen, expression: "evt.Meta.seen + 'c'"}]
---
name: promoted
filter: evt.Parsed.program == 'nginx'
onsuccess: next_stage
statics: [{meta: seen, expression: "evt.Meta.seen + 'p'"}]
---
name: always
onsuccess: next_stage
statics: [{meta: seen, expression: "evt.Meta.seen + 'a'"}]
)y";

// Whitelists whose expressions begin with equalities, some of fields that a node of their stage writes.
constexpr const char* kLists = R"y(
name: by program
whitelist:
  reason: first
  expression:
    - evt.Parsed.program == 'sshd' && evt.Parsed.message contains 'alpha'
    - evt.Parsed.program in ['nginx', 'cron'] && evt.Meta.service == 'ssh' && evt.Parsed.message contains 'x'
    - evt.Meta.written == 'yes' && evt.Parsed.program == 'ngx'
---
name: writes
filter: evt.Parsed.program == 'ngx' || evt.Parsed.program == 'other'
statics: [{meta: written, value: yes}]
---
name: fails in between
whitelist:
  reason: second
  expression:
    - evt.Parsed.program == 'other' && evt.Overflow.Alert.Remediation
    - evt.Parsed.program == 'other' && evt.Meta.written == 'yes'
    - evt.Overflow.Alert.Remediation && evt.Parsed.program == 'x'
    - evt.Parsed.program == 'sshd-session'
statics: [{meta: listed, value: yes}]
---
name: below
nodes:
  - whitelist:
      reason: third
      expression: ["evt.Meta.written == 'yes' && evt.Parsed.program == 'ngx'", "evt.Parsed.program == 'alpha'"]
  - whitelist: {reason: fourth, expression: ["evt.Parsed.program == evt.Parsed.message"]}
)y";

std::string image(const Event& event, const SlotNames& names) {
  std::string out(event.stage_name);
  out.append(event.whitelisted ? " listed: " : " ").append(event.whitelist_reason);
  for (int bag = 0; bag < kBags; ++bag)
    for (const SlotId slot : event.bags[bag].present())
      out.append(" ").append(names.name({Bag(bag), slot})).append("=").append(event.bags[bag].get(slot));
  return out;
}

TEST(Plan, GivesTheSameAsRunningEveryNode) {
  Parsers parsers;
  ASSERT_TRUE(parsers.add("s00-raw", kWords));
  ASSERT_TRUE(parsers.add("s01-parse", kPrograms));
  ASSERT_TRUE(parsers.add("s02-enrich", kLists));
  ASSERT_TRUE(parsers.add("s02-enrich", "name: last\nstatics: [{meta: end, value: yes}]\n"));
  Lines planned(parsers);
  Lines plain(parsers);
  Watch watch;
  plain.context.trace = &watch;
  std::vector<std::string> words = {"alias",  "sshd",    "sshd-session", "SSHD",  "nginx",
                                    "ngx",    "cron",    "lost",         "other", "alpha b",
                                    "beta c", "gamma d", "deltae",       "x",     ""};
  words.push_back(std::string(100, 'p'));
  size_t compared = 0, listed = 0;
  for (const char* type : {"t", "other"})
    for (int round = 0; round < 2; ++round)  // the second time from memory
      for (const std::string& program : words)
        for (const std::string& message : words) {
          const std::string line = program + " " + message + " " + words[compared++ % words.size()];
          planned.source.labels = plain.source.labels = {{"type", type}};
          const Outcome outcome = planned.run(line);
          EXPECT_EQ(outcome, plain.run(line)) << line;
          listed += outcome == Outcome::whitelisted;
          EXPECT_EQ(image(planned.event, parsers.slots), image(plain.event, parsers.slots)) << line;
        }
  EXPECT_GT(listed, 100u);
  EXPECT_LT(listed, compared / 2);
  planned.context.settle(parsers.set);
  plain.context.settle(parsers.set);
  EXPECT_EQ(planned.context.hits, plain.context.hits);
  EXPECT_EQ(planned.context.ok, plain.context.ok);
  EXPECT_EQ(planned.context.expression_errors, plain.context.expression_errors);
  EXPECT_GT(plain.context.expression_errors, 0u);
}

TEST(Plan, RemembersNoMoreThanItMay) {
  Parsers parsers;
  ASSERT_TRUE(parsers.add("s00-raw", kWords));
  ASSERT_TRUE(parsers.add("s01-parse",
                          "name: a\nfilter: evt.Parsed.program == 'p7'\nstatics: [{meta: m, value: v}]\n"));
  Lines lines(parsers);
  for (int i = 0; i < 5000; ++i) {
    lines.source.labels = {{"type", "t" + std::to_string(i % 300)}};
    EXPECT_EQ(lines.run("p" + std::to_string(i) + " x"), i == 7 ? Outcome::parsed : Outcome::unparsed);
  }
  EXPECT_LE(lines.context.sources.size(), 64u);
}

struct Shape {
  const char* text;
  bool known;
  const char* field;  ///< "" when it hangs on labels alone
};
class Shapes : public testing::TestWithParam<Shape> {};
TEST_P(Shapes, AreToldFromTheWords) {
  const auto found = dependence(GetParam().text);
  ASSERT_EQ(found.has_value(), GetParam().known);
  if (found) {
    EXPECT_EQ(found->field.name, GetParam().field);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Shapes,
    testing::Values(Shape{"evt.Parsed.program == 'x'", true, "program"},
                    Shape{"evt.Line.Labels.type not in ['syslog', 'unifi']", true, ""},
                    Shape{"evt.Line.Labels.type == 'a' && Upper(evt.Meta.b) == 'C'", true, "b"},
                    Shape{"evt.Parsed.a == 'x' && evt.Parsed.b == 'y'", false, ""},
                    Shape{"evt.Parsed.a == 'x' && evt.Meta.a == 'y'", false, ""},
                    Shape{"evt.SetMeta('a', 'b')", false, ""}, Shape{"'a' in evt.Parsed", false, ""},
                    Shape{"evt.Parsed.a[0] == 1", false, ""},
                    Shape{"GetFromStash('a', evt.Parsed.a) == ''", false, ""},
                    Shape{"UnmarshalJSON(evt.Parsed.a, evt.Unmarshaled, 'a') == nil", false, ""},
                    Shape{"evt.Parsed.a == evt.Line.Raw", false, ""},
                    Shape{"let x = 1; evt.Parsed.a == 'x'", false, ""}));

}  // namespace
}  // namespace testudo::parse
