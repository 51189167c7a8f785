// decide/commit.h: what was decided goes to disk in groups, so that nobody who decides waits for it.
//
//   alerts, ends, changes: at most 200 ms after the first of the group      read positions alone: 1 s
//
// A read position is on disk never before the alerts of the lines that it covers: they are in the same group
// or in an earlier one. When the store fails (disk full), the group is kept and tried again; what is in the
// kernel stays there. What waits is bounded: beyond half of `max_bytes` alerts lose their events, beyond all
// of it they are dropped; both are counted and said.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "store/store.h"

namespace testudo {

struct CommitLimits {
  Duration alerts_wait = 200ms;
  Duration positions_wait = 1s;
  Duration first_retry = 250ms, last_retry = 15s;
  size_t group_alerts = 1024;  ///< more are another group: a transaction stays short
  size_t max_bytes = 64u << 20;
  size_t max_changes = 3'000'000;
};

class Committer {
 public:
  Committer(Store& store, Metrics& metrics, CommitLimits limits);
  /// Tries once more to write what is pending.
  ~Committer();

  void add(Alert alert, const std::vector<ChangeRow>& changes);
  void end_decision(int64_t id, TimePoint until);
  void add_changes(const std::vector<ChangeRow>& changes);
  void remember(std::vector<Position> positions);

  /// Writes at once and waits until everything added before is on disk; the error when it cannot be.
  Result<void> barrier();
  /// Runs `work` while no group is being written: the store has one writer.
  template <typename F>
  auto with_store(F work) {
    const std::lock_guard lock(store_mutex_);
    return work(store_);
  }

  /// Calls `visit(const Alert&)` for alerts that are decided but not on disk, newest last. Under a lock.
  template <typename F>
  void visit_pending(F visit) const {
    const std::lock_guard lock(mutex_);
    for (const auto& group : closed_)
      for (const Alert& alert : group->batch.alerts) visit(alert);
    for (const Alert& alert : open_.batch.alerts) visit(alert);
  }
  /// "" or what is wrong with the store and what to do.
  std::string problem() const;

 private:
  struct Group {
    CommitBatch batch;
    std::map<std::string, std::string> positions;
    std::map<int64_t, TimePoint> ends;
    uint64_t number = 0;  ///< groups are numbered: barrier waits for one
    bool empty() const { return batch.empty() && positions.empty() && ends.empty(); }
  };
  void run();
  void wake(Duration within);
  void append(const std::vector<ChangeRow>& changes);
  void seal();
  Result<void> write(Group& group);
  Result<void> write_one_by_one(Group& group);
  void failed(const Error& error, uint64_t attempt);

  Store& store_;
  const CommitLimits limits_;
  Counter &commits_, &failures_, &stripped_, &dropped_;
  std::shared_ptr<std::atomic<int64_t>> waiting_;

  mutable std::mutex mutex_;
  std::condition_variable work_, done_;
  Group open_;
  /// Complete, oldest first; the first is being written or was tried and failed. Not changed any more.
  std::deque<std::shared_ptr<Group>> closed_;
  size_t bytes_ = 0;
  int64_t due_mono_ = 0;                           ///< 0 = nothing to do
  uint64_t written_ = 0;                           ///< number of the last group on disk
  uint64_t attempts_begun_ = 0, last_failed_ = 0;  ///< attempts are numbered
  std::string problem_;
  Error last_error_;
  bool stopping_ = false, hurry_ = false;

  std::mutex store_mutex_;
  std::thread thread_;
};

}  // namespace testudo
