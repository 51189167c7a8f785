// enforce/nft_apply.cpp: decision changes into groups and transactions.
#include <algorithm>
#include <charconv>

#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "enforce/entry.h"
#include "enforce/nft_backend.h"
#include "enforce/nft_program.h"

namespace testudo {

using nft::Group;
using nft::GroupId;
using nft::Kind;
using nft::SetRef;
using nft::Step;

namespace {

// What an element takes: in the kernel (measured: 114 for IPv4 with end and counter), and in the book.
constexpr uint64_t kKernelBytes = 130, kBookBytes = 40;
// Throttles have a group for each policy; the last groups are kept for what cannot share.
constexpr size_t kGroupsKept = 16;
constexpr int64_t kReadSlack_ns = 1'000'000'000;

bool enforced(Remediation remediation) {
  return remediation != Remediation::none && remediation != Remediation::captcha;
}

uint64_t available_bytes() {
  const auto text = read_file("/proc/meminfo", 1 << 16);
  if (!text) return UINT64_MAX;
  for (const std::string_view line : split(*text, '\n')) {
    if (!line.starts_with("MemAvailable:")) continue;
    const std::string_view rest = trim(line.substr(13));
    uint64_t kilobytes = 0;
    std::from_chars(rest.data(), rest.data() + rest.size(), kilobytes);
    return kilobytes * 1024;
  }
  return UINT64_MAX;
}

/// The first error of many, and how many more there were.
class FirstError {
 public:
  void add(const Error& error) {
    if (++count_ == 1) first_ = error;
  }
  Result<void> result() {
    if (count_ == 0) return {};
    if (count_ > 1) first_.message += " (and " + std::to_string(count_ - 1) + " more changes failed)";
    return first_;
  }

