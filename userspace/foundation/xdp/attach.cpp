#include "xdp/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <unistd.h>

#include <cstring>

#include "base/log.h"
#include "base/text.h"
#include "xdp/bpffs.h"

namespace testudo::xdp {
namespace {

struct LinkState {
  bool valid = false;
  uint32_t index = 0;  ///< 0: its device is gone
  uint32_t program = 0;
};

LinkState link_state(int fd) {
  bpf_link_info info{};
  uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0 || info.type != BPF_LINK_TYPE_XDP) return {};
  return {true, info.xdp.ifindex, info.prog_id};
}

struct Attached {
  uint32_t program = 0;
  std::string mode;
};

Attached attached_now(uint32_t index) {
  LIBBPF_OPTS(bpf_xdp_query_opts, query);
  if (bpf_xdp_query(int(index), 0, &query) != 0) return {};
  switch (query.attach_mode) {
    case XDP_ATTACHED_DRV:
      return {query.drv_prog_id, "xdp"};
    case XDP_ATTACHED_SKB:
      return {query.skb_prog_id, "xdp-generic"};
    case XDP_ATTACHED_HW:
      return {query.hw_prog_id, "xdp-offload"};
    case XDP_ATTACHED_MULTI:
      return {query.drv_prog_id ? query.drv_prog_id : query.skb_prog_id,
              query.drv_prog_id ? "xdp" : "xdp-generic"};
    default:
      return {};
  }
}

std::string program_name(uint32_t id) {
  const Fd fd(bpf_prog_get_fd_by_id(id));  // needs CAP_SYS_ADMIN
  bpf_prog_info info{};
  uint32_t size = sizeof info;
  if (!fd || bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0) return "?";
  return escape_for_terminal(info.name);
}

Error foreign_program(const std::string& interface, const Attached& there) {
  return Error{Code::conflict,
               interface + " already has an XDP program that is not ours: \"" + program_name(there.program) +
                   "\", id " + std::to_string(there.program) + ", mode " + there.mode,
               {},
               "stop what loaded it (`bpftool prog show id " + std::to_string(there.program) +
                   "`), or `ip link set dev " + interface +
                   " xdp off`, or leave this interface out of enforce.interfaces"};
}

/// Opens the pinned link when it holds `index`; a link whose device is gone is cleaned up.
Result<Fd> pinned_link(const std::string& path, const std::string& interface, uint32_t index) {
  Fd fd(bpf_obj_get(path.c_str()));
  if (!fd) {
    if (errno == ENOENT) return Fd();
    return errno_error("cannot open the pinned link " + path, errno, {}, "run as root");
  }
  const LinkState state = link_state(fd.get());
  // The number alone does not tell: interfaces of two network namespaces may share it, their programs do not.
  if (state.valid && state.index == index && index != 0 && attached_now(index).program == state.program)
    return fd;
  if (state.valid && state.index != 0)
    return Error{
        Code::conflict,
        "the pinned link " + path + " holds another interface (index " + std::to_string(state.index) +
            ") than " + interface + " (index " + std::to_string(index) + ")",
        {},
        "another network namespace's daemon uses this enforce.pin, or the interface was renamed: `rm " +
            path + "` detaches it"};
  unlink(path.c_str());
  log::info("enforce.stale_link_removed", {{"interface", interface}, {"pin", path}});
  return Fd();
}

std::string why_not_native(const std::string& interface, int err) {
  if (err == EOPNOTSUPP || err == ENOTSUP) return "the driver of " + interface + " has no native XDP";
  if (err == ENOSPC || err == EINVAL || err == ERANGE)
    return "the driver of " + interface + " refuses native XDP (" + std::strerror(err) +
           "): often its MTU, LRO or number of queues; `dmesg` names it, `ethtool -K " + interface +
           " lro off` may help";
  return std::string("native XDP failed: ") + std::strerror(err);
}

}  // namespace

