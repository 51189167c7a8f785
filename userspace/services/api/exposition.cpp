#include "api/exposition.h"

#include <prometheus/text_serializer.h>

#include <map>

#include "base/text.h"

namespace testudo {
namespace {

constexpr size_t kRows = 2000;

/// Prometheus wants UTF-8; label values may come from logs.
std::string clean(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    if (next_utf8(text, at) == 0xFFFFFFFF)
      out += "\xef\xbf\xbd";
    else
      out += text.substr(begin, at - begin);
  }
  return out;
}

prometheus::ClientMetric convert(const MetricSample& sample, MetricType type) {
  prometheus::ClientMetric out;
  for (const auto& [name, value] : sample.labels) out.label.push_back({name, clean(value)});
  if (type == MetricType::counter) {
    out.counter.value = sample.value;
  } else if (type == MetricType::gauge) {
    out.gauge.value = sample.value;
  } else if (sample.histogram) {
    const Histogram& histogram = *sample.histogram;
    uint64_t sum = 0;
    for (size_t i = 0; i < histogram.bounds().size(); ++i)
      out.histogram.bucket.push_back({sum += histogram.bucket(i), histogram.bounds()[i]});
    sum += histogram.bucket(histogram.bounds().size());
    out.histogram.bucket.push_back({sum, std::numeric_limits<double>::infinity()});
    out.histogram.sample_count = sum;
    out.histogram.sample_sum = histogram.sum();
  }
  return out;
}

MetricFamily family(const char* name, const char* help, MetricType type) { return {name, help, type, {}}; }

}  // namespace

std::string exposition(const Metrics& metrics) {
  std::vector<prometheus::MetricFamily> out;
  std::map<std::string, size_t> index;  // a name may come from the registry and from collectors: one family
  for (const MetricFamily& family : metrics.collect()) {
    const auto [at, fresh] = index.emplace(family.name, out.size());
    if (fresh) {
      prometheus::MetricFamily converted;
      converted.name = family.name;
      converted.help = family.help;
      converted.type = family.type == MetricType::counter ? prometheus::MetricType::Counter
                       : family.type == MetricType::gauge ? prometheus::MetricType::Gauge
                                                          : prometheus::MetricType::Histogram;
      out.push_back(std::move(converted));
    }
    for (const MetricSample& sample : family.samples)
      out[at->second].metric.push_back(convert(sample, family.type));
  }
  return prometheus::TextSerializer().Serialize(out);
}

void add_kernel_collector(Metrics& metrics, Backend& backend) {
  metrics.add_collector([&backend](std::vector<MetricFamily>& families) {
    MetricFamily packets =
        family("testudo_dropped_packets_total", "Packets dropped by the kernel.", MetricType::counter);
    MetricFamily bytes =
        family("testudo_dropped_bytes_total", "Bytes of packets dropped by the kernel.", MetricType::counter);
    std::map<Labels, std::pair<uint64_t, uint64_t>> rows;  // two policies may read the same
    for (const DropCounter& counter : backend.counters()) {
      Labels labels{{"origin", counter.origin},
                    {"scenario", counter.scenario},
                    {"remediation", counter.remediation},
                    {"family", counter.family == Family::v4 ? "ipv4" : "ipv6"}};
      if (rows.size() >= kRows && !rows.contains(labels))
        for (auto& [name, value] : labels) value = "other";
      auto& [p, b] = rows[labels];
      p += counter.packets;
      b += counter.bytes;
    }
    for (const auto& [labels, sums] : rows) {
      packets.samples.push_back({labels, double(sums.first)});
      bytes.samples.push_back({labels, double(sums.second)});
    }
    const EnforceStatus status = backend.status();
    MetricFamily passed =
        family("testudo_passed_packets_total", "Packets that matched no decision.", MetricType::counter);
    passed.samples.push_back({{}, double(status.passed_packets)});
    MetricFamily entries =
        family("testudo_kernel_entries", "Entries in the kernel's tables.", MetricType::gauge);
    entries.samples.push_back({{{"kind", "ban"}}, double(status.bans)});
    entries.samples.push_back({{{"kind", "range"}}, double(status.ranges)});
    entries.samples.push_back({{{"kind", "allow"}}, double(status.allowed)});
    for (MetricFamily* one : {&packets, &bytes, &passed, &entries})
      if (!one->samples.empty()) families.push_back(std::move(*one));
  });
}

}  // namespace testudo
