#include "xdp/bpffs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.h"
#include "bpf/abi.h"

namespace testudo::xdp {
namespace {

constexpr std::string_view kMountPoint = "/sys/fs/bpf";
constexpr std::string_view kLinkPrefix = "link-";

/// The file system of `path`, or of its nearest ancestor that exists.
bool on_bpffs(std::string path) {
  struct statfs info {};
  while (statfs(path.c_str(), &info) != 0) {
    const size_t slash = path.rfind('/');
    if (errno != ENOENT || slash == std::string::npos || slash == 0) return false;
    path.resize(slash);
  }
  return static_cast<unsigned long>(info.f_type) == BPF_FS_MAGIC;
}

Error not_permitted(std::string what) {
  return Error{
      Code::permission, std::move(what), {}, "run as root: the pins of the kernel tables belong to it"};
}

Result<void> mount_bpffs() {
  if (access(kMountPoint.data(), X_OK) != 0 && errno == EACCES)
    return not_permitted("/sys/fs/bpf may not be entered");
  // Locked, so that of two daemons that start together one mounts: a second mount would hide the first one's
  // pins.
  const Fd lock(open(kMountPoint.data(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock)
    return errno_error("cannot open /sys/fs/bpf", errno, {},
                       "this kernel may lack BPF: `grep BPF /boot/config-*`");
  if (flock(lock.get(), LOCK_EX) != 0) return errno_error("cannot lock /sys/fs/bpf", errno);
  if (on_bpffs(std::string(kMountPoint))) return {};
  if (mount("bpf", kMountPoint.data(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0711") != 0)
    return errno_error("no bpf file system at /sys/fs/bpf, and it cannot be mounted", errno, {},
                       "as root: `mount -t bpf bpf /sys/fs/bpf`");
  log::info("enforce.bpffs_mounted", {{"path", kMountPoint}});
  return {};
}

}  // namespace

Result<void> prepare_pin_directory(const std::string& pin) {
  if (pin.empty() || pin[0] != '/' || pin.find('.') != std::string::npos)
    return Error{Code::bad_config,
                 "enforce.pin must be an absolute path without dots, not \"" + pin + "\"",
                 {},
                 "the bpf file system refuses names with dots; the default is /sys/fs/bpf/testudo"};
  if (!on_bpffs(pin)) {
    if (pin.compare(0, kMountPoint.size(), kMountPoint) != 0)
      return Error{Code::bad_config,
                   "enforce.pin " + pin + " is not on a bpf file system",
                   {},
                   "choose a path below /sys/fs/bpf, or mount one: `mount -t bpf bpf " + pin + "`"};
    TESTUDO_CHECK(mount_bpffs());
  }
  auto made = make_directories(tables_directory(pin), 0700);
  if (!made && made.error().code == Code::permission) return not_permitted(made.error().message);
  return made;
}

Result<Fd> lock_pin_directory(const std::string& pin) {
  Fd fd(open(pin.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno_error("cannot open " + pin, errno);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return Error{Code::refused,
                   "another process owns the kernel tables under " + pin,
                   {},
                   "stop the other daemon, or give this one its own enforce.pin"};
    return errno_error("cannot lock " + pin, errno);
  }
  return fd;
}

std::string tables_directory(const std::string& pin) {
  return pin + "/v" + std::to_string(TESTUDO_ABI_VERSION);
}

std::string pin_path(const std::string& pin, std::string_view prefix, const std::string& interface) {
  std::string name = interface;
  std::replace(name.begin(), name.end(), '.', ':');
  return pin + "/" + std::string(prefix) + name;
}

std::string link_path(const std::string& pin, const std::string& interface) {
  return pin_path(pin, kLinkPrefix, interface);
}

namespace {

std::string interface_behind(const std::string& file_name, std::string_view prefix) {
  if (file_name.compare(0, prefix.size(), prefix) != 0) return {};
  std::string name = file_name.substr(prefix.size());
  std::replace(name.begin(), name.end(), ':', '.');
  return name;
}

}  // namespace

std::string interface_of_link(const std::string& file_name) {
  return interface_behind(file_name, kLinkPrefix);
}

std::vector<std::string> pinned_names(const std::string& pin, std::string_view prefix) {
  std::vector<std::string> out;
  for (const std::string& name : list_directory(pin))
    if (std::string interface = interface_behind(name, prefix); !interface.empty())
      out.push_back(std::move(interface));
  return out;
}

}  // namespace testudo::xdp
