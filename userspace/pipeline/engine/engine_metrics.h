// engine/engine_metrics.h: what the engine did, as counters for the scrape and as figures for `status`.
//
// Families and labels are CrowdSec's where it has them (admin-spec §5). Labels come from configuration and
// content (sources, nodes, scenarios), never from lines, so their number is bounded.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "engine/completion.h"
#include "engine/work.h"

namespace testudo {

struct SourceProgress;

class EngineMetrics {
 public:
  EngineMetrics(Metrics& metrics, std::function<size_t()> queued);
  ~EngineMetrics();

  // In order of batches, one call at a time:
  void overflow(const detect::Emitted& emitted);
  void done(const Work& work, const CompletionCounts& counts);

  // Any thread:
  std::vector<SourceProgress> progress() const;
  size_t buckets() const { return buckets_.load(std::memory_order_relaxed); }

 private:
  struct Source;
  Source& source_of(const SourceInfo& info);
  void count_lines(Source& source, const LineCounts& counts);
  void count_nodes(Source& source, const Work& work);
  void count_pours(Source& source, const Work& work);
  void count_scenario(const ScenarioDelta& delta);
  Counter& scenario_counter(const char* family, const char* help, const std::string& name);

  Metrics& metrics_;
  mutable std::mutex mutex_;  // sources_
  std::map<uint32_t, std::unique_ptr<Source>> sources_;
  std::vector<uint32_t> pours_, touched_;  // scratch, by scenario
  std::atomic<size_t> buckets_{0};
};

}  // namespace testudo
