#include "enforce/nft_book.h"

#include <algorithm>
#include <cstring>

namespace testudo::nft {
namespace {

uint32_t key4(const Prefix& prefix) {
  uint32_t key;
  std::memcpy(&key, prefix.ip.bytes.data(), 4);
  return key;
}

Address address4(uint32_t key) {
  uint8_t bytes[4];
  std::memcpy(bytes, &key, 4);
  return Address(bytes[0]) << 24 | uint32_t(bytes[1]) << 16 | uint32_t(bytes[2]) << 8 | bytes[3];
}

Address address6(const Bytes16& key) {
  Address out = 0;
  for (const uint8_t byte : key) out = out << 8 | byte;
  return out;
}

std::string policy_key(Remediation remediation, std::string_view origin, std::string_view scenario) {
  // As the kernel keeps it: two texts that are cut to the same are one row.
  const std::vector<char> comment = comment_userdata(policy_comment(origin, scenario));
  return std::string(1, char(remediation)) + comment_of(comment);
}

/// Calls `each` with the hash table of a kind and the prefix as its key.
template <typename GroupType, typename Each>
auto with_table(GroupType& group, Kind kind, const Prefix& prefix, Each&& each) {
  switch (kind) {
    case Kind::a4:
      return each(group.a4, key4(prefix));
    case Kind::s6:
      return each(group.s6, prefix.ip.bytes);
    default:
      return each(group.a6, prefix.ip.bytes);
  }
}

void add_steps(Group& group, Kind kind, const Intervals::Change& change, std::vector<Step>& steps) {
  for (const Piece& piece : change.gone)
    steps.push_back({&group, kind, piece.first, {true, piece.policy, piece.until, piece.last}, {}});
  for (const Piece& piece : change.fresh)
    steps.push_back({&group, kind, piece.first, {}, {true, piece.policy, piece.until, piece.last}});
}

template <typename Key>
void all_in(const Flat<Key>& table, Group& group, Kind kind, const std::function<void(const Step&)>& each) {
  table.for_each([&](const auto& slot) {
    Step step{&group, kind, 0, {}, {true, slot.policy, slot.until, 0}};
    if constexpr (sizeof(Key) == 4)
      step.first = address4(slot.key);
    else
      step.first = address6(slot.key);
    each(step);
  });
}

}  // namespace

uint16_t PolicyRows::other(Remediation remediation) {
  const std::string key = policy_key(remediation, "other", "other");
  if (const auto found = index_.find(key); found != index_.end()) return found->second;
  const auto row = uint16_t(rows_.size());
  rows_.push_back({remediation, "other", "other", {}});
  return index_.emplace(key, row).first->second;
}

uint16_t PolicyRows::row_of(Remediation remediation, std::string_view origin, std::string_view scenario) {
  std::string key = policy_key(remediation, origin, scenario);
  if (const auto found = index_.find(key); found != index_.end()) return found->second;
  if (rows_.size() >= kMax) return other(remediation);
  const auto row = uint16_t(rows_.size());
  rows_.push_back({remediation, std::string(origin), std::string(scenario), {}});
  index_.emplace(std::move(key), row);
  return row;
}

void PolicyRows::adopt(const CounterId& id, std::string_view comment) {
  if (id.row >= kMax * 2) return;
  while (rows_.size() <= id.row) rows_.emplace_back();
  Policy& policy = rows_[id.row];
  policy.remediation = id.remediation;
  policy_from(comment, policy.origin, policy.scenario);
  policy.made[id.v6] = true;
  index_[policy_key(id.remediation, policy.origin, policy.scenario)] = uint16_t(id.row);
}

void PolicyRows::forget_made() {
  for (Policy& policy : rows_) policy.made[0] = policy.made[1] = false;
}

size_t Group::size(Kind kind) const {
  switch (kind) {
    case Kind::a4:
      return a4.size();
    case Kind::a6:
      return a6.size();
    case Kind::s6:
      return s6.size();
    case Kind::r4:
      return r4.size();
    default:
      return r6.size();
  }
}

Kind Group::kind_for(const Prefix& prefix) const {
  if (id.remediation == Remediation::none) return prefix.ip.is_v4() ? Kind::r4 : Kind::r6;
  return kind_of(prefix);
}

size_t Group::size() const {
  size_t sum = 0;
  for (const Kind kind : kAllKinds) sum += size(kind);
  return sum;
}

std::vector<std::unique_ptr<Group>> Book::first() {
  std::vector<std::unique_ptr<Group>> groups;
  groups.push_back(std::make_unique<Group>());  // the allowlist: GroupId{} has remediation none
  return groups;
}

Group* Book::find(const GroupId& id) {
  for (const auto& group : groups_)
    if (group->id == id) return group.get();
  return nullptr;
}

Result<Group*> Book::group(const GroupId& id) {
  if (Group* known = find(id)) return known;
  if (groups_.size() >= kGroups)
    return Error{
        Code::too_large,
        "mode nftables takes " + std::to_string(kGroups) +
            " different combinations of remediation, protocol, ports, rate and list, and all are in use",
        {},
        "use fewer of them in the profiles, or mode xdp"};
  groups_.push_back(std::make_unique<Group>());
  groups_.back()->id = id;
  return groups_.back().get();
}

size_t Book::bans() const {
  size_t sum = 0;
  for (const auto& group : groups_)
    if (group->id.remediation != Remediation::none)
      sum += group->a4.size() + group->a6.size() + group->s6.size();
  return sum;
}

size_t Book::ranges() const {
  size_t sum = 0;
  for (const auto& group : groups_)
    if (group->id.remediation != Remediation::none) sum += group->r4.size() + group->r6.size();
  return sum;
}

size_t Book::memory() const {
  constexpr size_t kNode = 200;  // a prefix and its piece, each a node of a tree
  size_t sum = 0;
  for (const auto& group : groups_)
    sum += group->a4.memory() + group->a6.memory() + group->s6.memory() +
           (group->r4.size() + group->r6.size()) * kNode;
  return sum;
}

void Book::set(Group& group, const Prefix& prefix, Intervals::Held held, std::vector<Step>& steps) {
  const Kind kind = group.kind_for(prefix);
  if (is_ranges(kind)) {
    Intervals& ranges = kind == Kind::r4 ? group.r4 : group.r6;
    return add_steps(group, kind, ranges.set(prefix, held), steps);
  }
  Step step{&group, kind, address_of(prefix.ip), {}, {true, held.policy, held.until, 0}};
  with_table(group, kind, prefix, [&](auto& table, const auto& key) {
    if (auto* slot = table.find(key)) {
      step.before = {true, slot->policy, slot->until, 0};
      slot->policy = held.policy;
      slot->until = held.until;
      slot->seen = true;
    } else {
      table.put(key, held.until, held.policy);
      table.find(key)->seen = true;
    }
  });
  if (!(step.before == step.after)) steps.push_back(step);
}

void Book::remove(Group& group, const Prefix& prefix, std::vector<Step>& steps) {
  const Kind kind = group.kind_for(prefix);
  if (is_ranges(kind)) {
    Intervals& ranges = kind == Kind::r4 ? group.r4 : group.r6;
    return add_steps(group, kind, ranges.remove(prefix), steps);
  }
  with_table(group, kind, prefix, [&](auto& table, const auto& key) {
    const auto* slot = table.find(key);
    if (slot == nullptr) return;
    steps.push_back({&group, kind, address_of(prefix.ip), {true, slot->policy, slot->until, 0}, {}});
    table.erase(key);
  });
}

std::optional<Intervals::Held> Book::held(const Group& group, const Prefix& prefix) {
  const Kind kind = group.kind_for(prefix);
  if (is_ranges(kind)) return (kind == Kind::r4 ? group.r4 : group.r6).find(prefix);
  return with_table(group, kind, prefix, [](auto& table, const auto& key) {
    const auto* slot = table.find(key);
    return slot ? std::optional(Intervals::Held{slot->until, slot->policy}) : std::nullopt;
  });
}

Prefix Book::prefix_of(Kind kind, Address first) {
  if (!is_v6(kind)) return Prefix::host(ip_of(first, Family::v4));
  return Prefix::of(ip_of(first, Family::v6), kind == Kind::s6 ? 64 : 128);
}

void Book::undo(const Step& step) {
  const Prefix prefix = prefix_of(step.kind, step.first);
  std::vector<Step> ignored;
  if (step.before.present)
    set(*step.group, prefix, {step.before.until, step.before.policy}, ignored);
  else
    remove(*step.group, prefix, ignored);
}

void Book::clear(Group& group) {
  group.a4.clear();
  group.a6.clear();
  group.s6.clear();
  group.r4.clear();
  group.r6.clear();
}

void Book::all_of(Group& group, Kind kind, const std::function<void(const Step&)>& each) {
  if (kind == Kind::a4) return all_in(group.a4, group, kind, each);
  if (kind == Kind::a6) return all_in(group.a6, group, kind, each);
  if (kind == Kind::s6) return all_in(group.s6, group, kind, each);
  for (const auto& [first, piece] : (kind == Kind::r4 ? group.r4 : group.r6).pieces())
    each({&group, kind, first, {}, {true, piece.policy, piece.until, piece.last}});
}

}  // namespace testudo::nft