 private:
  Error first_;
  size_t count_ = 0;
};

}  // namespace

Result<void> NftBackend::memory_for(uint64_t entries, const std::string& what) const {
  const uint64_t needed = entries * (kKernelBytes + kBookBytes), available = available_bytes();
  const auto megabytes = [](uint64_t bytes) { return std::to_string(bytes >> 20) + " MB"; };
  if (needed > available / 5 * 4)
    return Error{Code::too_large,
                 what + " would take " + megabytes(needed) + " of memory, and " + megabytes(available) +
                     " are available",
                 {},
                 "fewer or shorter lists, or a lower enforce.max_entries"};
  if (entries >= 100'000)
    log::info("enforce.memory", {{"for", what}, {"entries", entries}, {"will_take", megabytes(needed)}});
  return {};
}

const NftBackend::Targets::One* NftBackend::Targets::of(const Group* group) const {
  for (size_t i = 0; i < count; ++i)
    if (at[i].group == group) return &at[i];
  return nullptr;
}

Result<std::pair<Group*, uint16_t>> NftBackend::place_of(Remediation remediation, const Terms& terms,
                                                         const std::string& origin,
                                                         const std::string& scenario) {
  if (place_.group && place_.remediation == remediation && place_.terms == terms && place_.origin == origin &&
      place_.scenario == scenario)
    return std::pair(place_.group, place_.policy);
  TESTUDO_TRY(GroupId id, nft::group_of(remediation, terms));
  uint16_t policy = book_.policies.row_of(remediation, origin, scenario);
  if (remediation == Remediation::throttle) {
    id.policy = policy;
    if (!book_.find(id) && book_.groups().size() + kGroupsKept > nft::Book::kGroups)
      id.policy = policy = book_.policies.other(remediation);
  }
  TESTUDO_TRY(Group * group, book_.group(id));
  place_ = {remediation, terms, origin, scenario, group, policy};
  return std::pair(group, policy);
}

Result<void> NftBackend::add_target(Remediation remediation, const Terms& terms, const std::string& origin,
                                    const std::string& scenario, TimePoint until, int64_t now_ns,
                                    Targets& out) {
  if (!enforced(remediation) || unix_nanos(until) <= now_ns) return {};
  TESTUDO_TRY(const auto place, place_of(remediation, terms, origin, scenario));
  if (!out.of(place.first)) out.at[out.count++] = {place.first, {unix_nanos(until), place.second}};
  return {};
}

NftBackend::Targets NftBackend::targets_of(const DecisionChange& change, int64_t now_ns) {
  Targets out;
  if (change.op == DecisionChange::Op::clear) return out;
  auto done =
      add_target(change.remediation, change.terms, change.origin, change.scenario, change.until, now_ns, out);
  if (!done) out.error = done.error();
  if (const Remedy* next = change.next.get()) {
    done = add_target(next->remediation, next->terms, next->origin, next->scenario, next->until, now_ns, out);
    if (!done && !out.error) out.error = done.error();
  }
  if (out.error) out.error->message = change.prefix.text() + ": " + out.error->message;
  return out;
}

Result<void> NftBackend::make_sets(const std::vector<SetRef>& wanted) {
  nft::Batch batch(layout_.table);
  std::vector<std::pair<uint32_t, bool>> counters;
  for (const auto& [group, kind] : wanted) {
    if (group->set(kind).made) continue;
    const bool v6 = is_v6(kind);
    if (group->id.policy >= 0) {
      auto& policy = book_.policies.at(uint32_t(group->id.policy));
      if (!policy.made[v6])
        batch.add_counter(nft::counter_name(group->id.remediation, uint32_t(group->id.policy), v6),
                          nft::policy_comment(policy.origin, policy.scenario));
      counters.emplace_back(uint32_t(group->id.policy), v6);
    }
    batch.add_set(spec_of(group->set_id(kind)));
  }
  if (batch.empty()) return {};
  TESTUDO_CHECK(socket_->commit(batch, "making sets in table inet " + layout_.table));
  for (const auto& [group, kind] : wanted) group->set(kind).made = true;
  for (const auto& [row, v6] : counters) book_.policies.at(row).made[v6] = true;
  return {};
}

Result<void> NftBackend::prepare(std::span<const DecisionChange> changes) {
  std::vector<SetRef> wanted;
  const int64_t now_ns = unix_nanos(now());
  for (const DecisionChange& change : changes) {
    const Targets targets = targets_of(change, now_ns);
    const Kind kind = nft::kind_of(wire_prefix(change.prefix));
    for (size_t i = 0; i < targets.count; ++i) {
      const SetRef ref{targets.at[i].group, kind};
      if (ref.first->set(kind).made || std::find(wanted.begin(), wanted.end(), ref) != wanted.end()) continue;
      wanted.push_back(ref);
    }
  }
  if (wanted.empty()) return {};
  TESTUDO_CHECK(make_sets(wanted));
  return write_rules();
}

Result<void> NftBackend::apply_one(const DecisionChange& change, int64_t now_ns, std::vector<Step>& steps) {
  const Targets targets = targets_of(change, now_ns);
  const Prefix prefix = wire_prefix(change.prefix);
  std::optional<Error> full;
  // Everywhere else it goes: also where what replaces it is not ours to do.
  for (const auto& group : book_.groups()) {
    if (group->id.remediation == Remediation::none || group->id.generation != 0) continue;
    const size_t before = group->size(nft::kind_of(prefix));
    if (const auto* target = targets.of(group.get())) {
      nft::Intervals::Held held = target->held;
      const auto known = nft::Book::held(*group, prefix);
      // What an earlier run left was read in milliseconds: its element has the exact end already.
      if (reconciling_ && known && known->policy == held.policy &&
          std::abs(known->until - held.until) < kReadSlack_ns)
        held.until = known->until;
      if (entries_ >= options_.max_entries && !known) {
        full = Error{Code::too_large,
                     prefix.text() + ": " + std::to_string(entries_) +
                         " entries are in force, and enforce.max_entries is " +
                         std::to_string(options_.max_entries),
                     {},
                     "raise enforce.max_entries (about 170 bytes an entry), or use fewer lists"};
        continue;
      }
      nft::Book::set(*group, prefix, held, steps);
    } else {
      nft::Book::remove(*group, prefix, steps);
    }
    entries_ += group->size(nft::kind_of(prefix)) - before;
  }
  if (targets.error) return *targets.error;
  if (full) return *full;
  return {};
}

Result<void> NftBackend::send(nft::Writer& writer) {
  TESTUDO_TRY(const auto outcome, writer.flush());
  if (outcome.missing) {
    nft::News news;
    news.table = true;
    TESTUDO_CHECK(repair(news));
  }
  for (const SetRef& set : outcome.doubtful) TESTUDO_CHECK(resync(set));
  if (outcome.failed.empty()) return {};
  const auto& first = outcome.failed.front();
  Error error = nft::error_of(
      first.error, "nftables refuses " + nft::Book::prefix_of(first.step.kind, first.step.first).text());
  if (outcome.failed.size() > 1)
    error.message += " and " + std::to_string(outcome.failed.size() - 1) + " more";
  return error;
}

Result<void> NftBackend::apply_all(std::span<const DecisionChange> changes) {
  TESTUDO_CHECK(prepare(changes));
  const int64_t now_ns = unix_nanos(now());
  entries_ = book_.bans() + book_.ranges();
  FirstError errors;
  nft::Writer out = writer();
  std::vector<Step> steps;
  for (const DecisionChange& change : changes) {
    steps.clear();
    if (auto done = apply_one(change, now_ns, steps); !done) errors.add(done.error());
    out.add(steps);
    if (!out.full()) continue;
    if (auto done = send(out); !done) errors.add(done.error());
  }
  if (auto done = send(out); !done) errors.add(done.error());
  return errors.result();
}

Result<void> NftBackend::apply(std::span<const DecisionChange> changes) {
  const std::lock_guard lock(mutex_);
  TESTUDO_CHECK(begin());
  return apply_all(changes);
}

Result<void> NftBackend::allow(std::span<const AllowChange> changes) {
  const std::lock_guard lock(mutex_);
  TESTUDO_CHECK(begin());
  std::unordered_map<Prefix, uint32_t, PrefixHash> seen;
  for (const AllowChange& change : changes) {
    const Prefix prefix = wire_prefix(change.prefix);
    const auto known = reasons_.find(prefix);
    const auto at = seen.try_emplace(prefix, known == reasons_.end() ? 0 : known->second).first;
    const uint32_t bit = 1u << unsigned(change.reason);
    at->second = change.op == AllowChange::Op::set ? at->second | bit : at->second & ~bit;
  }
  return write_allowed({seen.begin(), seen.end()});
}

Result<void> NftBackend::flush() {
  const std::lock_guard lock(mutex_);
  TESTUDO_CHECK(begin());
  const size_t removed = book_.bans() + book_.ranges();
  nft::Batch batch(layout_.table);
  for (const auto& group : book_.groups()) {
    if (group->id.remediation == Remediation::none) continue;
    nft::Book::clear(*group);
    for (const Kind kind : nft::kAllKinds) {
      if (group->set(kind).made) batch.flush_set(set_name(group->set_id(kind)));
      group->set(kind).aside = false;
    }
  }
  for (const nft::SetId& set : leftover_sets_) batch.flush_set(set_name(set));
  lists_.clear();
  if (!batch.empty()) TESTUDO_CHECK(socket_->commit(batch, "emptying table inet " + layout_.table));
  log::warn("enforce.flushed", {{"removed", removed}});
  return {};
}

}  // namespace testudo
