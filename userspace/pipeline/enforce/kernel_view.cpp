#include "enforce/kernel_view.h"

#include "enforce/entry.h"

namespace testudo {
namespace {

/// Adds row `slot` over all CPUs; false when it cannot be read.
bool add_totals(const xdp::Map& totals, uint32_t slot, std::vector<totals_value>& cpus, PacketTotals& sum) {
  if (totals.get(&slot, cpus.data()) != 0) return false;
  for (const totals_value& cpu : cpus) {
    sum.passed += cpu.passed;
    sum.dropped += cpu.dropped;
    sum.dropped_bytes += cpu.dropped_bytes;
    sum.logged += cpu.logged;
    sum.allowed += cpu.allowed;
    sum.throttled += cpu.throttled;
    sum.malformed += cpu.malformed;
    sum.deep_tags += cpu.deep_tags;
    sum.resets += cpu.reset;
    sum.outgoing_dropped += cpu.out_dropped;
    sum.outgoing_dropped_bytes += cpu.out_dropped_bytes;
    sum.events_lost += cpu.events_lost;
  }
  return true;
}

std::vector<totals_value> all_cpus() { return std::vector<totals_value>(size_t(xdp::possible_cpus())); }

void add_counter(const xdp::Map& counters, uint32_t index, const Policy& policy, DropCounter row,
                 std::vector<DropCounter>& out) {
  std::vector<counter_value> cpus(static_cast<size_t>(xdp::possible_cpus()));
  if (counters.get(&index, cpus.data()) != 0) return;
  for (const counter_value& cpu : cpus) {
    row.packets += cpu.packets;
    row.bytes += cpu.bytes;
  }
  if (row.packets == 0) return;
  row.origin = policy.origin;
  row.scenario = policy.scenario;
  row.remediation = remediation_name(policy.remediation);
  out.push_back(std::move(row));
}

}  // namespace

EnforceStatus read_status(const xdp::Tables& tables, const testudo_meta& meta, const drop_clock& clock) {
  const auto load = [](const auto& value) { return __atomic_load_n(&value, __ATOMIC_RELAXED); };
  EnforceStatus status;
  status.backend = "xdp";
  status.bans = load(meta.bans);
  status.ranges = uint64_t(load(meta.prefixes4)) + load(meta.prefixes6);
  status.allowed = load(meta.allowed);
  status.last_drop_unix_ns = unix_ns_of(load(clock.last_ns), Clocks::read());
  // Of interfaces that are gone, too: a total never falls.
  std::vector<totals_value> cpus = all_cpus();
  for (uint32_t slot = 0; slot < TESTUDO_INTERFACES; ++slot)
    if (!add_totals(tables.totals, slot, cpus, status.totals)) break;
  status.passed_packets = status.totals.passed;
  status.dropped_packets = status.totals.dropped;
  status.dropped_bytes = status.totals.dropped_bytes;
  return status;
}

InterfaceStatus interface_status(const xdp::Tables& tables, const xdp::Attachment& at) {
  InterfaceStatus status{at.interface, at.mode, at.why, {}};
  std::vector<totals_value> cpus = all_cpus();
  if (at.index != 0) add_totals(tables.totals, testudo_interface_slot(at.index), cpus, status.totals);
  return status;
}

std::vector<DropCounter> read_counters(const xdp::Tables& tables, const std::vector<Policy>& rows) {
  std::vector<DropCounter> out;
  for (uint32_t row = 0; row < rows.size(); ++row) {
    for (const bool is_v6 : {false, true}) {
      const uint32_t index = testudo_counter_index(row, is_v6);
      DropCounter counter;
      counter.family = is_v6 ? Family::v6 : Family::v4;
      add_counter(tables.counters, index, rows[row], counter, out);
      counter.outgoing = true;
      add_counter(tables.counters_out, index, rows[row], counter, out);
    }
  }
  return out;
}

}  // namespace testudo
