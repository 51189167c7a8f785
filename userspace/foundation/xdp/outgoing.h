// xdp/outgoing.h: the program on the way out of one interface.
//
// By tcx where the kernel has it (6.6): a pinned link, beside other programs. Otherwise a clsact filter,
// which the kernel keeps by itself until it is removed. Both outlive this process and are replaced without a
// gap.
#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "base/result.h"

namespace testudo::xdp {

struct Outgoing {
  std::string mode;  ///< "tcx", "clsact" or "" when nothing is attached
  Fd link;           ///< of tcx
};

/// Puts `program_fd` onto the way out of interface `index`, or takes over what an earlier run left.
/// `clsact_only`: as on a kernel without tcx.
Result<Outgoing> attach_outgoing(const std::string& pin, const std::string& interface, uint32_t index,
                                 int program_fd, bool clsact_only = false);
/// Takes it off; no error when there is none.
void detach_outgoing(const std::string& pin, const std::string& interface);
/// Interfaces with a mark of ours under `pin`.
std::vector<std::string> outgoing_interfaces(const std::string& pin);

}  // namespace testudo::xdp
