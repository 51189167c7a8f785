// What the engine counts for the scrape, under the names that dashboards know.
#include "engine/engine.h"
#include "support/lines.h"

namespace testudo {
namespace {

using support::Content;

double value(const Metrics& metrics, const std::string& family, const Labels& labels) {
  for (const MetricFamily& f : metrics.collect())
    if (f.name == family)
      for (const MetricSample& s : f.samples)
        if (s.labels == labels) return s.value;
  return -1;
}

TEST(EngineMetrics, CountLinesNodesPoursOverflowsAndWhatFailed) {
  Content content;
  content.parser("s00-raw", "a", R"(
name: me/a
grok:
  pattern: '^%{IP:ip} %{WORD:word}$'
  apply_on: Line.Raw
  statics: [{meta: source_ip, expression: evt.Parsed.ip}, {meta: word, expression: evt.Parsed.word}]
)");
  content.scenario("s", R"(
type: leaky
name: me/s
description: d
filter: evt.Meta.word == 'x'
groupby: evt.Meta.source_ip
capacity: 1
leakspeed: 1h
)");
  content.scenario("f", "type: trigger\nname: me/f\ndescription: d\nfilter: evt.Unmarshaled.a.b == 'c'\n");
  content.postoverflow(
      "s01-whitelist", "w",
      "name: w\nwhitelist: {reason: r, expression: [\"evt.Overflow.Alert.Source.IP == '192.0.2.9'\"]}\n");
  Metrics metrics;
  std::vector<Alert> alerts;
  EngineHooks hooks;
  hooks.on_alert = [&](Alert&& alert) { alerts.push_back(std::move(alert)); };
  hooks.on_done = [](std::vector<Position>) {};
  Engine engine(content.load(), {}, metrics, hooks);
  engine.start();
  auto source = std::make_shared<SourceInfo>();
  source->id = 1;
  source->type = "file";
  source->name = "/var/log/x.log";
  source->labels = {{"type", "t"}};
  const auto push = [&](const std::string& line) {
    LineBatch batch;
    batch.bytes = std::make_shared<const std::string>(line);
    batch.lines = {*batch.bytes};
    batch.source = source;
    batch.arrived = now();
    ASSERT_TRUE(engine.push(std::move(batch)));
  };
  for (const char* line :
       {"192.0.2.1 x", "192.0.2.1 x", "192.0.2.9 x", "192.0.2.9 x", "192.0.2.2 x", "nobody knows this"})
    push(line);
  engine.stop();
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].source.value, "192.0.2.1");
  const Labels bare{{"source", "/var/log/x.log"}, {"type", "file"}};
  EXPECT_EQ(value(metrics, "cs_parser_hits_total", bare), 6);
  Labels typed = bare;
  typed.emplace_back("acquis_type", "t");
  EXPECT_EQ(value(metrics, "cs_parser_hits_ok_total", typed), 5);
  EXPECT_EQ(value(metrics, "cs_parser_hits_ko_total", typed), 1);
  Labels poured = bare;
  poured.emplace_back("name", "me/s");
  EXPECT_EQ(value(metrics, "cs_bucket_poured_total", poured), 5);
  EXPECT_EQ(value(metrics, "cs_bucket_overflowed_total", {{"name", "me/s"}}), 2);
  EXPECT_EQ(value(metrics, "testudo_overflows_whitelisted_total", {{"name", "me/s"}}), 1);
  EXPECT_EQ(value(metrics, "testudo_bucket_errors_total", {{"name", "me/f"}}), 5);
  EXPECT_EQ(value(metrics, "testudo_buckets", {}), 1);
  EXPECT_EQ(engine.progress().at(0).fed, std::vector<std::string>{"me/s"});
}

}  // namespace
}  // namespace testudo
