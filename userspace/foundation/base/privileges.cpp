#include "base/privileges.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace testudo {
namespace {

struct Capability {
  int number;
  const char* name;
  bool awake;      ///< in force all the time
  bool root_only;  ///< kept only where the daemon runs as root
};
constexpr Capability kKept[] = {
    {CAP_BPF, "bpf", true, false},
    {CAP_PERFMON, "perfmon", true, false},
    {CAP_NET_ADMIN, "net_admin", true, false},
    {CAP_DAC_OVERRIDE, "dac_override", true, true},
    {CAP_DAC_READ_SEARCH, "dac_read_search (asleep)", false, false},
};

struct Sets {
  uint64_t effective = 0, permitted = 0, inheritable = 0;
};

constexpr uint64_t bit(int capability) { return uint64_t(1) << capability; }

bool read_sets(Sets& sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  if (::syscall(SYS_capget, &header, data) != 0) return false;
  const auto join = [](uint32_t low, uint32_t high) { return uint64_t(high) << 32 | low; };
  sets = {join(data[0].effective, data[1].effective), join(data[0].permitted, data[1].permitted),
          join(data[0].inheritable, data[1].inheritable)};
  return true;
}

bool write_sets(const Sets& sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  for (int half = 0; half < 2; ++half) {
    data[half].effective = uint32_t(sets.effective >> (32 * half));
    data[half].permitted = uint32_t(sets.permitted >> (32 * half));
    data[half].inheritable = uint32_t(sets.inheritable >> (32 * half));
  }
  return ::syscall(SYS_capset, &header, data) == 0;
}

}  // namespace

Result<std::string> drop_privileges() {
  Sets now;
  if (!read_sets(now)) return errno_error("cannot read this process's capabilities", errno);
  uint64_t kept = 0, awake = 0;
  std::string text;
  for (const Capability& c : kKept) {
    if (!(now.permitted & bit(c.number)) || (c.root_only && ::geteuid() != 0)) continue;
    kept |= bit(c.number);
    if (c.awake) awake |= bit(c.number);
    text += (text.empty() ? "" : ", ") + std::string(c.name);
  }
  for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    // What sleeps must not wake up in a program that is run; without CAP_SETPCAP the bounding set stays as it
    // is.
    if (!(awake & bit(capability))) ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, capability, 0, 0);
    if (now.effective & bit(CAP_SETPCAP) && !(kept & bit(capability)))
      ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  if (!write_sets({awake, kept, now.inheritable & awake}))
    return errno_error("cannot give up this process's capabilities", errno);
  return text.empty() ? "none" : text;
}

MayReadAnything::MayReadAnything() {
  Sets now;
  if (!read_sets(now) || !(now.permitted & bit(CAP_DAC_READ_SEARCH)) ||
      now.effective & bit(CAP_DAC_READ_SEARCH))
    return;
  now.effective |= bit(CAP_DAC_READ_SEARCH);
  raised_ = write_sets(now);
}

MayReadAnything::~MayReadAnything() {
  Sets now;
  if (!raised_ || !read_sets(now)) return;
  now.effective &= ~bit(CAP_DAC_READ_SEARCH);
  write_sets(now);
}

}  // namespace testudo
