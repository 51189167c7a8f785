// xdp/chain.h: ours and a foreign program on one interface: ours first, the foreign one where a packet
// passes.
//
// An interface holds one XDP program. Ours takes the foreign one's place in one step, and calls it
// (next_prog) instead of passing a packet; leaving puts it back in one step. Works for programs that were
// attached by netlink (`ip link`, iproute2, most agents): one held by a bpf_link cannot be replaced by
// anybody but its owner. Needs CAP_SYS_ADMIN once, to take the foreign program's descriptor by its id.
//
// Pins under PIN: foreign-IFACE is that program, chain-IFACE ours as it is attached.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "xdp/attach.h"
#include "xdp/map.h"

namespace testudo::xdp {

/// True when `interface` has a program that is neither held by a link of ours nor by a chain of ours.
bool has_foreign(const std::string& pin, const std::string& interface);
/// Pins the foreign program, so that it can run behind ours and come back. `conflict` says why it cannot.
Result<void> keep_foreign(const std::string& pin, const std::string& interface);
/// Gives it up again: nothing was attached.
void forget_foreign(const std::string& pin, const std::string& interface);

/// Interfaces with a foreign program that was kept.
std::vector<std::string> chained_interfaces(const std::string& pin);
/// A new table like `model` with the foreign programs of all of them. The first says what the others must be
/// alike in (multi-buffer or not), and so must ours; one that is not is `conflict`.
Result<Map> next_programs(const Map& model, const std::string& pin);

/// Ours in place of what was kept, or in place of ours from an earlier run. `not_found` when neither sits
/// there any more.
Result<Attachment> join(const std::string& pin, const std::string& interface, int program_fd);
/// The foreign program in place of ours; pins go.
void leave(const std::string& pin, const std::string& interface);

}  // namespace testudo::xdp
