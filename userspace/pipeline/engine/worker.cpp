#include "engine/worker.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace testudo {
namespace {
constexpr size_t kTogether = 256;  // events that are matched before the shards take them
// Of group hashes in a replay: the same buckets are evicted in every run.
constexpr uint64_t kReplaySeed = 0x7e57ed0b0ca7a106ULL;
constexpr int64_t kLate = 5'000'000'000;  // a line read this long after its own stamp is a late one
}  // namespace

Worker::Worker(std::shared_ptr<const Program> program, WorkerOptions options)
    : program_(std::move(program)), options_(options) {
  event_ = std::make_unique<Event>(*program_->slots);
  context_ = std::make_unique<parse::RunContext>(*program_->parsers);
  texts_ = std::make_unique<expr::TextScan>(*program_->texts);
  context_->expr.texts = texts_.get();
  ambiguity_ = std::make_unique<Ambiguity>(*program_->parsers, *program_->slots);
  if (options_.replay && options_.shard.seed == 0) options_.shard.seed = kReplaySeed;
  matcher_ = std::make_unique<detect::Matcher>(program_->scenarios, program_->slots, options_.shard.seed);
  shards_ = std::make_unique<detect::Shards>(program_->scenarios, program_->slots, options_.shard);
}
Worker::~Worker() = default;

void Worker::adopt(std::shared_ptr<const Program> program) {
  shards_->adopt(program->scenarios, program->slots);
  matcher_ = std::make_unique<detect::Matcher>(program->scenarios, program->slots, options_.shard.seed);
  auto old = std::move(program_);  // the old content must outlive what points into it
  program_ = std::move(program);
  ambiguity_ = std::make_unique<Ambiguity>(*program_->parsers, *program_->slots);
  context_ = std::make_unique<parse::RunContext>(*program_->parsers);
  texts_ = std::make_unique<expr::TextScan>(*program_->texts);
  context_->expr.texts = texts_.get();
  event_ = std::make_unique<Event>(*program_->slots);
}

void Worker::tick(TimePoint t, size_t budget, std::vector<Alert>& alerts) {
  shards_->tick(t, budget, emitted_);
  hand_on(alerts);
}

void Worker::take(std::vector<Alert>& alerts) {
  shards_->take(pours_, emitted_);
  pours_.reset();
  hand_on(alerts);
}

void Worker::hand_on(std::vector<Alert>& alerts) {
  for (detect::Emitted& one : emitted_)
    for (Alert& alert : one.overflow.alerts) alerts.push_back(std::move(alert));
  emitted_.clear();
}

void Worker::drain_counters(std::vector<detect::ScenarioCounters>& totals, std::vector<uint32_t>& changed) {
  shards_->drain_counters(totals, changed);
  auto& matched = matcher_->counters();
  for (size_t id = 0; id < matched.size(); ++id) {
    if (matched[id].errors == 0) continue;
    totals[id].errors += std::exchange(matched[id].errors, 0);
    if (std::find(changed.begin(), changed.end(), id) == changed.end()) changed.push_back(uint32_t(id));
  }
}

LineCounts Worker::run(const LineBatch& batch, std::vector<Alert>& alerts) {
  LineCounts counts;
  if (!options_.replay && (batch.arrived != arrived_ || arrived_text_.empty())) {
    arrived_ = batch.arrived;
    arrived_text_ = format_rfc3339(arrived_);
  }
  context_->enrich.today = options_.replay ? options_.today : batch.arrived;
  context_->enrich.zone = zone_of(*batch.source);
  context_->enrich.replay = options_.replay;
  for (size_t i = 0; i < batch.lines.size(); ++i) {
    line(batch, i, counts);
    if (pours_.events.size() >= kTogether) take(alerts);
  }
  take(alerts);
  return counts;
}

