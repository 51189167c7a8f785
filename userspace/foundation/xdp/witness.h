// xdp/witness.h: the wire witness: which addresses completed a handshake with this host, and when.
//
// bpf/witness.bpf.c writes them down from the root cgroup on, for the sockets of all network namespaces; here
// it is loaded, attached, pinned under PIN/witness<VERSION> and asked. Like the XDP program it outlives the
// process: a restarted daemon knows who came while it was down. IPv6 is known by /64.
//
// Asking is a look into a map (a microsecond) and may come from any thread.
#pragma once

#include <optional>
#include <string>

#include "base/ip.h"
#include "base/time.h"
#include "xdp/map.h"

namespace testudo::xdp {

struct WitnessOptions {
  std::string pin = "/sys/fs/bpf/testudo";
  uint32_t entries =
      65536;  ///< addresses of each family; beyond them the one unseen for longest is forgotten
};

struct Sighting {
  TimePoint at{};     ///< end of its last connection, now while one is open
  bool open = false;  ///< a connection is open
  uint16_t port = 0;  ///< of this host, of the last handshake
};

struct WitnessCounts {
  uint64_t addresses4 = 0, addresses6 = 0, room = 0;  ///< `room` for each of the families
  TimePoint since{};                                  ///< attached since then
};

class Witness {
 public:
  /// Attaches, or takes over what an earlier run attached. Needs CAP_BPF and CAP_NET_ADMIN and a kernel with
  /// cgroup v2; without a bpf file system it works, but ends with the process.
  static Result<Witness> open(const WitnessOptions& options);

  std::optional<Sighting> seen(const Ip& ip) const;
  /// From then on a handshake was noted: nobody's absence before it means anything.
  TimePoint since() const;
  /// So many new addresses of the family came within `window` that some of them may be forgotten already.
  bool overrun(Family family, Duration window) const;
  WitnessCounts counts() const;
  bool pinned() const { return pinned_; }

 private:
  Map seen4_, seen6_, pace_, meta_;
  Fd link_;
  bool pinned_ = false;
};

/// What is pinned under `pin`, with no daemon; `not_found` when there is no witness.
Result<WitnessCounts> witness_pinned(const std::string& pin);
/// Detaches and removes the pins.
void remove_witness(const std::string& pin);

}  // namespace testudo::xdp