Result<Attachment> attach(const std::string& pin, const std::string& interface, int program_fd,
                          bool generic_only) {
  Attachment out;
  out.interface = interface;
  out.mode = "off";
  out.index = if_nametoindex(interface.c_str());
  const std::string path = link_path(pin, interface);
  TESTUDO_TRY(Fd link, pinned_link(path, interface, out.index));
  if (out.index == 0) {
    out.why = "no interface of this name exists now";
    return out;
  }
  if (link) {
    const std::string mode = attached_now(out.index).mode;
    if (!generic_only || mode == "xdp-generic") {
      if (const int err = bpf_link_update(link.get(), program_fd, nullptr))
        return errno_error("cannot replace the XDP program on " + interface, -err);
      out.link = std::move(link);
      out.mode = mode;
      out.adopted = true;
      if (mode == "xdp-generic" && !generic_only) out.why = "an earlier run attached it in generic mode";
      if (generic_only) out.why = "enforce.mode is xdp-generic";
      return out;
    }
    // The mode of a link cannot change: the one moment without a program that a change of configuration asks
    // for.
    unlink(path.c_str());
    link.reset();
    log::warn("enforce.reattach", {{"interface", interface}, {"from", mode}, {"to", "xdp-generic"}});
  }
  if (const Attached there = attached_now(out.index); there.program != 0)
    return foreign_program(interface, there);

  int err = 0;
  if (generic_only) {
    out.why = "enforce.mode is xdp-generic";
  } else {
    LIBBPF_OPTS(bpf_link_create_opts, native, .flags = XDP_FLAGS_DRV_MODE);
    const int fd = bpf_link_create(program_fd, int(out.index), BPF_XDP, &native);
    if (fd >= 0) {
      link.reset(fd);
      out.mode = "xdp";
    } else {
      out.why = why_not_native(interface, -fd);
    }
  }
  if (!link) {
    LIBBPF_OPTS(bpf_link_create_opts, generic, .flags = XDP_FLAGS_SKB_MODE);
    const int fd = bpf_link_create(program_fd, int(out.index), BPF_XDP, &generic);
    if (fd < 0) {
      err = -fd;
      return errno_error("cannot attach XDP to " + interface, err, {},
                         err == EPERM
                             ? "run as root, or give the daemon CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"
                             : "set enforce.mode to nftables");
    }
    link.reset(fd);
    out.mode = "xdp-generic";
  }
  if (bpf_obj_pin(link.get(), path.c_str()) != 0)
    return errno_error("cannot pin the link of " + interface + " at " + path, errno);
  out.link = std::move(link);
  return out;
}

Result<void> replace(const Attachment& attachment, int program_fd) {
  if (!attachment.link) return {};
  if (const int err = bpf_link_update(attachment.link.get(), program_fd, nullptr);
      err != 0 && -err != ENOLINK)
    return errno_error("cannot replace the XDP program on " + attachment.interface, -err);
  return {};
}

bool alive(const Attachment& attachment) {
  if (!attachment.link) return false;
  const uint32_t index = if_nametoindex(attachment.interface.c_str());
  const LinkState state = link_state(attachment.link.get());
  return index != 0 && state.valid && state.index == index;
}

void detach(const std::string& pin, const std::string& interface) {
  const std::string path = link_path(pin, interface);
  // Detached explicitly: a daemon that still runs holds the link too.
  const Fd fd(bpf_obj_get(path.c_str()));
  if (fd) bpf_link_detach(fd.get());
  unlink(path.c_str());
}

std::vector<std::string> pinned_interfaces(const std::string& pin) {
  std::vector<std::string> out;
  for (const std::string& name : list_directory(pin))
    if (std::string interface = interface_of_link(name); !interface.empty())
      out.push_back(std::move(interface));
  return out;
}

Attachment inspect(const std::string& pin, const std::string& interface) {
  Attachment out;
  out.interface = interface;
  out.mode = "off";
  out.link.reset(bpf_obj_get(link_path(pin, interface).c_str()));
  const LinkState state = out.link ? link_state(out.link.get()) : LinkState{};
  if (!state.valid) {
    out.why = "its link cannot be read";
  } else if (state.index == 0) {
    out.why = "the interface is gone";
  } else {
    out.index = state.index;
    const Attached there = attached_now(state.index);
    const bool here = there.program == state.program;
    out.mode = here ? there.mode : "xdp";
    if (!here) out.why = "the interface is in another network namespace";
    if (here && there.mode == "xdp-generic") out.why = "attached in generic mode";
  }
  return out;
}

}  // namespace testudo::xdp
