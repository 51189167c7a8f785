// enforce/kernel_view.h: what the kernel's tables say, for status, metrics and lists; changes nothing.
#pragma once

#include <vector>

#include "enforce/backend.h"
#include "enforce/policies.h"
#include "xdp/tables.h"

namespace testudo {

/// Counts and totals; interfaces and `adopted` are the caller's.
EnforceStatus read_status(const xdp::Tables& tables, const testudo_meta& meta, const drop_clock& clock);

/// Sums over CPUs, one row for each policy and family that has counted a packet. `rows[N]` is policy N.
std::vector<DropCounter> read_counters(const xdp::Map& counters, const std::vector<Policy>& rows);

}  // namespace testudo
