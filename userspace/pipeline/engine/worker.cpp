#include "engine/worker.h"

#include <cstdlib>

namespace testudo {
namespace {
constexpr int64_t kLate = 5'000'000'000;  // a line read this long after its own stamp is a late one
}

Worker::Worker(std::shared_ptr<const Program> program, WorkerOptions options)
    : program_(std::move(program)), options_(options) {
  event_ = std::make_unique<Event>(*program_->slots);
  context_ = std::make_unique<parse::RunContext>(*program_->parsers);
  texts_ = std::make_unique<expr::TextScan>(*program_->texts);
  context_->expr.texts = texts_.get();
  ambiguity_ = std::make_unique<Ambiguity>(*program_->parsers, *program_->slots);
  shard_ = std::make_unique<detect::Shard>(program_->scenarios, program_->slots, options_.shard);
}
Worker::~Worker() = default;

void Worker::adopt(std::shared_ptr<const Program> program) {
  shard_->adopt(program->scenarios, program->slots);
  auto old = std::move(program_);  // the old content must outlive what points into it
  program_ = std::move(program);
  ambiguity_ = std::make_unique<Ambiguity>(*program_->parsers, *program_->slots);
  context_ = std::make_unique<parse::RunContext>(*program_->parsers);
  texts_ = std::make_unique<expr::TextScan>(*program_->texts);
  context_->expr.texts = texts_.get();
  event_ = std::make_unique<Event>(*program_->slots);
}

void Worker::sweep(TimePoint t, size_t budget) { shard_->sweep(t, budget); }

LineCounts Worker::run(const LineBatch& batch, std::vector<Alert>& alerts) {
  LineCounts counts;
  if (!options_.replay && (batch.arrived != arrived_ || arrived_text_.empty())) {
    arrived_ = batch.arrived;
    arrived_text_ = format_rfc3339(arrived_);
  }
  context_->enrich.today = options_.replay ? options_.today : batch.arrived;
  context_->enrich.zone = zone_of(*batch.source);
  context_->enrich.replay = options_.replay;
  for (size_t i = 0; i < batch.lines.size(); ++i) line(batch, i, counts, alerts);
  return counts;
}

void Worker::line(const LineBatch& batch, size_t index, LineCounts& counts, std::vector<Alert>& alerts) {
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
  pour(batch, counts, alerts);
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

void Worker::pour(const LineBatch& batch, LineCounts& counts, std::vector<Alert>& alerts) {
  Event& event = *event_;
  TimePoint t = batch.arrived;
  std::string_view text = arrived_text_;
  if (event.log_time) {
    if (!event.has_log_stamp) return;  // a replayed event without a stamp cannot be poured (engine-spec §1.3)
    t = event.log_stamp;
    if (options_.replay && t < options_.since) return;
    text = event.marshaled_time;
    if (text.empty()) text = late_text_ = format_rfc3339(t);
  }
  context_->expr.event = &event;
  context_->expr.arena = &event.arena;
  static const Ambiguity::Doubt none;
  const bool ask =
      options_.doubt && ambiguity_->worth_asking(event, *context_) && shard_->wanted(event, context_->expr);
  const Ambiguity::Doubt& doubt = ask ? ambiguity_->ask(event, *context_) : none;
  if (!doubt.ambiguous) {
    shard_->pour({event, t, text, false, batch.arrived_mono}, context_->expr, alerts);
  } else {
    ++counts.ambiguous;
    event.ambiguous = true;
    shard_->pour({event, t, text, true, batch.arrived_mono}, context_->expr, alerts);
    const SlotRef source = program_->parsers->source_ip;
    for (const std::string& candidate : doubt.candidates) {
      event.set(source, event.arena.copy(candidate));
      shard_->pour({event, t, text, true, batch.arrived_mono}, context_->expr, alerts);
    }
  }
  ++counts.poured;
}

}  // namespace testudo
