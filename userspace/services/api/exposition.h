// api/exposition.h: counters as Prometheus reads them.
#pragma once

#include <string>
#include <string_view>

#include "base/metrics.h"
#include "enforce/backend.h"

namespace testudo {

inline constexpr std::string_view kExpositionType = "text/plain; version=0.0.4; charset=utf-8";

/// Everything that the registry and its collectors know, as Prometheus text. Runs the collectors.
std::string exposition(const Metrics& metrics);

/// testudo_dropped_packets_total, testudo_dropped_bytes_total {origin, scenario, remediation, family},
/// testudo_passed_packets_total, testudo_kernel_entries {kind}; read from the kernel at each scrape. At most
/// 2,000 rows a family, the rest is summed up as "other". `backend` must outlive the registry's last scrape.
void add_kernel_collector(Metrics& metrics, Backend& backend);

/// process_resident_memory_bytes, process_cpu_seconds_total, process_open_fds, process_max_fds,
/// process_start_time_seconds.
void add_process_collector(Metrics& metrics);

}  // namespace testudo
