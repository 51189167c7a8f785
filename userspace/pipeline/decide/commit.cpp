#include "decide/commit.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/thread.h"

namespace testudo {

namespace {

size_t weight(const Alert& alert) {
  size_t bytes =
      sizeof(Alert) + alert.line.size() + alert.message.size() + alert.decisions.size() * sizeof(Decision);
  for (const AlertEvent& event : alert.events)
    for (const auto& [key, value] : event.meta) bytes += key.size() + value.size() + 64;
  for (const auto& [key, value] : alert.meta) bytes += key.size() + value.size() + 64;
  return bytes;
}

// What time, space or an administrator can heal; anything else lies in what is to be written.
bool may_heal(Code code) {
  return code == Code::io || code == Code::unavailable || code == Code::permission || code == Code::corrupt;
}

}  // namespace

Committer::Committer(Store& store, Metrics& metrics, CommitLimits limits)
    : store_(store),
      limits_(limits),
      commits_(metrics.counter("testudo_store_commits_total", "Group commits that reached the disk.")),
      failures_(metrics.counter("testudo_store_commit_failures_total",
                                "Group commits that failed and are tried again.")),
      stripped_(metrics.counter("testudo_store_stripped_alerts_total",
                                "Alerts kept without their events because the store did not answer.")),
      dropped_(
          metrics.counter("testudo_store_dropped_alerts_total",
                          "Alerts that never reached the store; their decisions are in the kernel only.")),
      waiting_(std::make_shared<std::atomic<int64_t>>(0)) {
  // The registry outlives this object: the collector holds only the number.
  metrics.add_collector([waiting = waiting_](std::vector<MetricFamily>& families) {
    families.push_back({"testudo_store_pending_alerts",
                        "Alerts decided and not yet on disk.",
                        MetricType::gauge,
                        {{{}, double(waiting->load()), nullptr}}});
  });
  open_.number = 1;
  thread_ = std::thread([this] { run(); });
}

Committer::~Committer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  thread_.join();
}

// Under the mutex.
void Committer::wake(Duration within) {
  const int64_t due = monotonic_ns() + within.count();
  if (due_mono_ == 0 || due < due_mono_) due_mono_ = due;
  work_.notify_one();
}

void Committer::add(Alert alert, const std::vector<ChangeRow>& changes) {
  size_t size = weight(alert);
  const std::lock_guard lock(mutex_);
  // Judged by what waits already: one large import into a healthy store is no backlog.
  if (bytes_ > limits_.max_bytes / 2 && !alert.events.empty()) {
    stripped_.add();
    alert.events.clear();
    alert.line.clear();
    size = weight(alert);
  }
  if (bytes_ > limits_.max_bytes) {
    dropped_.add();
    log::error("store.alert_dropped",
               {{"scenario", alert.scenario},
                {"value", alert.source.value},
                {"why", "too much waits for the store; the decision stays in the kernel"}});
  } else {
    bytes_ += size;
    waiting_->fetch_add(1);
    open_.batch.alerts.push_back(std::move(alert));
  }
  append(changes);
  if (open_.batch.alerts.size() >= limits_.group_alerts) seal();
  wake(limits_.alerts_wait);
}

// Under the mutex: what is open is complete, a new group begins.
void Committer::seal() {
  auto group = std::make_shared<Group>(std::move(open_));
  open_ = Group{};
  open_.number = group->number + 1;
  for (auto& [key, value] : group->positions) group->batch.positions.push_back({key, value});
  for (const auto& [id, until] : group->ends) group->batch.decisions_until.emplace_back(id, until);
  closed_.push_back(std::move(group));
}

// Under the mutex.
void Committer::append(const std::vector<ChangeRow>& changes) {
  if (open_.batch.changes.size() > limits_.max_changes) {
    log::error("store.changes_dropped", {{"count", changes.size()}, {"why", "too much waits for the store"}});
    return;
  }
  open_.batch.changes.insert(open_.batch.changes.end(), changes.begin(), changes.end());
}

void Committer::end_decision(int64_t id, TimePoint until) {
  const std::lock_guard lock(mutex_);
  open_.ends[id] = until;
  wake(limits_.alerts_wait);
}

void Committer::add_changes(const std::vector<ChangeRow>& changes) {
  if (changes.empty()) return;
  const std::lock_guard lock(mutex_);
  append(changes);
  wake(limits_.alerts_wait);
}

void Committer::remember(std::vector<Position> positions) {
  const std::lock_guard lock(mutex_);
  for (Position& position : positions) open_.positions[position.key] = std::move(position.value);
  if (!open_.positions.empty()) wake(limits_.positions_wait);
}

