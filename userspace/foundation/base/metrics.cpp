#include "base/metrics.h"

#include <algorithm>

namespace testudo {

void Histogram::observe(double v) {
  const size_t i = size_t(std::lower_bound(bounds_.begin(), bounds_.end(), v) - bounds_.begin());
  buckets_[i].add();
  double old = sum_.load(std::memory_order_relaxed);
  while (!sum_.compare_exchange_weak(old, old + v, std::memory_order_relaxed)) {
  }
}

Metrics::Row& Metrics::row(const std::string& name, const std::string& help, MetricType type, Labels labels) {
  Family* family = nullptr;
  for (auto& f : families_)
    if (f->name == name) family = f.get();
  if (!family) family = families_.emplace_back(std::make_unique<Family>(Family{name, help, type, {}})).get();
  const auto find = [&]() -> Row* {
    for (auto& r : family->rows)
      if (r->labels == labels) return r.get();
    return nullptr;
  };
  if (Row* found = find()) return *found;
  if (family->rows.size() >= 2000) {
    for (auto& label : labels) label.second = "other";
    if (Row* found = find()) return *found;
  }
  auto& fresh = family->rows.emplace_back(std::make_unique<Row>());
  fresh->labels = std::move(labels);
  return *fresh;
}

Counter& Metrics::counter(const std::string& name, const std::string& help, Labels labels) {
  const std::lock_guard lock(mutex_);
  Row& r = row(name, help, MetricType::counter, std::move(labels));
  if (!r.counter) r.counter = std::make_unique<Counter>();
  return *r.counter;
}

Gauge& Metrics::gauge(const std::string& name, const std::string& help, Labels labels) {
  const std::lock_guard lock(mutex_);
  Row& r = row(name, help, MetricType::gauge, std::move(labels));
  if (!r.gauge) r.gauge = std::make_unique<Gauge>();
  return *r.gauge;
}

Histogram& Metrics::histogram(const std::string& name, const std::string& help, std::vector<double> bounds,
                              Labels labels) {
  const std::lock_guard lock(mutex_);
  Row& r = row(name, help, MetricType::histogram, std::move(labels));
  if (!r.histogram) r.histogram = std::make_unique<Histogram>(std::move(bounds));
  return *r.histogram;
}

void Metrics::add_collector(Collector collector) {
  const std::lock_guard lock(mutex_);
  collectors_.push_back(std::move(collector));
}

std::vector<MetricFamily> Metrics::collect() const {
  std::vector<MetricFamily> out;
  std::vector<Collector> collectors;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& family : families_) {
      MetricFamily f{family->name, family->help, family->type, {}};
      for (const auto& r : family->rows) {
        MetricSample sample{r->labels, 0, r->histogram.get()};
        if (r->counter) sample.value = double(r->counter->value());
        if (r->gauge) sample.value = r->gauge->value();
        f.samples.push_back(std::move(sample));
      }
      out.push_back(std::move(f));
    }
    collectors = collectors_;
  }
  for (const auto& collector : collectors) collector(out);
  return out;
}

}  // namespace testudo
