#include "engine/engine_metrics.h"

#include "engine/engine.h"

namespace testudo {

/// Counters of one source; handles are asked for once.
struct EngineMetrics::Source {
  SourceProgress progress;
  Labels labels;       // source, type
  Labels bare_labels;  // the same with the bare path: CrowdSec's families name it so, dashboards match on it
  Counter *read, *parsed, *unparsed, *whitelisted, *failed, *ambiguous, *late, *refusals, *transform_errors;
  Counter *cs_hits, *cs_ok, *cs_ko;
  std::map<std::string, std::array<Counter*, 3>> nodes;  // hits, ok, ko
  std::map<std::string, Counter*> poured;
  std::set<std::string> fed;
};

EngineMetrics::EngineMetrics(Metrics& metrics, std::function<size_t()> queued) : metrics_(metrics) {
  metrics_.add_collector([this, queued = std::move(queued)](std::vector<MetricFamily>& out) {
    out.push_back({"testudo_queue_batches",
                   "batches of lines that wait for the engine",
                   MetricType::gauge,
                   {{{}, double(queued()), nullptr}}});
    out.push_back(
        {"testudo_buckets", "buckets in memory", MetricType::gauge, {{{}, double(buckets()), nullptr}}});
  });
}
EngineMetrics::~EngineMetrics() = default;

std::vector<SourceProgress> EngineMetrics::progress() const {
  const std::lock_guard lock(mutex_);
  std::vector<SourceProgress> out;
  for (const auto& [id, source] : sources_) {
    out.push_back(source->progress);
    out.back().fed.assign(source->fed.begin(), source->fed.end());
  }
  return out;
}

EngineMetrics::Source& EngineMetrics::source_of(const SourceInfo& info) {
  auto& slot = sources_[info.id];
  if (slot) return *slot;
  slot = std::make_unique<Source>();
  Source& s = *slot;
  s.progress.type = info.type;
  s.progress.name = info.name;
  s.progress.log_type = info.label("type");
  s.labels = {{"source", info.type + ":" + info.name}, {"type", info.type}};
  s.bare_labels = {{"source", info.name}, {"type", info.type}};
  Labels with_type = s.bare_labels;
  with_type.emplace_back("acquis_type", s.progress.log_type);
  const auto lines = [&](const char* result) -> Counter* {
    Labels labels = s.labels;
    labels.emplace_back("result", result);
    return &metrics_.counter("testudo_lines_total", "lines by source and by what became of them",
                             std::move(labels));
  };
  s.read = lines("read");
  s.parsed = lines("parsed");
  s.unparsed = lines("unparsed");
  s.whitelisted = lines("whitelisted");
  s.failed = lines("failed");
  s.ambiguous = &metrics_.counter("testudo_lines_ambiguous_total",
                                  "lines whose source could be another address in the line", s.labels);
  s.late =
      &metrics_.counter("testudo_lines_late_total",
                        "lines that were read long after they were written, poured in log time", s.labels);
  s.refusals =
      &metrics_.counter("testudo_lines_own_refusals_total",
                        "a web server's refusals of an address that is banned: not poured", s.labels);
  s.transform_errors = &metrics_.counter(
      "testudo_transform_errors_total",
      "lines that the source's transform could not make anything of: parsed as they are", s.labels);
  s.cs_hits = &metrics_.counter("cs_parser_hits_total", "lines that reached the parsers", s.bare_labels);
  s.cs_ok = &metrics_.counter("cs_parser_hits_ok_total", "lines that were parsed", with_type);
  s.cs_ko = &metrics_.counter("cs_parser_hits_ko_total", "lines that no parser took", with_type);
  return s;
}

void EngineMetrics::overflow(const detect::Emitted& emitted) {
  if (!emitted.overflow.whitelisted || emitted.overflow.alerts.empty()) return;
  scenario_counter("testudo_overflows_whitelisted_total", "overflows that a postoverflow whitelisted",
                   emitted.overflow.alerts.front().scenario)
      .add();
}

void EngineMetrics::done(const Work& work, const CompletionCounts& counts) {
  if (work.lines.source) {
    const std::lock_guard lock(mutex_);
    Source& s = source_of(*work.lines.source);
    s.progress.counts.add(work.counts);
    count_lines(s, work.counts);
    count_nodes(s, work);
    count_pours(s, work);
  }
  const auto count = [&](const char* family, const char* help, uint64_t n) {
    if (n) metrics_.counter(family, help).add(n);
  };
  const auto expression_errors = [&](const char* where, uint64_t n) {
    if (n)
      metrics_
          .counter("testudo_expression_errors_total",
                   "expressions that failed on an event and counted as false", {{"in", where}})
          .add(n);
  };
  expression_errors("parsers", work.counts.expression_errors);
  expression_errors("postoverflows", counts.expression_errors);
  count("testudo_overflows_reprocessed_total", "overflows that were poured again", counts.reprocessed);
  count("testudo_overflows_too_deep_total",
        "overflows of overflows that were not poured again: content feeds itself", counts.too_deep);
  for (const ScenarioDelta& delta : work.match_deltas) count_scenario(delta);
  for (const auto& deltas : work.deltas)
    for (const ScenarioDelta& delta : deltas) count_scenario(delta);
  if (work.tick != TimePoint{}) {
    size_t all = 0;
    for (const size_t n : work.buckets) all += n;
    buckets_.store(all, std::memory_order_relaxed);
  }
}

void EngineMetrics::count_lines(Source& s, const LineCounts& counts) {
  s.read->add(counts.read);
  s.parsed->add(counts.parsed);
  s.unparsed->add(counts.unparsed);
  s.whitelisted->add(counts.whitelisted);
  s.failed->add(counts.failed);
  s.ambiguous->add(counts.ambiguous);
  s.late->add(counts.late);
  s.refusals->add(counts.refusals);
  s.transform_errors->add(counts.transform_errors);
  s.cs_hits->add(counts.parsed + counts.unparsed + counts.failed);
  s.cs_ok->add(counts.parsed);
  s.cs_ko->add(counts.unparsed + counts.failed);
}

void EngineMetrics::count_nodes(Source& source, const Work& work) {
  if (work.nodes.empty()) return;
  size_t at = 0;  // both lists ascend by id within a stage's nodes
  for (const auto& stage : work.program->parsers->stages)
    for (const auto& node : stage.nodes) {
      const auto found = std::find_if(work.nodes.begin(), work.nodes.end(),
                                      [&](const Work::NodeCount& n) { return n.node == node->id; });
      if (found == work.nodes.end()) continue;
      auto& handles = source.nodes[stage.name + "/" + node->name];
      if (!handles[0]) {
        Labels labels = source.bare_labels;
        labels.insert(
            labels.end(),
            {{"name", node->name}, {"stage", stage.name}, {"acquis_type", source.progress.log_type}});
        handles = {
            &metrics_.counter("cs_node_hits_total", "lines that a parser node looked at", labels),
            &metrics_.counter("cs_node_hits_ok_total", "lines that a parser node took", labels),
            &metrics_.counter("cs_node_hits_ko_total", "lines that a parser node did not take", labels)};
      }
      handles[0]->add(found->hits);
      handles[1]->add(found->ok);
      handles[2]->add(found->hits - found->ok);
      if (++at == work.nodes.size()) return;
    }
}

void EngineMetrics::count_pours(Source& source, const Work& work) {
  const auto& scenarios = work.program->scenarios->scenarios;
  pours_.resize(std::max(pours_.size(), scenarios.size()));
  for (const auto& list : work.pours.records)
    for (const detect::PourRecord& record : list)
      if (pours_[record.scenario]++ == 0) touched_.push_back(record.scenario);
  for (const uint32_t id : touched_) {
    const std::string& name = scenarios[id]->name;
    Counter*& poured = source.poured[name];
    if (!poured) {
      Labels labels = source.bare_labels;
      labels.emplace_back("name", name);
      poured = &metrics_.counter("cs_bucket_poured_total", "events poured into buckets", labels);
      source.fed.insert(name);
    }
    poured->add(std::exchange(pours_[id], 0));
  }
  touched_.clear();
}

Counter& EngineMetrics::scenario_counter(const char* family, const char* help, const std::string& name) {
  return metrics_.counter(family, help, {{"name", name}});
}

void EngineMetrics::count_scenario(const ScenarioDelta& delta) {
  const detect::ScenarioCounters& c = delta.counters;
  const auto count = [&](const char* family, const char* help, uint64_t fresh) {
    if (fresh) scenario_counter(family, help, delta.name).add(fresh);
  };
  count("cs_bucket_overflowed_total", "buckets that overflowed", c.overflowed);
  count("cs_bucket_instantiation_total", "buckets that were made", c.created);
  count("cs_bucket_created_total", "buckets that were made (name used by older dashboards)", c.created);
  count("cs_bucket_underflowed_total", "buckets that ran empty", c.underflowed);
  count("cs_bucket_canceled_total", "buckets that cancel_on ended", c.cancelled);
  count("testudo_bucket_filtered_total", "overflows that the scenario's overflow_filter refused", c.filtered);
  count("testudo_bucket_blackholed_total", "overflows that the scenario's blackhole swallowed", c.blackholed);
  count("testudo_bucket_evicted_total", "buckets given up for lack of room", c.evicted);
  count("testudo_bucket_errors_total", "expressions of a scenario that failed", c.errors);
  count("testudo_bucket_no_source_total", "overflows without a usable source address", c.no_source);
}

}  // namespace testudo
