#include "xdp/attached.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "base/files.h"
#include "base/text.h"

namespace testudo::xdp {

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

uint32_t program_id(int fd) {
  bpf_prog_info info{};
  uint32_t size = sizeof info;
  return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.id : 0;
}

std::string program_name(uint32_t id) {
  const Fd fd(bpf_prog_get_fd_by_id(id));  // needs CAP_SYS_ADMIN
  bpf_prog_info info{};
  uint32_t size = sizeof info;
  if (!fd || bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0) return "?";
  return escape_for_terminal(info.name);
}

Error foreign_program(const std::string& interface, const Attached& there, const std::string& why) {
  return Error{Code::conflict,
               interface + " already has an XDP program that is not ours: \"" + program_name(there.program) +
                   "\", id " + std::to_string(there.program) + ", mode " + there.mode + "; " + why,
               {},
               "stop what loaded it (`bpftool prog show id " + std::to_string(there.program) +
                   "`), or `ip link set dev " + interface +
                   " xdp off`, or leave this interface out of enforce.interfaces"};
}

}  // namespace testudo::xdp
