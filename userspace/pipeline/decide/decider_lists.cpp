// decide/decider_lists.cpp: allowlists: written to the store first, then true here and in the kernel.
#include <fmt/format.h>

#include "base/log.h"
#include "decide/decider_impl.h"

namespace testudo {

Result<void> Decider::Impl::reload_lists(TimePoint at) {
  TESTUDO_TRY(auto lists, store.allowlists(at));
  const std::lock_guard lock(mutex);
  allow.assign(std::move(lists));
  refresh_allow_table(at);
  return {};
}

void Decider::Impl::refresh_allow_table(TimePoint at) {
  AllowTable::Wanted wanted;
  // Later ones win where two name the same prefix: what an administrator wrote is what is shown.
  for (const auto& [ip, why] : machine) wanted[Prefix::host(ip)] = AllowChange::Reason::own;
  for (const Ip& ip : options.configured_addresses)
    wanted[Prefix::host(ip.unmapped())] = AllowChange::Reason::configured;
  for (const Ip& ip : sessions.addresses()) wanted[Prefix::host(ip)] = AllowChange::Reason::session;
  for (const Prefix& prefix : allow.prefixes(at)) wanted[prefix] = AllowChange::Reason::list;
  allow_kernel(allow_table.move_to(wanted));
}

Result<void> Decider::create_allowlist(const std::string& name, const std::string& description) {
  const std::lock_guard writers(impl_->lists_mutex);
  const TimePoint at = impl_->time();
  TESTUDO_CHECK(impl_->committer->with_store(
      [&](Store& store) { return store.create_allowlist(name, description, at); }));
  return impl_->reload_lists(at);
}

Result<void> Decider::delete_allowlist(const std::string& name) {
  const std::lock_guard writers(impl_->lists_mutex);
  TESTUDO_CHECK(impl_->committer->with_store([&](Store& store) { return store.delete_allowlist(name); }));
  return impl_->reload_lists(impl_->time());
}

Result<int> Decider::add_to_allowlist(const std::string& name, std::vector<AllowlistItem> items) {
  const std::lock_guard writers(impl_->lists_mutex);
  const TimePoint at = impl_->time();
  for (AllowlistItem& item : items) {
    if (item.value.empty()) item.value = item.prefix.text();
    if (const auto folded = matching_prefix("Ip", item.value)) item.prefix = *folded;
    if (item.created_at == TimePoint{}) item.created_at = at;
    if (item.expires_at && *item.expires_at <= at)
      return Error{
          Code::bad_input,
          fmt::format("{} would be over already: {}", item.value, format_rfc3339_seconds(*item.expires_at)),
          {},
          "give a time that lies ahead"};
  }
  std::vector<Prefix> prefixes;
  for (const AllowlistItem& item : items) prefixes.push_back(item.prefix);
  const auto written = impl_->committer->with_store([&](Store& store) -> Result<void> {
    TESTUDO_TRY(const auto lists, store.allowlists(at));
    bool exists = false;
    for (const Allowlist& list : lists) exists = exists || list.name == name;
    if (!exists) TESTUDO_CHECK(store.create_allowlist(name, "", at));
    return store.put_allowlist_items(name, items, at);
  });
  if (!written) return written.error();
  TESTUDO_CHECK(impl_->reload_lists(at));
  int n = 0;
  {
    const std::lock_guard lock(impl_->mutex);
    n = impl_->end_touching(prefixes, at);
  }
  if (n > 0) TESTUDO_CHECK(impl_->committer->barrier());
  log::info("allowlist.added", {{"list", name}, {"items", items.size()}, {"ended_decisions", n}});
  return n;
}

Result<int> Decider::remove_from_allowlist(const std::string& name, const std::vector<Prefix>& prefixes) {
  const std::lock_guard writers(impl_->lists_mutex);
  const TimePoint at = impl_->time();
  TESTUDO_TRY(const int n, impl_->committer->with_store([&](Store& store) {
    return store.remove_allowlist_items(name, prefixes, at);
  }));
  TESTUDO_CHECK(impl_->reload_lists(at));
  return n;
}

Result<std::vector<Allowlist>> Decider::allowlists() {
  const std::lock_guard lock(impl_->mutex);
  impl_->allow.expire(impl_->time());
  return impl_->allow.lists();
}

std::vector<std::string> Decider::allowlisted_by(const Prefix& prefix) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->allow.matches(prefix, impl_->time());
}

}  // namespace testudo
