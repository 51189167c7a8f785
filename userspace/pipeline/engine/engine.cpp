#include "engine/engine.h"

#include <set>
#include <utility>

#include "base/log.h"
#include "base/thread.h"

namespace testudo {
namespace {
constexpr size_t kQueue = 64;  // batches; each holds at most a mebibyte
}

/// Counters of one source; handles are asked for once.
struct Engine::SourceState {
  SourceProgress progress;
  Labels labels;     // source, type
  Labels cs_labels;  // the same with the bare path
  Labels labels3;    // cs_labels and acquis_type
  Counter *read, *parsed, *unparsed, *whitelisted, *failed, *ambiguous, *late;
  Counter *cs_hits, *cs_ok, *cs_ko;
  std::map<std::string, std::array<Counter*, 3>> nodes;  // hits, ok, ko
  std::map<std::string, Counter*> poured;
  std::set<std::string> fed;
};

Engine::Engine(std::shared_ptr<const Program> program, WorkerOptions options, Metrics& metrics,
               EngineHooks hooks)
    : metrics_(metrics), hooks_(std::move(hooks)), queue_(kQueue), program_(std::move(program)) {
  worker_ = std::make_unique<Worker>(program_, options);
  metrics_.add_collector([this](std::vector<MetricFamily>& out) {
    out.push_back({"testudo_queue_batches",
                   "batches of lines that wait for the engine",
                   MetricType::gauge,
                   {{{}, double(queue_.size()), nullptr}}});
    out.push_back(
        {"testudo_buckets", "buckets in memory", MetricType::gauge, {{{}, double(buckets()), nullptr}}});
  });
}

Engine::~Engine() { stop(); }

void Engine::start() {
  thread_ = std::thread([this] { run(); });
}

void Engine::stop() {
  queue_.close();
  if (thread_.joinable()) thread_.join();
}

bool Engine::push(LineBatch&& batch) { return queue_.push(std::move(batch)); }

void Engine::reload(std::shared_ptr<const Program> program) {
  const std::lock_guard lock(mutex_);
  pending_ = std::move(program);
}

std::shared_ptr<const Program> Engine::program() const {
  const std::lock_guard lock(mutex_);
  return pending_ ? pending_ : program_;
}

std::vector<SourceProgress> Engine::progress() const {
  const std::lock_guard lock(mutex_);
  std::vector<SourceProgress> out;
  for (const auto& [id, state] : sources_) {
    out.push_back(state->progress);
    out.back().fed.assign(state->fed.begin(), state->fed.end());
  }
  return out;
}

void Engine::run() {
  be_prompt("testudo-engine");
  std::vector<Alert> alerts;
  TimePoint last_sweep{};
  for (;;) {
    auto batch = queue_.pop(1s);
    {
      std::shared_ptr<const Program> next;
      {
        const std::lock_guard lock(mutex_);
        next = std::move(pending_);
        pending_ = nullptr;
        if (next) program_ = next;
      }
      if (next) worker_->adopt(next);
    }
    const TimePoint at = now();
    if (at - last_sweep > 1s) {
      alerts.clear();
      worker_->tick(at, 4096, alerts);
      for (Alert& alert : alerts) hooks_.on_alert(std::move(alert));
      buckets_.store(worker_->shards().buckets(), std::memory_order_relaxed);
      last_sweep = at;
    }
    if (!batch) {
      if (queue_.closed()) return;
      continue;
    }
    alerts.clear();
    const LineCounts counts = worker_->run(*batch, alerts);
    for (Alert& alert : alerts) hooks_.on_alert(std::move(alert));
    account(*batch, counts);
    if (!batch->resume.key.empty()) hooks_.on_done({batch->resume});
  }
}

Engine::SourceState& Engine::state_of(const SourceInfo& source) {
  auto& slot = sources_[source.id];
  if (slot) return *slot;
  slot = std::make_unique<SourceState>();
  SourceState& s = *slot;
  s.progress.type = source.type;
  s.progress.name = source.name;
  s.progress.log_type = source.label("type");
  const std::string name = source.type + ":" + source.name;
  s.labels = {{"source", name}, {"type", source.type}};
  // CrowdSec's families name the path alone; dashboards match on it.
  s.cs_labels = {{"source", source.name}, {"type", source.type}};
  s.labels3 = s.cs_labels;
  s.labels3.emplace_back("acquis_type", s.progress.log_type);
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
  s.cs_hits = &metrics_.counter("cs_parser_hits_total", "lines that reached the parsers", s.cs_labels);
  s.cs_ok = &metrics_.counter("cs_parser_hits_ok_total", "lines that were parsed", s.labels3);
  s.cs_ko = &metrics_.counter("cs_parser_hits_ko_total", "lines that no parser took", s.labels3);
  return s;
}

void Engine::account(const LineBatch& batch, const LineCounts& counts) {
  const std::lock_guard lock(mutex_);
  SourceState& s = state_of(*batch.source);
  s.progress.counts.add(counts);
  s.read->add(counts.read);
  s.parsed->add(counts.parsed);
  s.unparsed->add(counts.unparsed);
  s.whitelisted->add(counts.whitelisted);
  s.failed->add(counts.failed);
  s.ambiguous->add(counts.ambiguous);
  s.late->add(counts.late);
  s.cs_hits->add(counts.read);
  s.cs_ok->add(counts.parsed);
  s.cs_ko->add(counts.unparsed + counts.failed);
  count_nodes(s);
  count_scenarios(s);
  parse::RunContext& context = worker_->context();
  if (context.expression_errors) {
    metrics_
        .counter("testudo_expression_errors_total", "expressions that failed on a line and counted as false")
        .add(context.expression_errors);
    context.expression_errors = 0;
  }
}

void Engine::count_nodes(SourceState& source) {
  parse::RunContext& context = worker_->context();
  context.settle(*worker_->program().parsers);
  for (const auto& stage : worker_->program().parsers->stages)
    for (const auto& node : stage.nodes) {
      uint64_t& hits = context.hits[node->id];
      uint64_t& ok = context.ok[node->id];
      if (hits == 0) continue;
      auto& handles = source.nodes[stage.name + "/" + node->name];
      if (!handles[0]) {
        Labels labels = source.cs_labels;
        labels.insert(
            labels.end(),
            {{"name", node->name}, {"stage", stage.name}, {"acquis_type", source.progress.log_type}});
        handles = {
            &metrics_.counter("cs_node_hits_total", "lines that a parser node looked at", labels),
            &metrics_.counter("cs_node_hits_ok_total", "lines that a parser node took", labels),
            &metrics_.counter("cs_node_hits_ko_total", "lines that a parser node did not take", labels)};
      }
      handles[0]->add(hits);
      handles[1]->add(ok);
      handles[2]->add(hits - ok);
      hits = ok = 0;
    }
}

void Engine::count_scenarios(SourceState& source) {
  worker_->drain_counters(fresh_, changed_);
  for (const uint32_t id : changed_) {
    const detect::ScenarioCounters c = std::exchange(fresh_[id], {});
    const std::string& name = worker_->program().scenarios->scenarios[id]->name;
    if (c.poured) {
      Counter*& poured = source.poured[name];
      if (!poured) {
        Labels labels = source.cs_labels;
        labels.emplace_back("name", name);
        poured = &metrics_.counter("cs_bucket_poured_total", "events poured into buckets", labels);
        source.fed.insert(name);
      }
      poured->add(c.poured);
    }
    const auto count = [&](const char* family, const char* help, uint64_t fresh) {
      if (fresh) metrics_.counter(family, help, {{"name", name}}).add(fresh);
    };
    count("cs_bucket_overflowed_total", "buckets that overflowed", c.overflowed);
    count("cs_bucket_instantiation_total", "buckets that were made", c.created);
    count("cs_bucket_created_total", "buckets that were made (name used by older dashboards)", c.created);
    count("cs_bucket_underflowed_total", "buckets that ran empty", c.underflowed);
    count("cs_bucket_canceled_total", "buckets that cancel_on ended", c.cancelled);
    count("testudo_bucket_blackholed_total", "overflows that the scenario's blackhole swallowed",
          c.blackholed);
    count("testudo_bucket_filtered_total", "overflows that the scenario's overflow_filter refused",
          c.filtered);
    count("testudo_bucket_evicted_total", "buckets given up for lack of room", c.evicted);
    count("testudo_bucket_errors_total", "expressions of a scenario that failed", c.errors);
    count("testudo_bucket_no_source_total", "overflows without a usable source address", c.no_source);
  }
}

}  // namespace testudo
