#include "engine/parse_worker.h"

#include <cstring>
#include <utility>

namespace testudo {
namespace {

constexpr size_t kMaxLine = 64 * 1024;

/// Lines without newline and carriage return; empty ones are left out, long ones are cut.
void split_lines(Work& work) {
  std::string_view text = work.text;
  const auto take = [&](std::string_view line) {
    if (line.size() > kMaxLine) {
      line = line.substr(0, kMaxLine);
      ++work.cut;
    }
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) work.lines.lines.push_back(line);
  };
  while (!text.empty()) {
    const void* newline = std::memchr(text.data(), '\n', text.size());
    if (!newline) {
      take(text);
      break;
    }
    const auto length = size_t(static_cast<const char*>(newline) - text.data());
    take(text.substr(0, length));
    text.remove_prefix(length + 1);
  }
  work.text = {};
}

}  // namespace

ParseWorker::ParseWorker(ParseOptions options, parse::StashTurn& turn)
    : options_(std::move(options)), turn_(turn) {
  if (options_.profile) watch_ = std::make_unique<Profile::Watch>(*options_.profile);
}
ParseWorker::~ParseWorker() = default;

void ParseWorker::adopt(std::shared_ptr<const Program> program) {
  if (program == program_) return;
  matcher_.reset();
  ambiguity_.reset();
  const auto old = std::move(program_);  // the old content must outlive what points into it
  program_ = std::move(program);
  ambiguity_ = std::make_unique<Ambiguity>(*program_->parsers, *program_->slots);
  context_ = std::make_unique<parse::RunContext>(*program_->parsers);
  texts_ = std::make_unique<expr::TextScan>(*program_->texts);
  context_->expr.texts = texts_.get();
  context_->stash = options_.stash;
  context_->stash_turn = &turn_;
  context_->enrich.resolver = options_.resolver;
  ambiguity_->use_stash(options_.stash, &turn_);
  event_ = std::make_unique<Event>(*program_->slots);
  matcher_ =
      std::make_unique<detect::Matcher>(program_->scenarios, program_->slots, options_.seed, options_.brief);
  http_status_ = program_->slots->find(Bag::meta, "http_status");
  transforms_.adopt(program_);
  set_trace(trace_, match_trace_);
}

void ParseWorker::set_trace(parse::Trace* trace, detect::MatchTrace* matches) {
  trace_ = trace;
  match_trace_ = matches;
  if (context_) context_->trace = trace;
  if (matcher_) matcher_->set_trace(matches);
}

void ParseWorker::run(Work& work) {
  adopt(work.program);
  if (!work.text.empty()) split_lines(work);
  if (work.lines.lines.empty()) {
    if (work.tick != TimePoint{}) take_match_counts(work);
    return;
  }
  const LineBatch& batch = work.lines;
  if (!options_.replay) {
    if (batch.arrived != arrived_ || arrived_text_.empty()) {
      arrived_ = batch.arrived;
      arrived_text_ = format_rfc3339(arrived_);
    }
    t_text_ = work.pours.arena.copy(arrived_text_);
  }
  context_->enrich.today = options_.replay ? options_.today : batch.arrived;
  context_->enrich.zone = zone_of(*batch.source);
  context_->enrich.replay = options_.replay;
  context_->begin_batch(batch.source.get());
  ambiguity_->begin_batch();
  for (size_t i = 0; i < batch.lines.size(); ++i) {
    ++work.counts.read;
    if (batch.source->transform.empty()) {
      line(work, i, batch.lines[i]);
      continue;
    }
    Event& event = *event_;
    event.reset();
    event.raw = batch.lines[i];
    event.source = batch.source.get();
    event.src = event.source->name;
    event.module = event.source->type;
    event.arrived = batch.arrived;
    event.log_time = options_.replay || event.source->log_time;
    switch (transforms_.apply(event, elements_)) {
      case Transforms::Outcome::changed:
        ++work.counts.transformed;
        for (const std::string_view element : elements_) line(work, i, element.substr(0, kMaxLine));
        break;
      case Transforms::Outcome::failed:
        ++work.counts.transform_errors;
        [[fallthrough]];
      case Transforms::Outcome::unchanged:
        line(work, i, batch.lines[i]);
    }
  }
  take_counts(work);
}

void ParseWorker::line(Work& work, size_t index, std::string_view text) {
  const LineBatch& batch = work.lines;
  Event& event = *event_;
  event.reset();
  event.raw = text;
  event.source = batch.source.get();
  event.src = event.source->name;
  event.module = event.source->type;
  event.arrived = batch.arrived;
  event.time = batch.arrived;
  candidates_.clear();
  event.line_number = index + 1;  // within the batch; the pipeline knows how many came before
  event.log_time = options_.replay || event.source->log_time;
  timed_ = watch_ && watch_->begin();
  context_->watch = timed_ ? watch_.get() : nullptr;
  const parse::Outcome outcome = parse::run_stages(*program_->parsers, event, *context_);
  if (outcome != parse::Outcome::parsed) took(Profile::first_stage + event.stage);
  switch (outcome) {
    case parse::Outcome::unparsed:
      ++work.counts.unparsed;
      break;
    case parse::Outcome::failed:
      ++work.counts.failed;
      break;
    case parse::Outcome::whitelisted:
      ++work.counts.parsed;
      ++work.counts.whitelisted;
      break;
    case parse::Outcome::parsed:
      ++work.counts.parsed;
      parsed(work, index);
      break;
  }
  if (timed_) watch_->end(outcome == parse::Outcome::parsed);
}

