// enforce/xdp.cpp: decision changes, one by one, into the kernel's tables.
#include <algorithm>

#include "base/log.h"
#include "enforce/kernel_view.h"
#include "enforce/xdp_backend.h"

namespace testudo {
namespace {

static_assert(int(Remediation::none) == TESTUDO_REMEDIATION_NONE &&
              int(Remediation::ban) == TESTUDO_REMEDIATION_BAN &&
              int(Remediation::throttle) == TESTUDO_REMEDIATION_THROTTLE &&
              int(Remediation::captcha) == TESTUDO_REMEDIATION_CAPTCHA &&
              int(Remediation::log_only) == TESTUDO_REMEDIATION_LOG_ONLY &&
              int(Remediation::sample) == TESTUDO_REMEDIATION_SAMPLE &&
              int(Remediation::reset) == TESTUDO_REMEDIATION_RESET);
static_assert(sizeof(ban_value) == 24 && offsetof(ban_value, tat) == 8 && offsetof(ban_value, policy2) == 20);
static_assert(sizeof(ban6_key) == 16 && sizeof(net4_key) == 8 && sizeof(net6_key) == 20 &&
              sizeof(allow_value) == 4);
static_assert(sizeof(policy_value) == 32 && offsetof(policy_value, interval) == 16 &&
              sizeof(policy_text) == 256 && sizeof(hit_key) == 20);
static_assert(sizeof(drop_event) == 128 && offsetof(drop_event, headers) == 64 && sizeof(totals_value) == 96);
// A mmapable array has a stride of its value size rounded up to 8.
static_assert(sizeof(testudo_meta) % 8 == 0 && sizeof(drop_clock) % 8 == 0);

constexpr uint32_t kFirstBans = 65536;

/// Native and generic in the order that is asked for; enforce.order concerns `auto` alone.
std::vector<std::string> modes_of(const EnforceOptions& options) {
  if (options.mode == "xdp-generic") return {"xdp-generic"};
  if (options.mode != "auto") return {"xdp", "xdp-generic"};
  std::vector<std::string> modes;
  for (const std::string& mode : options.order)
    if (mode == "xdp" || mode == "xdp-generic") modes.push_back(mode);
  return modes;
}

Result<std::unique_ptr<Backend>> open_xdp(const EnforceOptions& options) {
  xdp::TableSizes sizes;
  sizes.bans = std::min(options.max_entries, kFirstBans);
  TESTUDO_TRY(auto backend, XdpBackend::open(options, sizes));
  return std::unique_ptr<Backend>(std::move(backend));
}

}  // namespace

extern const BackendKind xdp_backend;
const BackendKind xdp_backend = {
    "xdp", "packets are dropped by XDP, native where the driver can, else generic", open_xdp};

Result<std::unique_ptr<XdpBackend>> XdpBackend::open(const EnforceOptions& options,
                                                     const xdp::TableSizes& sizes) {
  std::unique_ptr<XdpBackend> backend(new XdpBackend);
  if (modes_of(options).empty())
    return Error{Code::bad_config,
                 "enforce.order names neither xdp nor xdp-generic",
                 {},
                 "add one of them, or set enforce.mode to what is meant"};
  backend->options_ = options;
  xdp::KernelOptions kernel;
  kernel.pin = options.pin;
  kernel.interfaces = options.interfaces;
  kernel.modes = modes_of(options);
  kernel.outgoing = options.outgoing;
  kernel.features |= TESTUDO_FEATURE_LISTS;
  if (options.strict) kernel.features |= TESTUDO_FEATURE_STRICT;
  if (options.observe) kernel.features |= TESTUDO_FEATURE_OBSERVE;
  kernel.sizes = sizes;
  TESTUDO_TRY(backend->kernel_, xdp::Kernel::open(kernel));
  TESTUDO_TRY(BanTables tables, BanTables::over(backend->kernel_->tables()));
  backend->tables_ = std::make_unique<BanTables>(std::move(tables));
  TESTUDO_CHECK(backend->adopt_policies());
  TESTUDO_TRY(ListTables lists, ListTables::over(backend->kernel_->tables(), backend->tables_->meta().seed));
  backend->lists_ = std::make_unique<ListTables>(std::move(lists));
  backend->adopt_lists();
  if (backend->kernel_->must_fill_first())
    log::info("enforce.swap_deferred",
              {{"why", "tables of another version are in force until the first reconcile"}});
  else
    TESTUDO_CHECK(backend->kernel_->attach());
  if (backend->kernel_->adopted())
    log::info("enforce.adopted", {{"pin", options.pin},
                                  {"bans", backend->tables_->bans()},
                                  {"ranges", backend->tables_->ranges()},
                                  {"allowed", backend->tables_->allowed()}});
  return backend;
}

Result<void> XdpBackend::adopt_policies() {
  const xdp::Tables& tables = kernel_->tables();
  for (uint32_t row = 0; row < TESTUDO_POLICIES_SHARED; ++row) {
    const Policy policy = Policies::shared(row);
    TESTUDO_CHECK(write_policy(row, policy));
    policies_.adopt(row, Policies::text_of(policy), policy.value);
  }
  // Rows are given in order: the first without a remediation ends them.
  for (uint32_t row = TESTUDO_POLICIES_SHARED; row < TESTUDO_POLICIES; ++row) {
    policy_text text{};
    policy_value value{};
    if (const int err = tables.policy_text.get(&row, &text))
      return xdp::map_error(tables.policy_text, "reading", err);
    if (const int err = tables.policy.get(&row, &value)) return xdp::map_error(tables.policy, "reading", err);
    if (text.remediation == 0) break;
    policies_.adopt(row, text, value);
    heed_terms(value, false);
  }
  return {};
}

Result<void> XdpBackend::write_policy(uint32_t row, const Policy& policy) {
  const policy_text text = Policies::text_of(policy);
  const xdp::Tables& tables = kernel_->tables();
  if (const int err = tables.policy.put(&row, &policy.value))
    return xdp::map_error(tables.policy, "writing", err);
  // The text last: a row without it is free, should this process die in between.
  if (const int err = tables.policy_text.put(&row, &text))
    return xdp::map_error(tables.policy_text, "writing", err);
  return {};
}

void XdpBackend::heed_terms(const policy_value& value, bool in_use) {
  if (value.protocol || value.port_last) __atomic_store_n(&tables_->meta().narrowed, 1u, __ATOMIC_RELEASE);
  if (in_use && value.direction & TESTUDO_OUTGOING) kernel_->guard_outgoing();
}

Result<uint16_t> XdpBackend::policy_row(const Remedy& remedy) {
  TESTUDO_TRY(policy_value wanted, policy_value_of(remedy.remediation, remedy.terms));
  if (options_.outgoing) wanted.direction |= TESTUDO_OUTGOING;
  const std::lock_guard lock(policies_mutex_);
  TESTUDO_TRY(const Policies::Row row, policies_.row_of(remedy.origin, remedy.scenario, wanted));
  heed_terms(wanted, true);
  if (!row.fresh) return row.row;
  TESTUDO_CHECK(write_policy(row.row, *policies_.at(row.row)));
  return row.row;
}

Result<void> XdpBackend::add_candidate(const Remedy& remedy, const Clocks& clocks, ban_value& value) {
  if (remedy.remediation == Remediation::none || remedy.remediation == Remediation::captcha) return {};
  const auto expiry = expiry_of(remedy.until, clocks);
  if (!expiry) return {};
  TESTUDO_TRY(const uint16_t row, policy_row(remedy));
  if (value.policy == 0) {
    value.policy = row;
    value.expiry_s = *expiry;
  } else {
    value.policy2 = row;
    value.expiry2_s = *expiry;
  }
  return {};
}

Result<std::optional<ban_value>> XdpBackend::value_of(const DecisionChange& change, const Clocks& clocks) {
  ban_value value{};
  value.length = wire_prefix(change.prefix).length;
  auto first = add_candidate({change.remediation, change.until, change.origin, change.scenario, change.terms},
                             clocks, value);
  auto second = change.next ? add_candidate(*change.next, clocks, value) : Result<void>();
  Result<void>& failed = first ? second : first;
  if (!failed) failed.error().message += " (" + change.prefix.text() + ")";
  if (value.policy == 0) return failed ? Result<std::optional<ban_value>>(std::nullopt) : failed.error();
  // One of two holds, which is better than none.
  if (!failed) log::error("enforce.part_refused", {{"why", failed.error().text()}});
  return std::optional(value);
}

Result<void> XdpBackend::set(const EntryKey& key, ban_value value) {
  const uint64_t present = tables_->in_table(key.table);
  if (present >= tables_->map(key.table).max_entries()) TESTUDO_CHECK(grow(key.table, present + 1));
  const bool full = present >= tables_->map(key.table).max_entries();
  const bool throttle = policies_.at(value.policy)->remediation == Remediation::throttle;
  if (full || throttle) {
    ban_value known{};
    const bool renewed =
        tables_->map(key.table).get(key.bytes(), &known) == 0 && known.length == value.length;
    // What a throttled address has spent stays spent when its decision is renewed.
    if (renewed) value.tat = known.tat;
    if (full && !renewed) TESTUDO_CHECK(make_place(key.table, rank_of_entry(value)));
  }
  return tables_->set(key, value);
}

Result<void> XdpBackend::apply_one(const DecisionChange& change, const Clocks& clocks) {
  const EntryKey key = entry_key(change.prefix);
  if (change.op == DecisionChange::Op::clear) return tables_->clear(key);
  auto value = value_of(change, clocks);
  if (value && *value) return set(key, **value);
  // Whatever was in force on this prefix is not any more, even where what replaces it is not ours to do.
  TESTUDO_CHECK(tables_->clear(key));
  if (!value) return value.error();
  return {};
}

Result<void> XdpBackend::begin() {
  if (!tables_->changed_by_others()) return {};
  wait_for_swap();
  log::warn("enforce.changed_by_hand", {{"pin", options_.pin}, {"what", "the kernel tables were flushed"}});
  TESTUDO_CHECK(lists_->catch_up());
  tables_->keep_listed_ranges([&](const Prefix& prefix) { return lists_->ranges().count(prefix) != 0; });
  if (lists_->entries() == 0) {
    const std::lock_guard lock(list_infos_mutex_);
    list_infos_.clear();
  }
  return tables_->catch_up();
}

Result<void> XdpBackend::apply(std::span<const DecisionChange> changes) {
  const std::lock_guard lock(tables_mutex_);
  TESTUDO_CHECK(begin());
  const Clocks clocks = Clocks::read();
  std::optional<Error> first;
  size_t failed = 0;
  for (const DecisionChange& change : changes) {
    auto done = apply_one(change, clocks);
    if (done) continue;
    if (++failed == 1) first = done.error();
  }
  if (!first) return {};
  if (failed > 1) first->message += " (and " + std::to_string(failed - 1) + " more changes failed)";
  return *first;
}

Result<void> XdpBackend::allow(std::span<const AllowChange> changes) {
  const std::lock_guard lock(tables_mutex_);
  TESTUDO_CHECK(begin());
  std::optional<Error> first;
  for (const AllowChange& change : changes) {
    const uint32_t bit = 1u << unsigned(change.reason);
    uint32_t reasons = tables_->allowed_reasons(change.prefix);
    reasons = change.op == AllowChange::Op::set ? reasons | bit : reasons & ~bit;
    auto done = tables_->set_allowed(change.prefix, reasons);
    if (!done && !first) first = done.error();
  }
  if (first) return *first;
  return {};
}

Result<void> XdpBackend::flush() {
  const std::lock_guard no_list_comes(putting_);
  const std::lock_guard lock(tables_mutex_);
  TESTUDO_CHECK(begin());
  auto removed = tables_->flush();
  if (!removed) return removed.error();
  TESTUDO_TRY(const uint64_t listed, lists_->clear());
  {
    const std::lock_guard infos(list_infos_mutex_);
    list_infos_.clear();
  }
  log::warn("enforce.flushed", {{"removed", *removed}, {"listed", listed}});
  return {};
}

EnforceStatus XdpBackend::status() {
  EnforceStatus status = read_status(kernel_->tables(), tables_->meta(), tables_->clock());
  for (const xdp::Attachment& at : kernel_->attachments())
    status.interfaces.push_back(interface_status(kernel_->tables(), at));
  status.adopted = kernel_->adopted();
  return status;
}

std::vector<DropCounter> XdpBackend::counters() {
  std::vector<Policy> rows;
  {
    const std::lock_guard lock(policies_mutex_);
    for (uint32_t row = 0; row < policies_.size(); ++row) rows.push_back(*policies_.at(row));
  }
  return read_counters(kernel_->tables(), rows);
}

Result<std::vector<KernelEntry>> XdpBackend::list(const Prefix* only) {
  return list_pinned(options_.pin, only);
}

}  // namespace testudo
