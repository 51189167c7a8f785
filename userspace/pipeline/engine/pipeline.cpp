#include "engine/pipeline.h"

#include "detect/alert_build.h"

namespace testudo {
namespace {

/// Batches that may be on their way for each thread: enough that a long one holds nobody up, few enough that
/// what is in memory stays small.
constexpr size_t kWindowPerThread = 4;
constexpr size_t kTickBudget = 4096;  // buckets of one shard that a tick looks at
// Of group hashes in a replay: the same buckets are evicted in every run.
constexpr uint64_t kReplaySeed = 0x7e57ed0b0ca7a106ULL;

void drain(detect::Shard& shard, const Program& program, std::vector<ScenarioDelta>& out) {
  shard.drain_counters([&](uint32_t id, const detect::ScenarioCounters& counters) {
    out.push_back({program.scenarios->scenarios[id]->name, counters});
  });
}

}  // namespace

Pipeline::Pipeline(std::shared_ptr<const Program> program, PipelineOptions options, PipelineSink sink)
    : options_(std::move(options)), sink_(std::move(sink)), program_(program), next_(std::move(program)) {
  if (options_.replay && options_.shard.seed == 0) options_.shard.seed = kReplaySeed;
  options_.seed = options_.shard.seed;
  options_.shard.brief = options_.brief;
  options_.stash = &stash_;
  stash_.declare(program_->parsers->stashes);
  const size_t window = options_.threads <= 1 ? 1 : options_.threads * kWindowPerThread;
  for (size_t i = 0; i < window; ++i) ring_.push_back(std::make_unique<Work>());
  parsed_.resize(window);
  shards_ = std::make_unique<detect::Shards>(program_->scenarios, program_->slots, options_.shard);
  completion_ =
      std::make_unique<Completion>(options_.replay, options_.seed, options_.resolver, options_.brief);
  completion_->adopt(program_, (*shards_)[detect::kOrdered]);
}

Pipeline::~Pipeline() = default;

std::unique_ptr<Pipeline::Lane> Pipeline::open() {
  std::unique_ptr<Lane> lane(new Lane(*this));
  const std::lock_guard lock(next_mutex_);
  lane->parser_.adopt(next_);
  return lane;
}

void Pipeline::set_program(std::shared_ptr<const Program> program) {
  const std::lock_guard lock(next_mutex_);
  next_ = std::move(program);
}

void Pipeline::set_trace(Lane& lane, parse::Trace* trace, detect::MatchTrace* matches,
                         detect::PourTrace* pours) {
  lane.parser_.set_trace(trace, matches);
  completion_->set_trace(trace);
  shards_->set_trace(pours);
}

/// Returns when fewer than `in_flight` batches are on their way. The caller holds the intake.
void Pipeline::wait_for_room(uint64_t in_flight) {
  if (number_ - completed_.load() < in_flight) return;
  std::unique_lock lock(room_);
  room_made_.wait(lock, [&] { return number_ - completed_.load() < in_flight; });
}

// New content: batches that were parsed by the old one are carried to their end first, then all shards are at
// rest.
void Pipeline::adopt() {
  {
    const std::lock_guard lock(next_mutex_);
    if (program_ == next_) return;
  }
  wait_for_room(1);
  for (uint32_t i = 0; i <= detect::kShards; ++i) drain((*shards_)[i], *program_, fresh_);
  const auto old = std::move(program_);  // the old content must outlive what points into it
  {
    const std::lock_guard lock(next_mutex_);
    program_ = next_;
  }
  stash_.declare(program_->parsers->stashes);
  shards_->adopt(program_->scenarios, program_->slots);
  completion_->adopt(program_, (*shards_)[detect::kOrdered]);
}

bool Pipeline::step(Lane& lane, const Fill& fill) {
  Work* one = nullptr;
  {
    const std::lock_guard intake(intake_);
    wait_for_room(ring_.size());
    one = &work(number_);
    one->reset();
    if (!fill(*one)) return false;
    adopt();
    one->number = number_;
    one->program = program_;
    one->waiting.store(detect::kShards);
    one->deltas[detect::kShards].swap(fresh_);
    ++number_;
  }
  lane.number_ = one->number;
  lane.parser_.run(*one);
  publish(*one);
  for (uint32_t i = 0; i < detect::kShards; ++i) carry_shard(i);
  complete();
  return true;
}

void Pipeline::wait_for_earlier(uint64_t number) {
  if (published_.load() == number) return;
  std::unique_lock lock(front_);
  front_moved_.wait(lock, [&] { return published_.load() == number; });
}

void Pipeline::publish(Work& one) {
  bool moved = false;
  {
    const std::lock_guard lock(front_);
    parsed_[one.number % ring_.size()] = true;
    uint64_t front = published_.load();
    while (parsed_[front % ring_.size()]) {
      parsed_[front % ring_.size()] = false;
      settle(work(front));
      published_.store(++front);
      moved = true;
    }
  }
  if (moved) front_moved_.notify_all();
}

// What a batch owes to those before it, in their order.
void Pipeline::settle(Work& one) {
  one.first_line = lines_;
  lines_ += one.counts.read;
  for (const Work::Stamped& row : one.stamped) {
    if (!clocks_.late(one.lines, row.stamp)) continue;
    ++one.counts.late;
    for (uint32_t i = row.first_event; i < row.end_event; ++i) {
      detect::PourEvent& event = one.pours.events[i];
      event.log_time = true;
      event.t = row.stamp;
      event.t_text = row.text.empty() ? one.pours.arena.copy(format_rfc3339(row.stamp)) : row.text;
      event.offset = detect::offset_of(event.t_text);
    }
  }
}

// Sequentially consistent atomics are what loses nothing here: who fails to get the flag has published
// before, and who holds it looks for published batches after letting it go.
void Pipeline::carry_shard(uint32_t index) {
  Turn& turn = turns_[index];
  while (turn.next.load() < published_.load()) {
    if (turn.busy.exchange(true)) return;
    for (uint64_t next = turn.next.load(); next < published_.load(); turn.next.store(++next))
      take(work(next), index);
    turn.busy.store(false);
  }
}

void Pipeline::take(Work& one, uint32_t index) {
  detect::Shard& shard = (*shards_)[index];
  const int64_t before = options_.profile ? Profile::clock_ns() : 0;
  if (!one.pours.records[index].empty()) shard.take(one.pours, index, one.emitted[index]);
  if (one.tick != TimePoint{}) {
    shard.tick(one.tick, kTickBudget, one.emitted[index]);
    drain(shard, *one.program, one.deltas[index]);
    one.buckets[index] = shard.buckets();
  }
  if (options_.profile) options_.profile->add(options_.profile->buckets(), Profile::clock_ns() - before);
  one.waiting.fetch_sub(1);
}

void Pipeline::complete() {
  const auto ready = [this](uint64_t n) { return n < published_.load() && work(n).waiting.load() == 0; };
  while (ready(completed_.load())) {
    if (completing_.exchange(true)) return;
    for (uint64_t n = completed_.load(); ready(n);) {
      Work& one = work(n);
      const int64_t before = options_.profile ? Profile::clock_ns() : 0;
      completion_->run(one, sink_.overflow);
      if (one.tick != TimePoint{}) {
        detect::Shard& shard = (*shards_)[detect::kOrdered];
        drain(shard, *one.program, one.deltas[detect::kOrdered]);
        one.buckets[detect::kOrdered] = shard.buckets();
      }
      if (sink_.done) sink_.done(one, completion_->take_counts());
      if (options_.profile)
        options_.profile->add(options_.profile->completion(), Profile::clock_ns() - before);
      one.program.reset();
      {
        const std::lock_guard lock(room_);
        completed_.store(++n);
      }
      room_made_.notify_one();
    }
    completing_.store(false);
  }
}

}  // namespace testudo
