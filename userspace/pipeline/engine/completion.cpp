#include "engine/completion.h"

#include <algorithm>

#include "base/text.h"

namespace testudo {
namespace {

/// Overflows have no line, so no source: its name, type and labels read as empty.
const SourceInfo kNoSource{};
constexpr Duration kLate = 5s;
constexpr size_t kTickBudget = 4096;

}  // namespace

void Completion::adopt(std::shared_ptr<const Program> program, detect::Shard& shard) {
  shard_ = &shard;
  matcher_.reset();
  const auto old = std::move(program_);  // the old content must outlive what points into it
  program_ = std::move(program);
  context_ = std::make_unique<parse::RunContext>(*program_->postoverflows);
  texts_ = std::make_unique<expr::TextScan>(*program_->texts);
  context_->expr.texts = texts_.get();
  context_->enrich.replay = replay_;
  context_->enrich.resolver = resolver_;
  context_->trace = trace_;
  stash_.declare(program_->postoverflows->stashes);
  context_->stash = &stash_;
  const auto& partitions = program_->scenarios->partitions;
  takes_overflows_ = std::any_of(partitions.begin(), partitions.end(),
                                 [](const detect::Partition& partition) { return partition.ordered; });
  event_ = std::make_unique<Event>(*program_->slots);
  matcher_ = std::make_unique<detect::Matcher>(program_->scenarios, program_->slots, seed_, brief_);
}

void Completion::set_trace(parse::Trace* trace) {
  trace_ = trace;
  if (context_) context_->trace = trace;
}

void Completion::run(Work& work, const OverflowSink& sink) {
  order_.clear();
  for (auto& list : work.emitted)
    for (detect::Emitted& e : list) order_.push_back(&e);
  const auto& ordered = work.pours.records[detect::kOrdered];
  if (!order_.empty() || !ordered.empty()) {
    std::stable_sort(order_.begin(), order_.end(),
                     [](const detect::Emitted* a, const detect::Emitted* b) { return a->order < b->order; });
    context_->enrich.today = work.lines.arrived;  // the stash's clock, too
    // Overflows and the records of ordered scenarios, merged by the order in which lines brought them.
    size_t next = 0;
    const auto take_until = [&](uint64_t order) {
      size_t end = next;
      while (end < ordered.size() && ordered[end].order <= order) ++end;
      for (; next < end; ++next) {
        emitted_.clear();
        shard_->take(work.pours, detect::kOrdered, next, next + 1, emitted_);
        for (detect::Emitted& e : emitted_) finish(work, std::move(e), 0, sink);
      }
    };
    for (detect::Emitted* e : order_) {
      take_until(e->order);
      finish(work, std::move(*e), 0, sink);
    }
    take_until(UINT64_MAX);
  }
  if (work.tick != TimePoint{}) {
    emitted_.clear();
    shard_->tick(work.tick, kTickBudget, emitted_);
    std::vector<detect::Emitted> timed = std::move(emitted_);
    for (detect::Emitted& e : timed) finish(work, std::move(e), 0, sink);
  }
  counts_.expression_errors += std::exchange(context_->expression_errors, 0);
}

void Completion::finish(const Work& work, detect::Emitted&& emitted, int depth, const OverflowSink& sink) {
  ++counts_.overflows;
  if (depth == 0) {
    emitted.line_number += work.first_line;
    for (Alert& alert : emitted.overflow.alerts) alert.line_number = emitted.line_number;
  }
  const bool again = emitted.overflow.reprocess && takes_overflows_;
  if (!program_->postoverflows->stages.empty() || again) postoverflow(work, emitted);
  if (emitted.overflow.whitelisted) {
    ++counts_.whitelisted;
    sink(std::move(emitted));
    return;
  }
  detect::PourBatch* batch = nullptr;
  if (again) {
    if (depth >= kMaxDepth) {
      ++counts_.too_deep;
    } else {
      while (again_.size() <= size_t(depth)) again_.push_back(std::make_unique<detect::PourBatch>());
      batch = again_[size_t(depth)].get();
      batch->reset();
      if (!pour_again(work, emitted, *batch)) batch = nullptr;
    }
  }
  sink(std::move(emitted));
  if (!batch) return;
  ++counts_.reprocessed;
  std::vector<detect::Emitted> more;
  shard_->take(*batch, detect::kOrdered, 0, batch->records[detect::kOrdered].size(), more);
  for (detect::Emitted& e : more) finish(work, std::move(e), depth + 1, sink);
}

void Completion::postoverflow(const Work& work, detect::Emitted& emitted) {
  const Alert& alert = emitted.overflow.alerts.front();
  Event& event = *event_;
  event.reset();
  event.type = EventType::overflow;
  event.overflow = &emitted.overflow;
  event.source = &kNoSource;
  event.line_number = emitted.line_number;
  event.arrived = work.lines.arrived;
  event.time = event.log_stamp = alert.stop_at;
  event.has_log_stamp = true;
  event.marshaled_time = event.arena.copy(alert.stop_text);
  if (program_->postoverflows->stages.empty()) return;
  // Whether all stages took it does not matter; what they wrote does (engine-spec §1.12).
  (void)parse::run_stages(*program_->postoverflows, event, *context_);
  if (event.whitelisted && !emitted.overflow.whitelisted) {
    emitted.overflow.whitelisted = true;
    emitted.overflow.whitelist_reason = event.whitelist_reason;
  }
}

bool Completion::pour_again(const Work& work, detect::Emitted& emitted, detect::PourBatch& out) {
  const Alert& alert = emitted.overflow.alerts.front();
  Event& event = *event_;
  const bool log_time = replay_ || work.lines.arrived - alert.stop_at > kLate;
  if (!matcher_->match_overflow(event,
                                {alert.stop_at, alert.stop_text, emitted.marked, alert.first_read_mono},
                                context_->expr, out))
    return false;
  detect::PourEvent& poured = out.events.back();
  poured.log_time = log_time;
  poured.raw = out.arena.copy(alert.line);
  return true;
}

}  // namespace testudo
