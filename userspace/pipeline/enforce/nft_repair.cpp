// enforce/nft_repair.cpp: what others did to the table is noticed and put right.
//
// `nft flush ruleset` (which many a firewall script begins with), a deleted table, chain, rule or set,
// elements removed by hand: restored from the book and counted. `testudo flush` leaves a mark, and is obeyed.
#include <algorithm>

#include "base/log.h"
#include "enforce/nft_backend.h"
#include "enforce/nft_program.h"

namespace testudo {

using nft::Group;
using nft::Kind;
using nft::SetRef;

Result<void> NftBackend::begin() {
  nft::News news = watch_->take();
  news.lost = news.lost || pending_.lost;
  news.table = news.table || pending_.table;
  news.flushed = news.flushed || pending_.flushed;
  news.sets.merge(pending_.sets);
  pending_ = {};
  if (!news.ours()) return {};
  return repair(news);
}

/// Whether somebody flushed by hand since the last look; the book is empty then.
Result<bool> NftBackend::notice_flush() {
  const auto counters = socket_->counters(layout_.table);
  if (!counters && counters.error().code == Code::not_found) return false;
  if (!counters) return counters.error();
  const int64_t mark = nft::newest_flush_mark(*counters);
  if (mark <= flush_mark_ns_) return false;
  flush_mark_ns_ = mark;
  log::warn("enforce.changed_by_hand",
            {{"table", "inet " + layout_.table}, {"what", "the bans were flushed"}});
  for (const auto& group : book_.groups()) {
    if (group->id.remediation == Remediation::none) continue;
    nft::Book::clear(*group);
    for (const Kind kind : nft::kAllKinds) group->set(kind).aside = false;
  }
  lists_.clear();
  return true;
}

Result<void> NftBackend::repair(const nft::News& news) {
  TESTUDO_TRY(const bool flushed, notice_flush());
  TESTUDO_TRY(const bool there, socket_->has_table(layout_.table));
  std::vector<std::string> present;
  std::vector<nft::RuleState> rules;
  if (there) {
    TESTUDO_TRY(present, socket_->sets(layout_.table));
    TESTUDO_TRY(rules, socket_->rules(layout_.table));
  }
  std::sort(present.begin(), present.end());
  const auto is_present = [&](const nft::SetId& set) {
    return std::binary_search(present.begin(), present.end(), set_name(set));
  };
  bool whole = there && rules == rules_;
  for (const auto& group : book_.groups())
    for (const Kind kind : nft::kAllKinds)
      whole = whole && (!group->set(kind).made || is_present(group->set_id(kind)));
  if (!whole) TESTUDO_CHECK(restore_structure(present));
  if (flushed) return {};
  for (const auto& group : book_.groups())
    for (const Kind kind : nft::kAllKinds) {
      const std::string name = set_name(group->set_id(kind));
      const bool touched = news.sets.contains(name) || (news.lost && group->size(kind) <= nft::kReadable);
      if (group->set(kind).made && touched && is_present(group->set_id(kind)))
        TESTUDO_CHECK(resync({group.get(), kind}));
    }
  return {};
}

Result<void> NftBackend::restore_structure(const std::vector<std::string>& present) {
  ++restored_;
  log::warn("enforce.restored", {{"table", "inet " + layout_.table},
                                 {"why", "another program removed it, or a part of it"},
                                 {"times", restored_}});
  TESTUDO_CHECK(nft::run_script(program_, nft::base_script(layout_)));
  nft::Batch counters(layout_.table);
  counters.add_counter(nft::kLayoutMark, "do not edit: testudo writes this table");
  counters.add_counter(nft::kSeenCounter, "");
  // Those that are there stay as they are, with their counts.
  for (uint32_t row = 0; row < book_.policies.size(); ++row) {
    const auto& policy = book_.policies.at(row);
    for (const bool v6 : {false, true})
      if (policy.made[v6])
        counters.add_counter(nft::counter_name(policy.remediation, row, v6),
                             nft::policy_comment(policy.origin, policy.scenario));
  }
  TESTUDO_CHECK(socket_->commit(counters, "making counters in table inet " + layout_.table));
  std::erase_if(leftover_sets_, [&](const nft::SetId& set) {
    return !std::binary_search(present.begin(), present.end(), set_name(set));
  });
  std::vector<SetRef> missing;
  for (const auto& group : book_.groups())
    for (const Kind kind : nft::kAllKinds) {
      Group::Set& set = group->set(kind);
      if (!set.made || std::binary_search(present.begin(), present.end(), set_name(group->set_id(kind))))
        continue;
      set.made = set.aside = false;
      missing.push_back({group.get(), kind});
    }
  TESTUDO_CHECK(make_sets(missing));
  // The allowlist is the first group. Small sets come before large ones, so that most is in force at once.
  std::stable_sort(missing.begin(), missing.end(), [](const SetRef& a, const SetRef& b) {
    const auto key = [](const SetRef& set) {
      return std::pair(set.first->id.remediation != Remediation::none, set.first->size(set.second));
    };
    return key(a) < key(b);
  });
  bool rules = false;
  for (const SetRef& set : missing) {
    if (!rules && set.first->id.remediation != Remediation::none) {
      TESTUDO_CHECK(write_rules());
      rules = true;
    }
    TESTUDO_CHECK(fill(set));
  }
  if (!rules) TESTUDO_CHECK(write_rules());
  return {};
}

void NftBackend::refresh_interfaces() {
  const std::lock_guard lock(mutex_);
  if (auto done = begin(); !done) {
    pending_.lost = true;
    log::warn("enforce.repair_failed", {{"table", "inet " + layout_.table}, {"why", done.error().text()}});
  }
}

}  // namespace testudo
