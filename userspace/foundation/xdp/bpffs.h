// xdp/bpffs.h: the file system that keeps pinned maps and links alive without a process.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/result.h"

namespace testudo::xdp {

/// Makes sure that `pin` lies on a bpffs and is a directory; mounts one at /sys/fs/bpf when it is missing
/// there.
Result<void> prepare_pin_directory(const std::string& pin);

/// The owner's lock on `pin`: two daemons over the same maps would undo each other. Held until the Fd closes,
/// so the end of a process, however violent, frees it.
Result<Fd> lock_pin_directory(const std::string& pin);

/// Where the maps of this build's ABI lie: PIN/v<ABI>.
std::string tables_directory(const std::string& pin);
/// PIN/link-IFACE; bpffs refuses dots in names, so that eth0.100 becomes eth0:100 (a colon cannot be in a
/// name).
std::string link_path(const std::string& pin, const std::string& interface);
/// The same for other things that belong to an interface: PIN/PREFIXiface.
std::string pin_path(const std::string& pin, std::string_view prefix, const std::string& interface);
/// The interface of a file name in `pin`, or "" when it is no link of ours.
std::string interface_of_link(const std::string& file_name);
/// Interfaces with a pin of this prefix.
std::vector<std::string> pinned_names(const std::string& pin, std::string_view prefix);

}  // namespace testudo::xdp
