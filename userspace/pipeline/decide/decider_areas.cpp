// decide/decider_areas.cpp: decisions on countries and ASes: from databases into the kernel.
//
//   decided → list of prefixes (geo_scope) → queue in the index → slices of changes, as any others
//
// Where there is no list the decision is kept, served and said not to be in the kernel. A list that was in
// force stays when its database goes away or is damaged: bans end with their decision, never with a file.
#include <fmt/format.h>

#include <thread>

#include "base/log.h"
#include "decide/coverage.h"
#include "decide/decider_impl.h"

namespace testudo {

namespace {

constexpr size_t kSlice = 512;  // four milliseconds where each is a change of the kernel's trie
// What was accepted before (maybe while there was no database) is held back only when it is this much.
constexpr uint64_t kHeldBack = kAllOfIpv4 / 8;

}  // namespace

void Decider::Impl::learn_areas(const Alert& alert) {
  std::vector<GeoScopes::Key> keys;
  const auto want = [&](const std::string& scope, const std::string& value) {
    const std::string name = normalize_scope(scope);
    if (is_geo_scope(name)) keys.push_back({name, geo_value(name, value)});
  };
  if (alert.decisions.empty()) want(alert.source.scope, alert.source.value);
  for (const Decision& decision : alert.decisions) want(decision.scope, decision.value);
  if (!keys.empty()) geo.learn(keys);
}

void Decider::Impl::place_area(const Decision& decision) {
  const auto effect = effect_of(decision.type, decision.params, decision.simulated);
  if (!effect || effect->rank == 0) return;  // a matter of other bouncers
  const ActiveIndex::PrefixList before = index.area(decision.id);
  const auto problem = [&](const std::string& what, const std::string& remedy) {
    const std::string text =
        (before ? "as its last database had it: " : "") + what + (remedy.empty() ? "" : "; " + remedy);
    if (area_problems[decision.id] == text) return;
    area_problems[decision.id] = text;
    log::warn(
        before ? "scope.stale" : "scope.not_in_kernel",
        {{"scope", decision.scope}, {"value", decision.value}, {"decision", decision.id}, {"why", text}});
  };
  const auto list = geo.prefixes(decision.scope, decision.value);
  if (!list) return problem(list.error().message, list.error().remedy);
  const size_t others = index.area_prefixes() - (before ? before->size() : 0);
  if (others + (*list)->size() > options.max_prefixes)
    return problem(fmt::format("it has {} prefixes, and of {} for all countries and ASes {} are taken",
                               (*list)->size(), options.max_prefixes, others),
                   "raise enforce.max_entries");
  if (!before && drops(effect->remediation) && !read_params(decision.params)->forced)
    if (const std::string why = too_much(**list, kHeldBack); !why.empty())
      return problem(why, "add it again with --force");
  index.set_area(decision.id, *list);
  area_problems.erase(decision.id);
}

void Decider::Impl::place_areas(const std::vector<int64_t>& ids) {
  for (const int64_t id : ids)
    if (const auto decision = index.get(id)) place_area(*decision);
}

std::vector<GeoScopes::Key> Decider::Impl::keys_of(const std::vector<int64_t>& ids) const {
  std::vector<GeoScopes::Key> keys;
  for (const int64_t id : ids)
    if (const auto d = index.get(id)) keys.push_back({d->scope, geo_value(d->scope, d->value)});
  return keys;
}

// Files are looked at without the lock, and read without it: a whole database takes a while.
void Decider::Impl::refresh_areas() {
  const bool changed = geo.changed();
  std::vector<int64_t> ids;
  std::vector<GeoScopes::Key> keys;
  {
    const std::lock_guard lock(mutex);
    if (changed) ids = index.area_ids();
    // What could not be placed may have room by now.
    if (!changed)
      for (const auto& [id, why] : area_problems) ids.push_back(id);
    keys = keys_of(ids);
  }
  if (ids.empty()) return;
  geo.learn(keys);
  const std::lock_guard lock(mutex);
  place_areas(ids);
  if (changed) log::info("scope.refreshed", {{"decisions", ids.size()}, {"prefixes", index.area_prefixes()}});
}

void Decider::Impl::settle() {
  for (bool more = true; more;) {
    {
      const std::lock_guard lock(mutex);
      Changes changes;
      more = index.work(kSlice, changes);
      committer->add_changes(emit(changes, time()));
    }
    // A mutex is not fair: without a pause nobody who bans would get his turn in between.
    if (more) std::this_thread::sleep_for(100us);
  }
}

std::vector<AreaStatus> Decider::Impl::areas() const {
  std::vector<AreaStatus> out;
  for (const int64_t id : index.area_ids()) {
    const auto d = index.get(id);
    AreaStatus row{id, d->scope, d->value, d->type, d->simulated, 0, 0, {}};
    if (const auto list = index.area(id)) {
      row.prefixes = list->size();
      row.addresses = addresses4(*list);
    }
    if (const auto problem = area_problems.find(id); problem != area_problems.end())
      row.problem = problem->second;
    out.push_back(std::move(row));
  }
  return out;
}

std::vector<AreaStatus> Decider::areas() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->areas();
}

}  // namespace testudo
