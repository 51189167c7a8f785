#include "api/exposition.h"

#include <gtest/gtest.h>

#include "api/serve.h"
#include "api/server.h"

namespace testudo {
namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Exposition, WritesCountersGaugesAndHistogramsAsPrometheusReadsThem) {
  Metrics metrics;
  metrics.counter("cs_parser_hits_total", "Lines.", {{"source", "/var/log/auth.log"}, {"type", "file"}})
      .add(3);
  metrics.gauge("cs_info", "Version.", {{"version", "0.1"}}).set(1);
  Histogram& histogram = metrics.histogram("testudo_reaction_seconds", "Reaction.", {0.5, 1});
  histogram.observe(0.2);
  histogram.observe(0.7);
  histogram.observe(9);
  const std::string text = exposition(metrics);
  for (const char* line :
       {"# TYPE cs_parser_hits_total counter",
        R"(cs_parser_hits_total{source="/var/log/auth.log",type="file"} 3)", "# TYPE cs_info gauge",
        R"(cs_info{version="0.1"} 1)", R"(testudo_reaction_seconds_bucket{le="0.5"} 1)",
        R"(testudo_reaction_seconds_bucket{le="1"} 2)", R"(testudo_reaction_seconds_bucket{le="+Inf"} 3)",
        "testudo_reaction_seconds_count 3"})
    EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
}

TEST(Exposition, LabelValuesFromALogBreakNoLine) {
  Metrics metrics;
  metrics.counter("x_total", "X.", {{"name", "a\"b\\c\nd\xff"}}).add();
  EXPECT_TRUE(has_line(exposition(metrics), "x_total{name=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\"} 1"))
      << exposition(metrics);
}

TEST(Exposition, OneFamilyAppearsOnceThoughRegistryAndCollectorBothHaveIt) {
  Metrics metrics;
  metrics.counter("x_total", "X.", {{"from", "registry"}}).add();
  metrics.add_collector([](std::vector<MetricFamily>& out) {
    out.push_back({"x_total", "X.", MetricType::counter, {{{{"from", "collector"}}, 2}}});
  });
  const std::string text = exposition(metrics);
  EXPECT_EQ(text.find("# TYPE x_total"), text.rfind("# TYPE x_total"));
  EXPECT_TRUE(has_line(text, R"(x_total{from="collector"} 2)"));
}

/// What a kernel would count.
struct CountingBackend : Backend {
  std::vector<DropCounter> drops;
  EnforceStatus now;
  Result<void> apply(std::span<const DecisionChange>) override { return {}; }
  Result<void> allow(std::span<const AllowChange>) override { return {}; }
  Result<void> reconcile(std::span<const DecisionChange>, std::span<const AllowChange>) override {
    return {};
  }
  Result<void> flush() override { return {}; }
  EnforceStatus status() override { return now; }
  std::vector<DropCounter> counters() override { return drops; }
  Result<std::vector<KernelEntry>> list(const Prefix*) override { return std::vector<KernelEntry>{}; }
};

TEST(KernelMetrics, CarryOriginScenarioRemediationAndFamily) {
  CountingBackend backend;
  backend.drops = {{"crowdsec", "crowdsecurity/ssh-bf", "ban", Family::v4, 10, 600},
                   {"crowdsec", "crowdsecurity/ssh-bf", "ban", Family::v6, 1, 90},
                   {"crowdsec", "crowdsecurity/ssh-bf", "ban", Family::v4, 5, 300}};
  backend.now.bans = 4;
  backend.now.ranges = 2;
  backend.now.allowed = 1;
  backend.now.passed_packets = 77;
  Metrics metrics;
  add_kernel_collector(metrics, backend);
  const std::string text = exposition(metrics);
  const std::string labels =
      R"({origin="crowdsec",scenario="crowdsecurity/ssh-bf",remediation="ban",family=)";
  EXPECT_TRUE(has_line(text, "testudo_dropped_packets_total" + labels + "\"ipv4\"} 15")) << text;
  EXPECT_TRUE(has_line(text, "testudo_dropped_packets_total" + labels + "\"ipv6\"} 1"));
  EXPECT_TRUE(has_line(text, "testudo_dropped_bytes_total" + labels + "\"ipv4\"} 900"));
  EXPECT_TRUE(has_line(text, "testudo_passed_packets_total 77"));
  EXPECT_TRUE(has_line(text, R"(testudo_kernel_entries{kind="ban"} 4)"));
  EXPECT_TRUE(has_line(text, R"(testudo_kernel_entries{kind="range"} 2)"));
  EXPECT_TRUE(has_line(text, R"(testudo_kernel_entries{kind="allow"} 1)"));
}

TEST(KernelMetrics, AreBoundedHoweverManyScenariosThereAre) {
  CountingBackend backend;
  for (int i = 0; i < 5000; ++i)
    backend.drops.push_back({"o", "s" + std::to_string(i), "ban", Family::v4, 1, 1});
  Metrics metrics;
  add_kernel_collector(metrics, backend);
  std::vector<MetricFamily> families = metrics.collect();
  double sum = 0;
  for (const MetricFamily& family : families) {
    if (family.name != "testudo_dropped_packets_total") continue;
    EXPECT_LE(family.samples.size(), 2001u);
    for (const MetricSample& sample : family.samples) sum += sample.value;
  }
  EXPECT_EQ(sum, 5000);
}

TEST(ProcessMetrics, TellMemoryDescriptorsAndStart) {
  Metrics metrics;
  add_process_collector(metrics);
  std::map<std::string, double> values;
  for (const MetricFamily& family : metrics.collect()) values[family.name] = family.samples.at(0).value;
  EXPECT_GT(values["process_resident_memory_bytes"], 100000);
  EXPECT_GE(values["process_open_fds"], 3);
  EXPECT_GT(values["process_max_fds"], values["process_open_fds"]);
  const double now_s = double(unix_seconds(now()));
  EXPECT_GT(values["process_start_time_seconds"], now_s - 3600);
  EXPECT_LE(values["process_start_time_seconds"], now_s + 2);
  EXPECT_TRUE(values.contains("process_cpu_seconds_total"));
}

TEST(MetricsServer, AnswersOnlyMetricsAndTheRoot) {
  Metrics metrics;
  metrics.counter("x_total", "X.").add(5);
  const auto get = [&](const char* method, const char* path) {
    Request request;
    request.method = method;
    request.path = path;
    return serve_metrics(metrics, request);
  };
  EXPECT_EQ(get("GET", "/metrics").status, 200);
  EXPECT_EQ(get("GET", "/metrics").content_type, kExpositionType);
  EXPECT_TRUE(has_line(get("GET", "/metrics").body, "x_total 5"));
  EXPECT_EQ(get("GET", "/").status, 200);
  EXPECT_EQ(get("POST", "/metrics").status, 405);
  EXPECT_EQ(get("GET", "/v1/decisions").status, 404);
  const auto server = MetricsServer::start("127.0.0.1:0", metrics);
  ASSERT_TRUE(server) << server.error().text();
  EXPECT_NE((*server)->port(), 0);
}

}  // namespace
}  // namespace testudo
