#include "xdp/outgoing.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <net/if.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.h"
#include "xdp/bpffs.h"

namespace testudo::xdp {
namespace {

constexpr auto kTcxEgress = bpf_attach_type(47);  // BPF_TCX_EGRESS of newer headers than 6.1's
constexpr std::string_view kPrefix = "out-";
// A filter has no owner: these two numbers say that it is ours.
constexpr uint32_t kHandle = 0x7e57d0, kPriority = 0x7e57;

std::string mark_path(const std::string& pin, const std::string& interface) {
  return pin_path(pin, kPrefix, interface);
}

/// The pinned tcx link of this interface, or none: the pin may be a program (clsact) or of a device that
/// went.
Fd pinned_tcx(const std::string& path, uint32_t index) {
  Fd fd(bpf_obj_get(path.c_str()));
  bpf_link_info info{};
  uint32_t size = sizeof info;
  if (!fd || bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0) return Fd();
  // A tcx link tells its interface where an XDP link does; a program's information has none of both.
  return info.xdp.ifindex == index && index != 0 ? std::move(fd) : Fd();
}

Result<Outgoing> attach_tcx(const std::string& path, const std::string& interface, uint32_t index,
                            int program_fd) {
  Outgoing out;
  if (Fd known = pinned_tcx(path, index); known && bpf_link_update(known.get(), program_fd, nullptr) == 0) {
    out.mode = "tcx";
    out.link = std::move(known);
    return out;
  }
  const int fd = bpf_link_create(program_fd, int(index), kTcxEgress, nullptr);
  if (fd < 0) return errno_error("no tcx on " + interface, -fd);
  out.link.reset(fd);
  out.mode = "tcx";
  unlink(path.c_str());
  if (bpf_obj_pin(fd, path.c_str()) != 0) return errno_error("cannot pin " + path, errno);
  return out;
}

bpf_tc_hook hook_of(uint32_t index) {
  LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = int(index), .attach_point = BPF_TC_EGRESS);
  return hook;
}

Result<Outgoing> attach_clsact(const std::string& path, const std::string& interface, uint32_t index,
                               int program_fd) {
  bpf_tc_hook hook = hook_of(index);
  if (const int err = bpf_tc_hook_create(&hook); err != 0 && err != -EEXIST)
    return errno_error("cannot make the clsact queue of " + interface, -err, {},
                       "set enforce.outgoing to false, or load the kernel's sch_ingress module");
  LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program_fd, .flags = BPF_TC_F_REPLACE, .handle = kHandle,
              .priority = kPriority);
  if (const int err = bpf_tc_attach(&hook, &options))
    return errno_error("cannot attach to the way out of " + interface, -err, {},
                       "set enforce.outgoing to false, or load the kernel's cls_bpf module");
  unlink(path.c_str());
  if (bpf_obj_pin(program_fd, path.c_str()) != 0) return errno_error("cannot pin " + path, errno);
  return Outgoing{"clsact", Fd()};
}

}  // namespace

Result<Outgoing> attach_outgoing(const std::string& pin, const std::string& interface, uint32_t index,
                                 int program_fd, bool clsact_only) {
  const std::string path = mark_path(pin, interface);
  if (!clsact_only) {
    auto tcx = attach_tcx(path, interface, index, program_fd);
    if (tcx) return tcx;
    log::debug("enforce.no_tcx", {{"interface", interface}, {"why", tcx.error().text()}});
  }
  return attach_clsact(path, interface, index, program_fd);
}

void detach_outgoing(const std::string& pin, const std::string& interface) {
  const std::string path = mark_path(pin, interface);
  const uint32_t index = if_nametoindex(interface.c_str());
  if (const Fd link = pinned_tcx(path, index)) {
    bpf_link_detach(link.get());
  } else if (index != 0 && access(path.c_str(), F_OK) == 0) {
    // The filter alone: the queue may hold somebody else's.
    bpf_tc_hook hook = hook_of(index);
    LIBBPF_OPTS(bpf_tc_opts, options, .handle = kHandle, .priority = kPriority);
    bpf_tc_detach(&hook, &options);
  }
  unlink(path.c_str());
}

std::vector<std::string> outgoing_interfaces(const std::string& pin) { return pinned_names(pin, kPrefix); }

}  // namespace testudo::xdp
