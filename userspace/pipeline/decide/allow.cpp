#include "decide/allow.h"

#include <algorithm>

namespace testudo {

namespace {
bool over(const AllowlistItem& item, TimePoint now) { return item.expires_at && *item.expires_at <= now; }
}  // namespace

void Allowlists::assign(std::vector<Allowlist> lists) {
  lists_ = std::move(lists);
  std::sort(lists_.begin(), lists_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  index();
}

void Allowlists::index() {
  by_prefix_.clear();
  for (size_t list = 0; list < lists_.size(); ++list)
    for (size_t item = 0; item < lists_[list].items.size(); ++item)
      by_prefix_.at(lists_[list].items[item].prefix).push_back({list, item});
}

std::vector<std::string> Allowlists::matches(const Prefix& prefix, TimePoint now) const {
  std::vector<Hit> hits;
  by_prefix_.touching(prefix, [&](const Prefix&, const std::vector<Hit>& here) {
    for (const Hit& hit : here)
      if (!over(lists_[hit.list].items[hit.item], now)) hits.push_back(hit);
  });
  std::stable_sort(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.list < b.list; });
  std::vector<std::string> texts;
  for (const Hit& hit : hits) {
    const AllowlistItem& item = lists_[hit.list].items[hit.item];
    std::string text =
        (item.value.empty() ? item.prefix.text() : item.value) + " from " + lists_[hit.list].name;
    if (!item.comment.empty()) text += " (" + item.comment + ")";
    texts.push_back(std::move(text));
  }
  return texts;
}

bool Allowlists::touches(const Prefix& prefix, TimePoint now) const {
  bool found = false;
  by_prefix_.touching(prefix, [&](const Prefix&, const std::vector<Hit>& here) {
    for (const Hit& hit : here) found = found || !over(lists_[hit.list].items[hit.item], now);
  });
  return found;
}

bool Allowlists::expire(TimePoint now) {
  bool any = false;
  for (Allowlist& list : lists_)
    any = std::erase_if(list.items, [&](const AllowlistItem& item) { return over(item, now); }) > 0 || any;
  if (any) index();
  return any;
}

std::vector<Prefix> Allowlists::prefixes(TimePoint now) const {
  std::vector<Prefix> all;
  for (const Allowlist& list : lists_)
    for (const AllowlistItem& item : list.items)
      if (!over(item, now)) all.push_back(item.prefix);
  return all;
}

std::vector<AllowChange> AllowTable::move_to(const Wanted& wanted) {
  std::vector<AllowChange> changes;
  for (const auto& [prefix, reason] : wanted) {
    const auto it = told_.find(prefix);
    if (it == told_.end() || it->second != reason) changes.push_back({AllowChange::Op::set, prefix, reason});
  }
  for (const auto& [prefix, reason] : told_)
    if (!wanted.contains(prefix)) changes.push_back({AllowChange::Op::clear, prefix, reason});
  told_ = wanted;
  return changes;
}

std::vector<AllowChange> AllowTable::all() const {
  std::vector<AllowChange> changes;
  for (const auto& [prefix, reason] : told_) changes.push_back({AllowChange::Op::set, prefix, reason});
  return changes;
}

}  // namespace testudo