void ParseWorker::parsed(Work& work, size_t index) {
  Event& event = *event_;
  const LineBatch& batch = work.lines;
  if (event.log_time) {
    if (!event.has_log_stamp) {
      // A replayed event without a stamp cannot be poured, except into triggers, which fall back to now
      // (engine-spec §1.3).
      pour(work, {batch.arrived, event.arena.copy(format_rfc3339(batch.arrived)), false, 0, true});
      return;
    }
    if (options_.replay && event.log_stamp < options_.since) return;
    std::string_view text = event.marshaled_time;
    if (text.empty()) text = event.arena.copy(format_rfc3339(event.log_stamp));
    pour(work, {event.log_stamp, text});
    return;
  }
  const bool stamped = index < batch.stamps.size();
  const auto first = uint32_t(work.pours.events.size());
  const bool poured = pour(work, {batch.arrived, t_text_});
  if (!stamped && !event.has_log_stamp) return;
  // Whether it is late depends on what earlier lines taught about its source: that is told in order, later.
  Work::Stamped row{stamped ? batch.stamps[index] : event.log_stamp, {}, first, first};
  if (poured) {
    row.end_event = uint32_t(work.pours.events.size());
    row.text = work.pours.arena.copy(event.marshaled_time);
  }
  work.stamped.push_back(row);
}

bool ParseWorker::pour(Work& work, detect::Matcher::What what) {
  Event& event = *event_;
  expr::Context& context = context_->expr;
  context.event = &event;
  context.arena = &event.arena;
  what.read_mono = work.lines.arrived_mono;
  if (options_.is_banned && own_refusal()) {
    ++work.counts.refusals;
    return false;
  }
  ++work.counts.poured;
  const bool ask =
      options_.doubt && ambiguity_->worth_asking(event, *context_) && matcher_->wanted(event, context);
  const Ambiguity::Doubt* doubt = ask ? &ambiguity_->ask(event, *context_) : nullptr;
  if (options_.profile) took(options_.profile->doubt());
  if (!doubt || !doubt->ambiguous) {
    const bool poured = matcher_->match(event, what, context, work.pours);
    if (options_.profile) took(options_.profile->match());
    return poured;
  }
  ++work.counts.ambiguous;
  event.ambiguous = what.marked = true;
  candidates_ = doubt->candidates;
  const std::string_view source = event.get(program_->parsers->source_ip);
  std::string rivals;
  if (doubt->complete)
    for (const std::string& candidate : candidates_) rivals += candidate + " ";
  what.rivals = rivals;
  bool poured = matcher_->match(event, what, context, work.pours);
  for (const std::string& candidate : candidates_) {
    // Each of them is accused beside all others.
    rivals.clear();
    if (doubt->complete) {
      rivals += source;
      for (const std::string& other : candidates_)
        if (other != candidate) rivals += " " + other;
    }
    what.rivals = rivals;
    event.set(program_->parsers->source_ip, event.arena.copy(candidate));
    poured |= matcher_->match(event, what, context, work.pours);
  }
  if (options_.profile) took(options_.profile->match());
  return poured;
}

bool ParseWorker::own_refusal() const {
  if (!http_status_) return false;
  const std::string_view status = event_->get(*http_status_);
  if (status.empty() || (status[0] != '4' && status[0] != '5')) return false;
  const std::string_view source = event_->get(program_->parsers->source_ip);
  return !source.empty() && options_.is_banned(source);
}

const parse::Zone& ParseWorker::zone_of(const SourceInfo& source) {
  if (source.timezone.empty()) return options_.zone;
  const auto found = zones_.find(source.id);
  if (found != zones_.end()) return found->second;
  // Acquisition has checked the name; a zone file that vanished since then leaves the default.
  auto zone = parse::Zone::parse(source.timezone);
  return zones_.emplace(source.id, zone ? *zone : options_.zone).first->second;
}

void ParseWorker::take_counts(Work& work) {
  work.counts.expression_errors += std::exchange(context_->expression_errors, 0);
  context_->settle(*program_->parsers);
  for (uint32_t id = 0; id < context_->hits.size(); ++id) {
    if (context_->hits[id] == 0) continue;
    work.nodes.push_back({id, context_->hits[id], context_->ok[id]});
    context_->hits[id] = context_->ok[id] = 0;
  }
  if (options_.replay || work.lines.arrived - told_ < 1s) return;
  told_ = work.lines.arrived;
  take_match_counts(work);
}

void ParseWorker::take_match_counts(Work& work) {
  auto& matched = matcher_->counters();
  for (size_t id = 0; id < matched.size(); ++id) {
    if (matched[id].errors == 0) continue;
    detect::ScenarioCounters counters;
    counters.errors = std::exchange(matched[id].errors, 0);
    work.match_deltas.push_back({program_->scenarios->scenarios[id]->name, counters});
  }
}

}  // namespace testudo
