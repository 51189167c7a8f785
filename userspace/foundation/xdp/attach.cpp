#include "xdp/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/log.h"
#include "xdp/attached.h"
#include "xdp/bpffs.h"
#include "xdp/chain.h"
#include "xdp/outgoing.h"

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

constexpr const char* kGenericAsked = "enforce.mode or enforce.order ask for generic mode";

bool listed(const std::vector<std::string>& modes, const std::string& mode) {
  return std::find(modes.begin(), modes.end(), mode) != modes.end();
}

/// A new link in the first mode that works; why not the better ones.
Result<void> create_link(int program_fd, const std::vector<std::string>& modes, Attachment& out) {
  int err = EINVAL;
  if (!listed(modes, "xdp")) out.why = kGenericAsked;
  for (const std::string& mode : modes) {
    const bool native = mode == "xdp";
    LIBBPF_OPTS(bpf_link_create_opts, options,
                .flags = uint32_t(native ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE));
    const int fd = bpf_link_create(program_fd, int(out.index), BPF_XDP, &options);
    if (fd >= 0) {
      out.link.reset(fd);
      out.mode = mode;
      return {};
    }
    err = -fd;
    if (native) out.why = why_not_native(out.interface, err);
  }
  return errno_error("cannot attach XDP to " + out.interface, err, {},
                     err == EPERM ? "run as root, or give the daemon CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"
                                  : "set enforce.mode to nftables, or put xdp-generic into enforce.order");
}

}  // namespace

Result<Attachment> attach(const std::string& pin, const std::string& interface, int program_fd,
                          const std::vector<std::string>& modes) {
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
    if (listed(modes, mode)) {
      if (const int err = bpf_link_update(link.get(), program_fd, nullptr))
        return errno_error("cannot replace the XDP program on " + interface, -err);
      out.link = std::move(link);
      out.mode = mode;
      out.adopted = true;
      if (mode == "xdp-generic")
        out.why = listed(modes, "xdp") ? "an earlier run attached it in generic mode" : kGenericAsked;
      return out;
    }
    // The mode of a link cannot change: the one moment without a program that a change of configuration asks
    // for.
    unlink(path.c_str());
    link.reset();
    log::warn("enforce.reattach", {{"interface", interface}, {"from", mode}, {"to", modes.front()}});
  }
  if (const Attached there = attached_now(out.index); there.program != 0)
    return foreign_program(interface, there, "one interface holds one program");
  TESTUDO_CHECK(create_link(program_fd, modes, out));
  if (bpf_obj_pin(out.link.get(), path.c_str()) != 0)
    return errno_error("cannot pin the link of " + interface + " at " + path, errno);
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
  const uint32_t index = if_nametoindex(attachment.interface.c_str());
  if (!attachment.chained.empty()) return index != 0 && attached_now(index).program == attachment.program;
  if (!attachment.link) return false;
  const LinkState state = link_state(attachment.link.get());
  return index != 0 && state.valid && state.index == index;
}

void detach(const std::string& pin, const std::string& interface) {
  detach_outgoing(pin, interface);
  leave(pin, interface);
  const std::string path = link_path(pin, interface);
  // Detached explicitly: a daemon that still runs holds the link too.
  const Fd fd(bpf_obj_get(path.c_str()));
  if (fd) bpf_link_detach(fd.get());
  unlink(path.c_str());
}

std::vector<std::string> pinned_interfaces(const std::string& pin) {
  std::vector<std::string> out = pinned_names(pin, "link-");
  for (std::string& name : chained_interfaces(pin))
    if (!listed(out, name)) out.push_back(std::move(name));
  return out;
}

namespace {

Attachment inspect_chain(const std::string& pin, const std::string& interface) {
  Attachment out;
  out.interface = interface;
  out.index = if_nametoindex(interface.c_str());
  const Fd ours(bpf_obj_get(pin_path(pin, "chain-", interface).c_str()));
  const Attached there = out.index ? attached_now(out.index) : Attached{};
  const bool here = ours && there.program != 0 && program_id(ours.get()) == there.program;
  out.mode = here ? there.mode : "off";
  out.why = here ? "a foreign program runs behind it" : "its place before a foreign program is lost";
  return out;
}

}  // namespace

Attachment inspect(const std::string& pin, const std::string& interface) {
  if (access(link_path(pin, interface).c_str(), F_OK) != 0 && listed(chained_interfaces(pin), interface))
    return inspect_chain(pin, interface);
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
