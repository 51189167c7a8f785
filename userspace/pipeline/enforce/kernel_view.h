// enforce/kernel_view.h: what the kernel's tables say, for status, metrics and lists; changes nothing.
#pragma once

#include <vector>

#include "enforce/backend.h"
#include "enforce/policies.h"
#include "xdp/attach.h"
#include "xdp/tables.h"

namespace testudo {

/// Counts and totals; interfaces and `adopted` are the caller's.
EnforceStatus read_status(const xdp::Tables& tables, const testudo_meta& meta, const drop_clock& clock);

/// Mode and totals of one interface.
InterfaceStatus interface_status(const xdp::Tables& tables, const xdp::Attachment& at);

/// Sums over CPUs, one row for each policy, family and direction that has counted a packet. `rows[N]` is
/// policy N.
std::vector<DropCounter> read_counters(const xdp::Tables& tables, const std::vector<Policy>& rows);

}  // namespace testudo
