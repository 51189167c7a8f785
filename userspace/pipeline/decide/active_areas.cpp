// decide/active_areas.cpp: decisions that hold for many prefixes at once: a country, an AS.
#include <algorithm>
#include <iterator>

#include "decide/active.h"
#include "decide/coverage.h"

namespace testudo {

namespace {

bool is_area(const std::string& scope) { return scope == "Country" || scope == "AS"; }

const std::vector<Prefix>& contents(const ActiveIndex::PrefixList& list) {
  static const std::vector<Prefix> none;
  return list ? *list : none;
}

}  // namespace

void ActiveIndex::set_area(int64_t id, PrefixList prefixes) {
  const auto it = areas_.find(id);
  const PrefixList before = it == areas_.end() ? nullptr : it->second.prefixes;
  if (before == prefixes) return;
  std::vector<Prefix> leave, join;
  const auto &old = contents(before), &fresh = contents(prefixes);
  std::set_difference(old.begin(), old.end(), fresh.begin(), fresh.end(), std::back_inserter(leave),
                      prefix_before);
  std::set_difference(fresh.begin(), fresh.end(), old.begin(), old.end(), std::back_inserter(join),
                      prefix_before);
  // What joins comes first: a prefix that a new database cuts into two is never without cover.
  queue(id, std::move(join), true);
  queue(id, std::move(leave), false);
  if (it != areas_.end()) {
    area_prefixes_ -= old.size();
    if (it->second.drops) wide_sum_ -= it->second.addresses;
    areas_.erase(it);
  }
  if (!prefixes) return;
  Area area{std::move(prefixes), addresses4(fresh), drops_in_earnest(id)};
  area_prefixes_ += fresh.size();
  if (area.drops) wide_sum_ += area.addresses;
  areas_[id] = std::move(area);
}

void ActiveIndex::queue(int64_t id, std::vector<Prefix> prefixes, bool join) {
  if (prefixes.empty()) return;
  steps_.push_back({id, std::make_shared<const std::vector<Prefix>>(std::move(prefixes)), join, 0});
}

ActiveIndex::AreaSet ActiveIndex::moved(AreaSet set, int64_t id, bool join) {
  std::vector<int64_t> ids = sets_[set];
  const auto at = std::lower_bound(ids.begin(), ids.end(), id);
  const bool there = at != ids.end() && *at == id;
  if (there == join) return set;
  if (join)
    ids.insert(at, id);
  else
    ids.erase(at);
  const auto [known, fresh] = set_ids_.try_emplace(ids, AreaSet(sets_.size()));
  if (fresh) sets_.push_back(std::move(ids));
  return known->second;
}

void ActiveIndex::take_step(Step& step, size_t most, Changes& changes) {
  const std::vector<Prefix>& prefixes = *step.prefixes;
  for (const size_t end = std::min(prefixes.size(), step.done + most); step.done < end; ++step.done) {
    const Prefix& prefix = prefixes[step.done];
    PrefixState& state = prefixes_.at(prefix);
    state.areas = moved(state.areas, step.id, step.join);
    project(prefix, state, changes);
    if (state.empty()) prefixes_.erase(prefix);
  }
}

bool ActiveIndex::work(size_t most, Changes& changes) {
  while (!steps_.empty() && most > 0) {
    Step& step = steps_.front();
    const size_t before = step.done;
    take_step(step, most, changes);
    most -= step.done - before;
    if (step.done == step.prefixes->size()) steps_.pop_front();
  }
  if (!steps_.empty()) return true;
  if (areas_.empty()) {  // no state names one: forget the sets of ids that are gone
    sets_.resize(1);
    set_ids_ = {{{}, 0}};
  }
  return false;
}

ActiveIndex::PrefixList ActiveIndex::area(int64_t id) const {
  const auto it = areas_.find(id);
  return it == areas_.end() ? nullptr : it->second.prefixes;
}

std::vector<int64_t> ActiveIndex::area_ids() const {
  std::vector<int64_t> ids;
  for (const auto& [value, rows] : values_)
    for (const int64_t id : rows)
      if (is_area(texts_[rows_.at(id).scope])) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<int64_t> ActiveIndex::areas_covering(const Prefix& prefix) const {
  std::set<int64_t> ids;
  prefixes_.covering(prefix, [&](const Prefix&, const PrefixState& state) {
    for (const int64_t id : sets_[state.areas])
      if (rows_.contains(id)) ids.insert(id);
  });
  return {ids.begin(), ids.end()};
}

bool ActiveIndex::drops_in_earnest(int64_t id) const {
  const auto row = rows_.find(id);
  return row != rows_.end() && drops(effect(row->second).remediation);
}

uint64_t ActiveIndex::covered4(const std::vector<Prefix>& more) const {
  std::vector<Prefix> ranges;
  for (const int64_t id : ranges_)
    if (drops_in_earnest(id)) ranges.push_back(rows_.at(id).prefix);
  std::vector<const std::vector<Prefix>*> lists{&more, &ranges};
  for (const auto& [id, area] : areas_)
    if (area.drops) lists.push_back(area.prefixes.get());
  return union4(lists);
}

std::vector<ActiveIndex::Wide> ActiveIndex::wide() const {
  std::vector<Wide> all;
  for (const int64_t id : ranges_)
    if (const Row& row = rows_.at(id); drops_in_earnest(id))
      all.push_back({"Range " + row.prefix.cidr(), addresses4(row.prefix)});
  for (const auto& [id, area] : areas_)
    if (area.drops) all.push_back({texts_[rows_.at(id).scope] + " " + rows_.at(id).value, area.addresses});
  std::sort(all.begin(), all.end(), [](const Wide& a, const Wide& b) {
    return a.addresses != b.addresses ? a.addresses > b.addresses : a.what < b.what;
  });
  return all;
}

}  // namespace testudo
