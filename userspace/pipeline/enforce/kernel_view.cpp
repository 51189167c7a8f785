#include "enforce/kernel_view.h"

#include "enforce/entry.h"

namespace testudo {

EnforceStatus read_status(const xdp::Tables& tables, const testudo_meta& meta, const drop_clock& clock) {
  const auto load = [](const auto& value) { return __atomic_load_n(&value, __ATOMIC_RELAXED); };
  EnforceStatus status;
  status.backend = "xdp";
  status.bans = load(meta.bans);
  status.ranges = uint64_t(load(meta.prefixes4)) + load(meta.prefixes6);
  status.allowed = load(meta.allowed);
  status.last_drop_unix_ns = unix_ns_of(load(clock.last_ns), Clocks::read());
  std::vector<totals_value> cpus(static_cast<size_t>(xdp::possible_cpus()));
  const uint32_t zero = 0;
  if (tables.totals.get(&zero, cpus.data()) != 0) return status;
  for (const totals_value& cpu : cpus) {
    status.passed_packets += cpu.passed;
    status.dropped_packets += cpu.dropped;
    status.dropped_bytes += cpu.dropped_bytes;
  }
  return status;
}

std::vector<DropCounter> read_counters(const xdp::Map& counters, const std::vector<Policy>& rows) {
  std::vector<DropCounter> out;
  std::vector<counter_value> cpus(static_cast<size_t>(xdp::possible_cpus()));
  for (uint32_t row = 0; row < rows.size(); ++row) {
    for (const bool is_v6 : {false, true}) {
      const uint32_t index = testudo_counter_index(row, is_v6);
      if (counters.get(&index, cpus.data()) != 0) continue;
      DropCounter sum;
      for (const counter_value& cpu : cpus) {
        sum.packets += cpu.packets;
        sum.bytes += cpu.bytes;
      }
      if (sum.packets == 0) continue;
      sum.origin = rows[row].origin;
      sum.scenario = rows[row].scenario;
      sum.remediation = remediation_name(rows[row].remediation);
      sum.family = is_v6 ? Family::v6 : Family::v4;
      out.push_back(std::move(sum));
    }
  }
  return out;
}

}  // namespace testudo
