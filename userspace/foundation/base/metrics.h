// base/metrics.h: counters that the hot path can afford, and the list that exposition reads.
//
// A room asks once for a handle and then adds to an atomic; names and labels are looked up only then and at
// scrape time. Families that are better computed at scrape time (active decisions, kernel counters) are
// collectors. services/api turns the samples into Prometheus text. Label values may come from logs: a
// family holds at most 2,000 rows, what comes later is counted in the row whose labels all say "other".
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace testudo {

using Labels = std::vector<std::pair<std::string, std::string>>;

/// Monotonic. Relaxed: a scrape may be a few events behind.
class Counter {
 public:
  void add(uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Gauge {
 public:
  void set(double v) { value_.store(v, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), buckets_(bounds_.size() + 1) {}
  void observe(double v);
  const std::vector<double>& bounds() const { return bounds_; }
  uint64_t bucket(size_t i) const { return buckets_[i].value(); }  ///< not cumulative; the last one is +Inf
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> bounds_;
  std::vector<Counter> buckets_;
  std::atomic<double> sum_{0};
};

enum class MetricType { counter, gauge, histogram };

struct MetricSample {
  Labels labels;
  double value = 0;
  const Histogram* histogram = nullptr;  ///< for histograms, instead of value
};
struct MetricFamily {
  std::string name, help;
  MetricType type;
  std::vector<MetricSample> samples;
};

class Metrics {
 public:
  /// Handles stay valid as long as the registry. The same name and labels give the same handle.
  Counter& counter(const std::string& name, const std::string& help, Labels labels = {});
  Gauge& gauge(const std::string& name, const std::string& help, Labels labels = {});
  Histogram& histogram(const std::string& name, const std::string& help, std::vector<double> bounds,
                       Labels labels = {});

  /// Called at each scrape; appends families. Must not block for long.
  using Collector = std::function<void(std::vector<MetricFamily>&)>;
  void add_collector(Collector collector);

  std::vector<MetricFamily> collect() const;

 private:
  struct Row {
    Labels labels;
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Gauge> gauge;
    std::unique_ptr<Histogram> histogram;
  };
  struct Family {
    std::string name, help;
    MetricType type;
    std::vector<std::unique_ptr<Row>> rows;
  };
  Row& row(const std::string& name, const std::string& help, MetricType type, Labels labels);

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Family>> families_;
  std::vector<Collector> collectors_;
};

}  // namespace testudo