void Worker::line(const LineBatch& batch, size_t index, LineCounts& counts) {
  Event& event = *event_;
  event.reset();
  event.raw = batch.lines[index];
  event.source = batch.source.get();
  event.src = event.source->name;
  event.module = event.source->type;
  event.arrived = batch.arrived;
  event.time = batch.arrived;
  event.line_number = ++lines_;
  event.log_time = options_.replay || event.source->log_time;
  ++counts.read;
  switch (parse::run_stages(*program_->parsers, event, *context_)) {
    case parse::Outcome::unparsed:
      ++counts.unparsed;
      return;
    case parse::Outcome::failed:
      ++counts.failed;
      return;
    case parse::Outcome::whitelisted:
      ++counts.parsed;
      ++counts.whitelisted;
      return;
    case parse::Outcome::parsed:
      ++counts.parsed;
      break;
  }
  if (!event.log_time) {
    const bool stamped = index < batch.stamps.size();
    if ((stamped || event.has_log_stamp) && is_late(batch, stamped ? batch.stamps[index] : event.log_stamp)) {
      event.log_time = true;
      ++counts.late;
      if (stamped && !event.has_log_stamp) {
        event.has_log_stamp = true;
        event.log_stamp = batch.stamps[index];
      }
    }
  }
  pour(batch, counts);
}

const parse::Zone& Worker::zone_of(const SourceInfo& source) {
  if (source.timezone.empty()) return options_.zone;
  const auto found = zones_.find(source.id);
  if (found != zones_.end()) return found->second;
  // Acquisition has checked the name; a zone file that vanished since then leaves the default.
  auto zone = parse::Zone::parse(source.timezone);
  return zones_.emplace(source.id, zone ? *zone : options_.zone).first->second;
}

bool Worker::is_late(const LineBatch& batch, TimePoint stamp) {
  SourceClock& clock = clocks_[batch.source->id];
  const int64_t lag = (batch.arrived - stamp).count();
  // A source that was read at its end says how far its clock is off: eight lines and a minute that agree
  // within two seconds. A minute, because a syslog daemon that was stuck hands over an hour of lines in one
  // second, and neighbours among those agree as well. While catching up nothing is learned.
  if (!batch.backlog) {
    if (std::llabs(lag - clock.candidate_ns) < 2'000'000'000) {
      if (++clock.agreeing >= 8 && batch.arrived - clock.since >= 1min) clock.offset_ns = clock.candidate_ns;
    } else {
      clock.candidate_ns = lag;
      clock.since = batch.arrived;
      clock.agreeing = 1;
    }
  }
  return lag - clock.offset_ns > kLate;
}

void Worker::pour(const LineBatch& batch, LineCounts& counts) {
  Event& event = *event_;
  detect::Matcher::What what{batch.arrived, arrived_text_, false, batch.arrived_mono, false};
  if (event.log_time && event.has_log_stamp) {
    what.t = event.log_stamp;
    if (options_.replay && what.t < options_.since) return;
    what.t_text = event.marshaled_time;
    if (what.t_text.empty()) what.t_text = late_text_ = format_rfc3339(what.t);
  } else if (event.log_time) {
    // A replayed event without a stamp cannot be poured, except into triggers, which fall back to now
    // (engine-spec §1.3).
    what.triggers_only = true;
    if (what.t_text.empty()) what.t_text = late_text_ = format_rfc3339(what.t);
  }
  context_->expr.event = &event;
  context_->expr.arena = &event.arena;
  static const Ambiguity::Doubt none;
  const bool ask =
      options_.doubt && ambiguity_->worth_asking(event, *context_) && matcher_->wanted(event, context_->expr);
  const Ambiguity::Doubt& doubt = ask ? ambiguity_->ask(event, *context_) : none;
  if (!doubt.ambiguous) {
    matcher_->match(event, what, context_->expr, pours_);
  } else {
    ++counts.ambiguous;
    event.ambiguous = what.marked = true;
    matcher_->match(event, what, context_->expr, pours_);
    const SlotRef source = program_->parsers->source_ip;
    for (const std::string& candidate : doubt.candidates) {
      event.set(source, event.arena.copy(candidate));
      matcher_->match(event, what, context_->expr, pours_);
    }
  }
  ++counts.poured;
}

}  // namespace testudo
