// enforce/nft_sync.cpp: the table holds exactly what it should: reconcile, and single sets whose content is
// in doubt.
//
// Reading a set back costs the square of its size (the kernel walks it anew for each 32 KB of answer): up to
// kReadable entries it is read and compared; a larger one is filled anew under another name and takes the
// place of the old one with the rules, so that no packet meets an empty set.
#include <cstdlib>
#include <unordered_set>

#include "base/log.h"
#include "enforce/entry.h"
#include "enforce/nft_backend.h"
#include "enforce/nft_program.h"

namespace testudo {

using nft::Group;
using nft::Kind;
using nft::SetRef;
using nft::Step;

namespace {

// Compared at each reconcile even where nobody is known to have touched them.
constexpr size_t kComparedAlways = 20'000;
// What is left is read in milliseconds while time runs.
constexpr int64_t kClockSlack_ns = 2'000'000'000;

bool decisions_only(const Group& group) {
  return group.id.remediation != Remediation::none && group.id.generation == 0;
}

Result<void> taken(const Result<nft::Writer::Outcome>& outcome, const std::string& what) {
  if (!outcome) return outcome.error();
  if (outcome->missing || !outcome->doubtful.empty())
    return Error{Code::unavailable,
                 what + ": somebody else changed the table meanwhile",
                 {},
                 "it is tried again with the next reconcile"};
  if (!outcome->failed.empty()) return nft::error_of(outcome->failed.front().error, what);
  return {};
}

}  // namespace

Result<void> NftBackend::write_rules() {
  std::vector<nft::SetId> sets = leftover_sets_;
  for (const auto& group : book_.groups())
    for (const Kind kind : nft::kAllKinds)
      if (!group->hidden && group->set(kind).made) sets.push_back(group->set_id(kind));
  TESTUDO_CHECK(nft::run_script(program_, nft::rules_script(layout_, std::move(sets))));
  TESTUDO_TRY(rules_, socket_->rules(layout_.table));
  if (rules_.empty())
    return Error{Code::unavailable, "somebody removed table inet " + layout_.table + " while it was written"};
  // The program's own news. What others did to elements in the same moment is kept for begin().
  const nft::News news = watch_->take();
  pending_.lost = pending_.lost || news.lost;
  pending_.flushed = pending_.flushed || news.flushed;
  pending_.sets.insert(news.sets.begin(), news.sets.end());
  return {};
}

Result<void> NftBackend::fill(SetRef set) {
  nft::Group* const group = set.first;
  const nft::Kind kind = set.second;
  nft::Writer out(*socket_, book_, layout_.table, /*undo=*/false);
  const std::string what = "filling set " + set_name(group->set_id(kind));
  const int64_t now_ns = unix_nanos(now());
  Result<void> done;
  const bool many = group->size(kind) > nft::kReadable;
  if (many) watch_->pause();
  nft::Book::all_of(*group, kind, [&](const Step& step) {
    if (!done || step.after.until <= now_ns) return;
    out.add(step);
    // An interval set is one transaction: whatever is cut apart could not be told from what is missing.
    if (out.full() && !is_ranges(kind)) done = taken(out.flush(), what);
  });
  if (done) done = taken(out.flush(), what);
  if (many) {
    watch_->resume();
    pending_.table = true;  // what was said meanwhile is missed: look at the table as a whole
  }
  return done;
}

Result<void> NftBackend::refill_ranges(SetRef set) {
  nft::Writer out(*socket_, book_, layout_.table, /*undo=*/false);
  return taken(out.refill(set), "filling set " + set_name(set.first->set_id(set.second)));
}

Result<void> NftBackend::resync(SetRef set) {
  if (set.first->set(set.second).aside) return {};
  if (is_ranges(set.second)) return refill_ranges(set);
  if (set.first->size(set.second) > nft::kReadable) return rebuild_aside(set);
  return compare_addresses(set);
}

Result<void> NftBackend::compare_addresses(SetRef set) {
  nft::Group* const group = set.first;
  const nft::Kind kind = set.second;
  TESTUDO_TRY(const auto read, nft::read_set(*socket_, layout_.table, group->set_id(kind), nft::kReadable));
  if (read.more) return rebuild_aside(set);
  const int64_t now_ns = unix_nanos(now());
  nft::Writer out(*socket_, book_, layout_.table, /*undo=*/false);
  std::unordered_set<Prefix, PrefixHash> there;
  size_t extra = 0, missing = 0;
  for (const nft::ReadEntry& entry : read.entries) {
    const Prefix& prefix = entry.prefixes.front();
    there.insert(prefix);
    const auto held = nft::Book::held(*group, prefix);
    Step step{group, kind, nft::address_of(prefix.ip), {true, 0, 0, 0}, {}};
    if (held) {
      const int64_t until = entry.times_out ? now_ns + int64_t(entry.left_ms) * 1'000'000 : nft::kForever;
      const bool same_end = held->until == until || (until != nft::kForever && held->until != nft::kForever &&
                                                     std::abs(held->until - until) < kClockSlack_ns);
      const auto counter = nft::counter_from(entry.counter);
      if (same_end && (group->id.policy >= 0 || (counter && counter->row == held->policy))) continue;
      step.after = {true, held->policy, held->until, 0};
    }
    ++extra;
    out.add(step);
  }
  nft::Book::all_of(*group, kind, [&](const Step& step) {
    if (step.after.until <= now_ns + kClockSlack_ns) return;  // may have ended while it was read
    if (there.contains(nft::Book::prefix_of(kind, step.first))) return;
    ++missing;
    out.add(step);
  });
  if (extra + missing == 0) return {};
  log::warn("enforce.differed", {{"set", set_name(group->set_id(kind))},
                                 {"missing_in_kernel", missing},
                                 {"other_in_kernel", extra},
                                 {"now", "repaired"}});
  return taken(out.flush(), "repairing set " + set_name(group->set_id(kind)));
}

Result<void> NftBackend::rebuild_aside(SetRef set) {
  nft::Group* const group = set.first;
  const nft::Kind kind = set.second;
  Group::Set& state = group->set(kind);
  const nft::SetId old = group->set_id(kind);
  std::vector<nft::SetId> gone{old};
  for (const nft::SetId& leftover : leftover_sets_)
    if (leftover.group == group->id && leftover.kind == kind) gone.push_back(leftover);
  for (const nft::SetId& id : gone) state.version = std::max(state.version, id.version);
  ++state.version;
  const bool was_aside = state.aside;
  state.aside = false;
  const auto back = [&](const Error& error) {
    nft::Batch undo(layout_.table);
    undo.delete_set(set_name(group->set_id(kind)));
    (void)socket_->send(undo).ok();
    state.version = old.version;
    state.aside = was_aside;
    return error;
  };
  nft::Batch make(layout_.table);
  make.add_set(spec_of(group->set_id(kind)));
  if (auto done = socket_->commit(make, "making set " + set_name(group->set_id(kind))); !done)
    return back(done.error());
  if (auto done = fill(set); !done) return back(done.error());
  std::erase_if(leftover_sets_,
                [&](const nft::SetId& id) { return id.group == group->id && id.kind == kind; });
  TESTUDO_CHECK(write_rules());
  nft::Batch drop(layout_.table);
  for (const nft::SetId& id : gone) drop.delete_set(set_name(id));
  TESTUDO_CHECK(socket_->commit(drop, "removing set " + set_name(old)));
  log::info("enforce.set_rebuilt", {{"set", set_name(group->set_id(kind))}, {"entries", group->size(kind)}});
  return {};
}

Result<void> NftBackend::write_allowed(const std::vector<std::pair<Prefix, uint32_t>>& changes) {
  nft::Writer out = writer();
  std::vector<Step> steps;
  for (const auto& [prefix, reasons] : changes) {
    if (reasons == 0) {
      reasons_.erase(prefix);
      nft::Book::remove(book_.allow(), prefix, steps);
    } else {
      reasons_[prefix] = reasons;
      nft::Book::set(book_.allow(), prefix, {nft::kForever, 0}, steps);
    }
  }
  out.add(steps);
  return send(out);
}

Result<void> NftBackend::reconcile_allowed(std::span<const AllowChange> allowed) {
  std::unordered_map<Prefix, uint32_t, PrefixHash> wanted;
  for (const AllowChange& change : allowed)
    if (change.op == AllowChange::Op::set)
      wanted[wire_prefix(change.prefix)] |= 1u << unsigned(change.reason);
  std::vector<std::pair<Prefix, uint32_t>> changes;
  for (const auto& [prefix, reasons] : wanted) {
    const auto known = reasons_.find(prefix);
    if (known == reasons_.end() || known->second != reasons) changes.emplace_back(prefix, reasons);
  }
  for (const auto& [prefix, reasons] : reasons_)
    if (!wanted.contains(prefix)) changes.emplace_back(prefix, 0);
  if (allow_known_) return write_allowed(changes);
  // An earlier run's allowlist is in force, and what it was made of is not known.
  nft::Book::clear(book_.allow());
  std::vector<Step> ignored;
  for (const auto& [prefix, reasons] : wanted)
    nft::Book::set(book_.allow(), prefix, {nft::kForever, 0}, ignored);
  reasons_ = std::move(wanted);
  TESTUDO_CHECK(refill_ranges({&book_.allow(), Kind::r4}));
  TESTUDO_CHECK(refill_ranges({&book_.allow(), Kind::r6}));
  allow_known_ = true;
  return {};
}

Result<void> NftBackend::remove_unseen(std::span<const DecisionChange> all) {
  // Addresses carry a mark in the book; prefixes are few.
  std::unordered_map<const Group*, std::unordered_set<Prefix, PrefixHash>> ranges;
  const int64_t now_ns = unix_nanos(now());
  for (const DecisionChange& change : all) {
    const Prefix prefix = wire_prefix(change.prefix);
    if (!is_ranges(nft::kind_of(prefix))) continue;
    const Targets targets = targets_of(change, now_ns);
    for (size_t i = 0; i < targets.count; ++i) ranges[targets.at[i].group].insert(prefix);
  }
  nft::Writer out = writer();
  std::vector<Step> steps;
  std::vector<Prefix> gone;
  for (const auto& group : book_.groups()) {
    if (!decisions_only(*group)) continue;
    gone.clear();
    group->a4.for_each([&](const auto& slot) {
      if (!slot.seen) gone.push_back(Prefix::host(Ip::v4_bytes(&slot.key)));
    });
    for (const bool host : {true, false})
      (host ? group->a6 : group->s6).for_each([&](const auto& slot) {
        if (!slot.seen) gone.push_back(Prefix::of(Ip::v6_bytes(slot.key.data()), host ? 128 : 64));
      });
    const auto& wanted = ranges[group.get()];
    for (const nft::Intervals* intervals : {&group->r4, &group->r6})
      intervals->for_each([&](const Prefix& prefix, const auto&) {
        if (!wanted.contains(prefix)) gone.push_back(prefix);
      });
    for (const Prefix& prefix : gone) {
      steps.clear();
      nft::Book::remove(*group, prefix, steps);
      out.add(steps);
      if (out.full()) TESTUDO_CHECK(send(out));
    }
  }
  return send(out);
}

Result<void> NftBackend::reconcile_bans(std::span<const DecisionChange> all) {
  const size_t known = book_.bans() + book_.ranges();
  if (all.size() > known)
    TESTUDO_CHECK(memory_for(all.size() - known, std::to_string(all.size()) + " decisions"));
  for (const auto& group : book_.groups()) {
    if (!decisions_only(*group)) continue;
    group->a4.clear_seen();
    group->a6.clear_seen();
    group->s6.clear_seen();
  }
  reconciling_ = true;
  const bool many = all.size() > known + nft::kReadable;
  if (many) watch_->pause();
  const auto applied = apply_all(all);
  if (many) {
    watch_->resume();
    pending_.table = true;
  }
  reconciling_ = false;
  TESTUDO_CHECK(remove_unseen(all));
  for (const auto& group : book_.groups()) {
    if (!decisions_only(*group)) continue;
    for (const Kind kind : nft::kAllKinds) {
      const Group::Set& set = group->set(kind);
      if (!set.made) continue;
      Result<void> done;
      if (set.aside)
        done = rebuild_aside({group.get(), kind});
      else if (!is_ranges(kind) && group->size(kind) <= kComparedAlways)
        done = compare_addresses({group.get(), kind});
      if (!done) return done.error();
    }
  }
  return applied;
}

Result<void> NftBackend::remove_leftovers() {
  if (!leftover_table_.empty()) {
    nft::Batch batch(leftover_table_);
    batch.delete_table();
    TESTUDO_CHECK(socket_->commit(batch, "removing table inet " + leftover_table_));
    leftover_table_.clear();
  }
  return {};
}

Result<void> NftBackend::reconcile(std::span<const DecisionChange> all,
                                   std::span<const AllowChange> allowed) {
  const std::lock_guard lock(mutex_);
  TESTUDO_CHECK(begin());
  TESTUDO_CHECK(reconcile_allowed(allowed));
  auto bans = reconcile_bans(all);
  TESTUDO_CHECK(begin());
  if (bans) bans = remove_leftovers();
  return bans;
}

}  // namespace testudo