Result<void> Committer::barrier() {
  std::unique_lock lock(mutex_);
  uint64_t wanted = open_.number;
  if (open_.empty()) {
    if (closed_.empty()) return {};
    wanted = closed_.back()->number;
  }
  // The failure of an attempt that had begun before says nothing of this call.
  const uint64_t begun = attempts_begun_;
  hurry_ = true;
  wake(0ns);
  done_.wait(lock, [&] { return written_ >= wanted || last_failed_ > begun; });
  if (written_ >= wanted) return {};
  return last_error_;
}

std::string Committer::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

void Committer::failed(const Error& error, uint64_t attempt) {
  failures_.add();
  last_failed_ = attempt;
  last_error_ = error;
  if (last_error_.remedy.empty())
    last_error_.remedy =
        "make room on the disk that holds the database or repair it; decisions are in force meanwhile, and "
        "what "
        "waits is written by itself as soon as that works";
  problem_ = last_error_.text();
  log::error("store.commit_failed", {{"error", problem_}, {"waiting_alerts", waiting_->load()}});
}

Result<void> Committer::write(Group& group) {
  const std::lock_guard store_lock(store_mutex_);
  auto result = store_.commit(group.batch);
  if (result || may_heal(result.error().code) || group.batch.alerts.empty()) return result;
  return write_one_by_one(group);
}

// One alert that the store refuses must not hold up all the others for ever.
Result<void> Committer::write_one_by_one(Group& group) {
  for (const Alert& alert : group.batch.alerts) {
    CommitBatch one;
    one.alerts.push_back(alert);
    const auto result = store_.commit(one);
    if (result) continue;
    if (may_heal(result.error().code)) return result;
    dropped_.add();
    log::error(
        "store.alert_refused",
        {{"scenario", alert.scenario}, {"value", alert.source.value}, {"error", result.error().text()}});
  }
  CommitBatch rest;
  rest.decisions_until = group.batch.decisions_until;
  rest.changes = group.batch.changes;
  rest.positions = group.batch.positions;
  return rest.empty() ? Result<void>() : store_.commit(rest);
}

void Committer::run() {
  be_patient("testudo-store");
  Duration retry = limits_.first_retry;
  int64_t not_before = 0;
  bool last_try = false;
  std::unique_lock lock(mutex_);
  while (true) {
    // Sleeps until a group is due; after a failure until the next attempt, whatever is added meanwhile.
    while (!stopping_) {
      const int64_t now_ns = monotonic_ns();
      int64_t next = closed_.empty() ? due_mono_ : now_ns;
      if (next != 0 && !hurry_) next = std::max(next, not_before);
      if (next != 0 && next <= now_ns) break;
      work_.wait_for(lock, next == 0 ? Duration(1h) : Duration(next - now_ns));
    }
    hurry_ = false;
    if (closed_.empty()) {
      due_mono_ = 0;
      if (open_.empty()) {
        if (stopping_) return;
        continue;
      }
      seal();
    }
    std::shared_ptr<Group> group = closed_.front();
    const uint64_t attempt = ++attempts_begun_;
    lock.unlock();
    const auto result = write(*group);
    size_t freed = 0;
    for (const Alert& alert : group->batch.alerts) freed += weight(alert);
    lock.lock();
    if (result) {
      commits_.add();
      bytes_ -= std::min(bytes_, freed);
      waiting_->fetch_sub(int64_t(group->batch.alerts.size()));
      written_ = group->number;
      closed_.pop_front();
      if (!problem_.empty()) log::info("store.recovered", {{"alerts", group->batch.alerts.size()}});
      problem_.clear();
      retry = limits_.first_retry;
      not_before = 0;
      if (!open_.empty() && due_mono_ == 0) due_mono_ = monotonic_ns();
      done_.notify_all();
      // Thousands of alerts take a while to free: nobody who decides waits for that.
      lock.unlock();
      group.reset();
      lock.lock();
      continue;
    } else {
      failed(result.error(), attempt);
      not_before = monotonic_ns() + retry.count();
      retry = std::min(retry * 2, limits_.last_retry);
      if (stopping_) {
        if (last_try) {
          log::error("store.lost_at_stop",
                     {{"alerts", waiting_->load()},
                      {"why", "the store does not answer; pinned kernel entries live on"}});
          done_.notify_all();
          return;
        }
        last_try = true;
      }
    }
    done_.notify_all();
  }
}

}  // namespace testudo
