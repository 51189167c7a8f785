// The acquisition key `transform` rewrites lines, or makes several of one (engine-spec §8).
#include "engine/transform.h"

#include "support/lines.h"

namespace testudo {
namespace {

using support::Content;

struct Transformed {
  std::vector<std::string> values;  ///< of the events that came out
  LineCounts counts;
};

Transformed run(const std::string& transform, const std::string& line) {
  Content content;
  content.parser("s00-raw", "a", R"(
name: a
grok:
  pattern: '^(?s)(?P<all>%{GREEDYDATA:rest})$'
  apply_on: Line.Raw
  statics: [{meta: source_ip, value: 192.0.2.1}, {meta: rest, expression: evt.Line.Raw}]
)");
  content.scenario("s", "type: trigger\nname: me/s\ndescription: d\nfilter: 'true'\n");
  Worker worker(content.load(), {});
  auto source = std::make_shared<SourceInfo>();
  source->type = "file";
  source->labels = {{"type", "t"}};
  source->transform = transform;
  LineBatch batch;
  batch.bytes = std::make_shared<const std::string>(line);
  batch.lines = {*batch.bytes};
  batch.source = source;
  batch.arrived = *parse_rfc3339("2026-06-01T00:00:00Z");
  std::vector<Alert> alerts;
  Transformed out;
  out.counts = worker.run(batch, alerts);
  for (const Alert& a : alerts) out.values.push_back(*a.events.at(0).find("rest"));
  return out;
}
using Values = std::vector<std::string>;

TEST(Transform, TextReplacesTheLine) {
  const auto out = run("Upper(evt.Line.Raw)", "hello");
  EXPECT_EQ(out.values, Values{"HELLO"});
  EXPECT_EQ(out.counts.transformed, 1u);
}

TEST(Transform, AListOfTextIsOneEventForEach) {
  const auto out = run("Split(evt.Line.Raw, ';')", "a;b;c");
  EXPECT_EQ(out.values, (Values{"a", "b", "c"}));
  EXPECT_EQ(out.counts.read, 1u);
  EXPECT_EQ(out.counts.parsed, 3u);
}

TEST(Transform, NilLeavesTheLine) { EXPECT_EQ(run("nil", "x").values, Values{"x"}); }

TEST(Transform, WhatFailsLeavesTheLineAndIsCounted) {
  const auto out = run("evt.Unmarshaled.a.b + 'x'", "x");
  EXPECT_EQ(out.values, Values{"x"});
  EXPECT_EQ(out.counts.transform_errors, 1u);
}

TEST(Transform, SeesTheLabelsOfTheSource) {
  EXPECT_EQ(run("evt.Line.Labels.type + ':' + evt.Line.Raw", "x").values, Values{"t:x"});
}

TEST(Transform, MakesNoMoreThanAThousandOfOne) {
  std::string line;
  for (int i = 0; i < 5000; ++i) line += "x;";
  EXPECT_EQ(run("Split(evt.Line.Raw, ';')", line).values.size(), Transforms::kMaxElements);
}

TEST(Transform, IsRefusedWithItsPlace) {
  const auto program = Content().load();
  const Where where{"acquis.yaml", 7, 12};
  for (const char* bad : {"evt.Line.Rw", "1 +", "1 + 2", "Unknown(evt.Line.Raw)"}) {
    const auto checked = check_transform(bad, where, *program);
    ASSERT_FALSE(checked.ok()) << bad;
    EXPECT_EQ(checked.error().where.file, "acquis.yaml");
    EXPECT_EQ(checked.error().where.line, 7);
  }
  EXPECT_TRUE(check_transform("Split(evt.Line.Raw, ';')", where, *program).ok());
}

}  // namespace
}  // namespace testudo
