#include "xdp/witness_cgroup.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vector>

#include "base/text.h"

namespace testudo::xdp {
namespace {

constexpr uint64_t kMaxMountinfo = 8 << 20;

/// mountinfo writes blanks in paths as \040.
std::string unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto octal = [&](size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
    if (text[i] == '\\' && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
      out += char((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

Result<Fd> mount_of_our_own() {
  const Fd context(int(::syscall(SYS_fsopen, "cgroup2", FSOPEN_CLOEXEC)));
  const bool made =
      context && ::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0;
  Fd root(made ? int(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)) : -1);
  if (root) return root;
  return errno_error("no cgroup v2 hierarchy is mounted, and none can be", errno, {},
                     "as root: `mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 "
                     "/sys/fs/cgroup/unified`");
}

}  // namespace

std::string cgroup2_mount(std::string_view mountinfo) {
  std::string found;
  for (const std::string_view line : split(mountinfo, '\n')) {
    // ID PARENT MAJOR:MINOR ROOT MOUNT-POINT OPTIONS [FIELDS …] - TYPE SOURCE OPTIONS
    const size_t dash = line.find(" - ");
    if (dash == std::string_view::npos || !line.substr(dash + 3).starts_with("cgroup2 ")) continue;
    const auto fields = split(line.substr(0, dash), ' ');
    if (fields.size() < 5) continue;
    if (fields[3] == "/") return unescaped(fields[4]);
    if (found.empty()) found = unescaped(fields[4]);
  }
  return found;
}

Result<Fd> open_root_cgroup() {
  TESTUDO_TRY(const std::string mounts, read_file("/proc/self/mountinfo", kMaxMountinfo));
  const std::string path = cgroup2_mount(mounts);
  if (path.empty()) return mount_of_our_own();
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno_error("cannot open the cgroup hierarchy " + path, errno);
  return fd;
}

}  // namespace testudo::xdp
