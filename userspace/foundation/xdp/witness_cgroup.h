// xdp/witness_cgroup.h: the root of the cgroup v2 hierarchy, below which every socket of the machine lives.
#pragma once

#include <string>
#include <string_view>

#include "base/files.h"
#include "base/result.h"

namespace testudo::xdp {

/// The directory, open. Where no hierarchy of version 2 is mounted (root alone may) a mount of its own, which
/// no path leads to and which ends with the descriptor. In a container it is the container's root.
Result<Fd> open_root_cgroup();

/// Mount point of cgroup2 in the text of /proc/self/mountinfo, one of the whole hierarchy before others; "" =
/// none.
std::string cgroup2_mount(std::string_view mountinfo);

}  // namespace testudo::xdp
