// decide/decider_end.cpp: how decisions end: lifted by hand, flushed, allowlisted, or their time is over.
#include <algorithm>

#include "base/log.h"
#include "decide/decider_impl.h"
#include "decide/flush_mark.h"

namespace testudo {

int Decider::Impl::end(const std::vector<int64_t>& ids, TimePoint at) {
  Changes changes;
  int n = 0;
  for (const int64_t id : ids) {
    if (!index.remove(id, changes)) continue;
    ++n;
    if (id > 0) committer->end_decision(id, at);
  }
  ended->add(uint64_t(n));
  committer->add_changes(emit(changes, at));
  return n;
}

int Decider::Impl::end_touching(const std::vector<Prefix>& prefixes, TimePoint at) {
  int n = 0;
  for (const Prefix& prefix : prefixes) n += end(index.touching(prefix), at);
  return n;
}

Result<int> Decider::delete_decisions(const DecisionFilter& filter) {
  int n = 0;
  {
    const std::lock_guard lock(impl_->mutex);
    DecisionFilter wanted = filter;
    wanted.include_simulated = true;
    std::vector<int64_t> ids;
    for (const Decision& decision : impl_->index.find(wanted)) ids.push_back(decision.id);
    n = impl_->end(ids, impl_->time());
  }
  impl_->settle();
  if (n > 0) TESTUDO_CHECK(impl_->committer->barrier());
  return n;
}

// First the kernel, then the marks, then the rows: whoever is locked out is let in before anything can fail.
Result<int> Decider::flush() {
  Impl& self = *impl_;
  int n = 0;
  Result<void> emptied, marked;
  TimePoint at{};
  {
    const std::lock_guard lock(self.mutex);
    at = self.time();
    if (self.backend != nullptr) emptied = self.backend->flush();
    marked = write_flush_mark(self.options.state_folder, at);
    self.flush_mark = at;
    DecisionFilter all;
    all.include_simulated = true;
    Impl::Changes changes;
    for (const Decision& decision : self.index.find(all)) {
      if (!self.index.remove(decision.id, changes)) continue;
      ++n;
      if (decision.id > 0) self.committer->end_decision(decision.id, at);
    }
    self.ended->add(uint64_t(n));
    // Emitted as well, though the tables are empty: other projections follow the log.
    self.committer->add_changes(self.emit(changes, at));
  }
  self.settle();
  log::warn("flush.done", {{"ended", n}});
  // One that fails does not stop the others: each mark alone keeps the decisions from coming back.
  const auto noted = self.committer->with_store(
      [&](Store& store) { return store.set_value(kFlushMarkKey, std::to_string(unix_nanos(at))); });
  if (!emptied) return emptied.error();
  if (!noted) return noted.error();
  if (!marked) return marked.error();
  TESTUDO_CHECK(self.committer->barrier());
  return n;
}

Result<void> Decider::flush_kernel() {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->backend == nullptr)
    return Error{Code::unsupported, "enforcement is off in this daemon", {}, "set enforce.mode"};
  log::warn("flush.kernel");
  return impl_->backend->flush();
}

Duration Decider::Impl::tick(TimePoint at) {
  const Duration next = tick_once(at);
  settle();
  check_suspects();
  return next;
}

Duration Decider::Impl::tick_once(TimePoint at) {
  constexpr int64_t kSessionsEvery = 5'000'000'000, kMachineEvery = 30'000'000'000,
                    kAreasEvery = 5'000'000'000;
  // Asked without the lock: logind and a directory service may take their time.
  std::shared_ptr<SessionSource> source;
  bool ask_machine = false, look_at_files = false;
  {
    const std::lock_guard lock(mutex);
    const int64_t mono = monotonic_ns();
    if (mono >= sessions_due) {
      source = session_source;
      sessions_due = mono + kSessionsEvery;
    }
    if (mono >= areas_due) {
      look_at_files = true;
      areas_due = mono + kAreasEvery;
    }
    if (options.own_addresses && mono >= machine_due) {
      ask_machine = true;
      machine_due = mono + kMachineEvery;
    }
  }
  const std::vector<Ip> present = source ? source->addresses() : std::vector<Ip>{};
  const MachineAddresses here = ask_machine ? machine_addresses() : MachineAddresses{};
  if (look_at_files) refresh_areas();

  const std::lock_guard lock(mutex);
  bool moved = false;
  // An empty `present` is an answer as well: grace periods run out.
  if (sessions.update(present, at)) {
    protection.set_sessions(sessions.addresses());
    moved = true;
  }
  if (ask_machine && here != machine) {
    protection.set_machine(machine = here);
    moved = true;
  }
  moved = allow.expire(at) || moved;
  if (moved) refresh_allow_table(at);

  look_for_marks(at);

  Changes changes;
  const size_t before = index.size();
  index.expire(at, changes);
  std::erase_if(area_problems, [&](const auto& row) { return !index.get(row.first); });
  expired->add(before - index.size());
  committer->add_changes(emit(changes, at));

  if (monotonic_ns() >= reconcile_due) reconcile(true);
  const auto next = index.next_end();
  const Duration left = next ? *next - at : Duration(1s);
  return std::clamp(left, Duration(10ms), Duration(1s));
}

}  // namespace testudo
