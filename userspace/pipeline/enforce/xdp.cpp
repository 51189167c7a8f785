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
              int(Remediation::log_only) == TESTUDO_REMEDIATION_LOG_ONLY);
static_assert(sizeof(ban_value) == 16 && offsetof(ban_value, tat) == 8);
static_assert(sizeof(ban6_key) == 16 && sizeof(net4_key) == 8 && sizeof(net6_key) == 20 &&
              sizeof(allow_value) == 4);
static_assert(sizeof(policy_value) == 24 && sizeof(policy_text) == 256 && sizeof(hit_key) == 20);
// A mmapable array has a stride of its value size rounded up to 8.
static_assert(sizeof(testudo_meta) % 8 == 0 && sizeof(drop_clock) % 8 == 0);

constexpr uint32_t kFirstBans = 65536;

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
  backend->options_ = options;
  xdp::KernelOptions kernel;
  kernel.pin = options.pin;
  kernel.interfaces = options.interfaces;
  kernel.generic_only = options.mode == "xdp-generic";
  kernel.sizes = sizes;
  TESTUDO_TRY(backend->kernel_, xdp::Kernel::open(kernel));
  TESTUDO_TRY(BanTables tables, BanTables::over(backend->kernel_->tables()));
  backend->tables_ = std::make_unique<BanTables>(std::move(tables));
  TESTUDO_CHECK(backend->adopt_policies());
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
    const policy_text text = Policies::text_of(Policies::shared(row));
    policy_value value{};
    value.remediation = row;
    if (const int err = tables.policy_text.put(&row, &text))
      return xdp::map_error(tables.policy_text, "writing", err);
    if (const int err = tables.policy.put(&row, &value)) return xdp::map_error(tables.policy, "writing", err);
    policies_.adopt(row, text);
  }
  // Rows are given in order: the first without a remediation ends them.
  for (uint32_t row = TESTUDO_POLICIES_SHARED; row < TESTUDO_POLICIES; ++row) {
    policy_text text{};
    if (const int err = tables.policy_text.get(&row, &text))
      return xdp::map_error(tables.policy_text, "reading", err);
    if (text.remediation == 0) break;
    policies_.adopt(row, text);
  }
  return {};
}

Result<uint16_t> XdpBackend::policy_row(const DecisionChange& change) {
  const std::lock_guard lock(policies_mutex_);
  const auto [row, fresh] = policies_.row_of(change.origin, change.scenario, change.remediation);
  if (!fresh) return row;
  const uint32_t index = row;
  policy_value value{};
  value.remediation = uint32_t(change.remediation);
  const policy_text text = Policies::text_of(*policies_.at(row));
  const xdp::Tables& tables = kernel_->tables();
  if (const int err = tables.policy.put(&index, &value)) return xdp::map_error(tables.policy, "writing", err);
  if (const int err = tables.policy_text.put(&index, &text))
    return xdp::map_error(tables.policy_text, "writing", err);
  return row;
}

Result<std::optional<ban_value>> XdpBackend::value_of(const DecisionChange& change, const Clocks& clocks) {
  std::optional<ban_value> none;
  if (change.remediation == Remediation::throttle)
    return Error{
        Code::unsupported,
        "throttle of " + change.prefix.text() + ": this version of the kernel program cannot throttle",
        {},
        "use ban or captcha in the profile"};
  if (change.remediation != Remediation::ban && change.remediation != Remediation::log_only) return none;
  const auto expiry = expiry_of(change.until, clocks);
  if (!expiry) return none;
  TESTUDO_TRY(const uint16_t row, policy_row(change));
  ban_value value{};
  value.expiry_s = *expiry;
  value.policy = row;
  value.length = wire_prefix(change.prefix).length;
  return std::optional(value);
}

Result<void> XdpBackend::set(const EntryKey& key, const ban_value& value) {
  const uint64_t present = tables_->in_table(key.table);
  if (present >= tables_->map(key.table).max_entries()) TESTUDO_CHECK(grow(key.table, present + 1));
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
  log::warn("enforce.changed_by_hand", {{"pin", options_.pin}, {"what", "the kernel tables were flushed"}});
  return tables_->catch_up();
}

Result<void> XdpBackend::apply(std::span<const DecisionChange> changes) {
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
  TESTUDO_CHECK(begin());
  auto removed = tables_->flush();
  if (!removed) return removed.error();
  log::warn("enforce.flushed", {{"removed", *removed}});
  return {};
}

EnforceStatus XdpBackend::status() {
  EnforceStatus status = read_status(kernel_->tables(), tables_->meta(), tables_->clock());
  for (const xdp::Attachment& at : kernel_->attachments())
    status.interfaces.push_back({at.interface, at.mode, at.why});
  status.adopted = kernel_->adopted();
  return status;
}

std::vector<DropCounter> XdpBackend::counters() {
  std::vector<Policy> rows;
  {
    const std::lock_guard lock(policies_mutex_);
    for (uint32_t row = 0; row < policies_.size(); ++row) rows.push_back(*policies_.at(row));
  }
  return read_counters(kernel_->tables().counters, rows);
}

Result<std::vector<KernelEntry>> XdpBackend::list(const Prefix* only) {
  return list_pinned(options_.pin, only);
}

}  // namespace testudo
