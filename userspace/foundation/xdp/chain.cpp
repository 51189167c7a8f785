#include "xdp/chain.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/log.h"
#include "bpf/abi.h"
#include "xdp/attached.h"
#include "xdp/bpffs.h"

namespace testudo::xdp {
namespace {

constexpr std::string_view kForeign = "foreign-", kOurs = "chain-";
constexpr std::string_view kBeside = "+";  // ours that is about to take the other's place

std::string foreign_path(const std::string& pin, const std::string& interface) {
  return pin_path(pin, kForeign, interface);
}
std::string ours_path(const std::string& pin, const std::string& interface) {
  return pin_path(pin, kOurs, interface);
}

uint32_t mode_flag(const std::string& mode) {
  return mode == "xdp-generic" ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
}

/// Which of the pinned programs sits on the interface: ours, ours that was about to, the foreign one; or
/// none.
Fd sitting(const std::string& pin, const std::string& interface, uint32_t id) {
  const std::string ours = ours_path(pin, interface);
  for (const std::string& path : {ours, ours + std::string(kBeside), foreign_path(pin, interface)}) {
    Fd fd(bpf_obj_get(path.c_str()));
    if (fd && id != 0 && program_id(fd.get()) == id) return fd;
  }
  return Fd();
}

/// libxdp's dispatcher calls its programs through functions that it has replaced (freplace).
bool is_dispatcher(const std::string& name) { return name.rfind("xdp_dispatcher", 0) == 0; }

Error attach_error(const std::string& interface, const Attached& there, int err) {
  if (err == EBUSY)
    return foreign_program(interface, there,
                           "its owner holds it by a bpf_link, which nobody else may replace");
  return errno_error("cannot attach XDP to " + interface + " before \"" + program_name(there.program) + "\"",
                     err, {},
                     "stop what loaded that program, or leave this interface out of enforce.interfaces");
}

}  // namespace

bool has_foreign(const std::string& pin, const std::string& interface) {
  const uint32_t index = if_nametoindex(interface.c_str());
  const uint32_t program = index ? attached_now(index).program : 0;
  return program != 0 && access(link_path(pin, interface).c_str(), F_OK) != 0 &&
         !sitting(pin, interface, program);
}

Result<void> keep_foreign(const std::string& pin, const std::string& interface) {
  const Attached there = attached_now(if_nametoindex(interface.c_str()));
  if (is_dispatcher(program_name(there.program)))
    return foreign_program(
        interface, there,
        "it is libxdp's dispatcher: joining needs programs of type ext, which this daemon does "
        "not load, and the kernel lets nobody tail-call a program whose functions are replaced");
  if (there.mode == "xdp-offload")
    return foreign_program(interface, there, "it runs in the network card, where ours cannot");
  const Fd fd(bpf_prog_get_fd_by_id(there.program));
  if (!fd)
    return foreign_program(interface, there,
                           "to run before it, the daemon must start as root (CAP_SYS_ADMIN) once");
  forget_foreign(pin, interface);
  if (bpf_obj_pin(fd.get(), foreign_path(pin, interface).c_str()) != 0)
    return errno_error("cannot pin " + foreign_path(pin, interface), errno);
  return {};
}

void forget_foreign(const std::string& pin, const std::string& interface) {
  const std::string ours = ours_path(pin, interface);
  for (const std::string& path : {foreign_path(pin, interface), ours, ours + std::string(kBeside)})
    unlink(path.c_str());
}

std::vector<std::string> chained_interfaces(const std::string& pin) { return pinned_names(pin, kForeign); }

Result<Map> next_programs(const Map& model, const std::string& pin) {
  TESTUDO_TRY(Map map, Map::like(model, model.max_entries()));
  for (const std::string& interface : chained_interfaces(pin)) {
    const uint32_t index = if_nametoindex(interface.c_str());
    const Fd fd(bpf_obj_get(foreign_path(pin, interface).c_str()));
    if (!index || !fd) continue;
    const uint32_t slot = testudo_interface_slot(index), value = uint32_t(fd.get());
    const int err = map.put(&slot, &value);
    if (err == EINVAL)
      return foreign_program(
          interface, attached_now(index),
          "it cannot be called from ours, or is of another kind (multi-buffer) than that of "
          "another interface");
    if (err != 0) return map_error(map, "adding", err);
  }
  return map;
}

Result<Attachment> join(const std::string& pin, const std::string& interface, int program_fd) {
  Attachment out;
  out.interface = interface;
  out.index = if_nametoindex(interface.c_str());
  const Attached there = out.index ? attached_now(out.index) : Attached{};
  const Fd old = sitting(pin, interface, there.program);
  if (!old) return Error{Code::not_found, "no program that we know sits on " + interface};
  const Fd foreign(bpf_obj_get(foreign_path(pin, interface).c_str()));
  out.adopted = program_id(foreign.get()) != there.program;
  out.mode = there.mode;
  out.chained = program_name(program_id(foreign.get()));

  // Pinned first: whoever starts after a crash knows ours for ours, and never chains it to itself.
  const std::string path = ours_path(pin, interface), beside = path + std::string(kBeside);
  unlink(beside.c_str());
  if (bpf_obj_pin(program_fd, beside.c_str()) != 0) return errno_error("cannot pin " + beside, errno);
  LIBBPF_OPTS(bpf_xdp_attach_opts, options, .old_prog_fd = old.get());
  if (const int err =
          bpf_xdp_attach(int(out.index), program_fd, XDP_FLAGS_REPLACE | mode_flag(there.mode), &options)) {
    unlink(beside.c_str());
    return attach_error(interface, there, -err);
  }
  if (std::rename(beside.c_str(), path.c_str()) != 0)
    return errno_error("cannot move the pin " + beside, errno);
  out.program = program_id(program_fd);
  return out;
}

void leave(const std::string& pin, const std::string& interface) {
  const uint32_t index = if_nametoindex(interface.c_str());
  const Attached there = index ? attached_now(index) : Attached{};
  const Fd old = sitting(pin, interface, there.program);
  const Fd foreign(bpf_obj_get(foreign_path(pin, interface).c_str()));
  if (old && foreign && program_id(foreign.get()) != there.program) {
    LIBBPF_OPTS(bpf_xdp_attach_opts, options, .old_prog_fd = old.get());
    if (const int err =
            bpf_xdp_attach(int(index), foreign.get(), XDP_FLAGS_REPLACE | mode_flag(there.mode), &options))
      log::error("enforce.foreign_not_restored",
                 {{"interface", interface},
                  {"why", errno_error("cannot put the foreign XDP program back", -err).text()}});
  }
  forget_foreign(pin, interface);
}

}  // namespace testudo::xdp
