// enforce/nft_lists.cpp: blocklists beside the decisions, each a group of its own that takes the place of the
// one before it with one change of the rules.
#include <algorithm>

#include "base/log.h"
#include "enforce/entry.h"
#include "enforce/nft_backend.h"

namespace testudo {

using nft::Group;
using nft::GroupId;
using nft::Kind;
using nft::SetRef;

namespace {
constexpr uint64_t kBytes = 150;  // an entry without a counter of its own, in the kernel and in the book
}

Result<void> NftBackend::put_list(const BlockList& list) {
  const std::lock_guard lock(mutex_);
  TESTUDO_CHECK(begin());
  const auto old = lists_.find(list.name);
  Group* old_group = old == lists_.end() ? nullptr : book_.find(old->second.group);
  const bool over = list.prefixes.empty() || list.until <= now();
  if (over) {
    if (!old_group) return {};
    TESTUDO_CHECK(drop_list(*old_group));
    lists_.erase(list.name);
    return {};
  }
  const uint64_t others = book_.bans() + book_.ranges() - (old_group ? old_group->size() : 0);
  if (others + list.prefixes.size() > options_.max_entries)
    return Error{Code::too_large,
                 "list " + list.name + " has " + std::to_string(list.prefixes.size()) + " entries, beside " +
                     std::to_string(others) + " others, and enforce.max_entries is " +
                     std::to_string(options_.max_entries),
                 {},
                 "raise enforce.max_entries (about 170 bytes an entry), or use a shorter list"};
  TESTUDO_CHECK(memory_for(list.prefixes.size(), "list " + list.name));

  GroupId id;
  id.remediation = Remediation::ban;
  id.policy = book_.policies.row_of(Remediation::ban, "lists", list.name);
  id.generation = ++generation_;
  TESTUDO_TRY(Group * group, book_.group(id));
  group->hidden = true;
  const int64_t until = unix_nanos(list.until);
  std::vector<nft::Step> ignored;
  for (const Prefix& prefix : list.prefixes) {
    nft::Book::set(*group, wire_prefix(prefix), {until, uint16_t(id.policy)}, ignored);
    ignored.clear();
  }
  if (auto done = fill_list(*group); !done) {
    // The old one goes on. What was made of the new one is no rule's, and goes.
    (void)drop_list(*group).ok();
    return done.error();
  }
  Listed& listed = lists_[list.name];
  listed.group = id;
  listed.status = {list.name, group->size(), id.generation, group->size() * kBytes, unix_nanos(now())};
  if (old_group) {
    old_group->hidden = true;
    TESTUDO_CHECK(write_rules());
    TESTUDO_CHECK(drop_list(*old_group));
  } else {
    TESTUDO_CHECK(write_rules());
  }
  log::info("enforce.list", {{"list", list.name}, {"entries", listed.status.entries}});
  return {};
}

Result<void> NftBackend::fill_list(Group& group) {
  std::vector<SetRef> sets;
  for (const Kind kind : nft::kAllKinds)
    if (group.size(kind) > 0) sets.emplace_back(&group, kind);
  TESTUDO_CHECK(make_sets(sets));
  for (const SetRef& set : sets) TESTUDO_CHECK(fill(set));
  group.hidden = false;
  return {};
}

Result<void> NftBackend::drop_list(Group& group) {
  if (!group.hidden) {
    group.hidden = true;
    TESTUDO_CHECK(write_rules());
  }
  nft::Batch batch(layout_.table);
  for (const Kind kind : nft::kAllKinds)
    if (group.set(kind).made) batch.delete_set(set_name(group.set_id(kind)));
  if (!batch.empty()) TESTUDO_CHECK(socket_->commit(batch, "removing a list's sets"));
  std::erase_if(book_.groups(), [&](const auto& other) { return other.get() == &group; });
  place_ = {};
  return {};
}

std::vector<ListStatus> NftBackend::lists() {
  const std::lock_guard lock(mutex_);
  std::vector<ListStatus> out;
  for (const auto& [name, listed] : lists_) out.push_back(listed.status);
  return out;
}

}  // namespace testudo
