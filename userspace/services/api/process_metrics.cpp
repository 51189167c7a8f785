#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "api/exposition.h"
#include "base/files.h"
#include "base/text.h"
#include "base/time.h"

namespace testudo {
namespace {

/// Start of this process in seconds since 1970, from its start tick after boot (field 22 of /proc/self/stat).
double start_time() {
  const auto stat = read_file("/proc/self/stat", 1 << 16), uptime = read_file("/proc/stat", 1 << 20);
  if (!stat || !uptime) return 0;
  const size_t name_end = stat->rfind(')');  // the name may hold blanks and parentheses
  const size_t boot = uptime->find("\nbtime ");
  if (name_end == std::string::npos || boot == std::string::npos) return 0;
  const auto fields = split(std::string_view(*stat).substr(name_end + 2), ' ');
  if (fields.size() < 20) return 0;
  const double ticks = std::strtod(std::string(fields[19]).c_str(), nullptr);
  return std::strtod(uptime->c_str() + boot + 7, nullptr) + ticks / double(::sysconf(_SC_CLK_TCK));
}

double resident_bytes() {
  const auto statm = read_file("/proc/self/statm", 4096);
  if (!statm) return 0;
  const auto fields = split(*statm, ' ');
  return fields.size() < 2
             ? 0
             : std::strtod(std::string(fields[1]).c_str(), nullptr) * double(::sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return double(t.tv_sec) + double(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

void add_process_collector(Metrics& metrics) {
  metrics.add_collector([started = start_time()](std::vector<MetricFamily>& families) {
    const auto add = [&](const char* name, const char* help, MetricType type, double value) {
      families.push_back({name, help, type, {{{}, value}}});
    };
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    add("process_cpu_seconds_total", "User and system time.", MetricType::counter, cpu_seconds());
    add("process_resident_memory_bytes", "Resident memory.", MetricType::gauge, resident_bytes());
    // One less: the descriptor that reads the folder.
    add("process_open_fds", "Open file descriptors.", MetricType::gauge,
        double(list_directory("/proc/self/fd").size()) - 1);
    add("process_max_fds", "Limit of open file descriptors.", MetricType::gauge, double(limit.rlim_cur));
    add("process_start_time_seconds", "Start of the process, seconds since 1970.", MetricType::gauge,
        started);
  });
}

}  // namespace testudo
