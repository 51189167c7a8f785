// xdp/attach.h: the program on one interface, held by a pinned link that outlives this process.
//
// Own link that is pinned already: replaced in one step, no packet sees an interface without a program.
// Otherwise native mode, else generic. Before a program of somebody else ours can only run chained (chain.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/result.h"

namespace testudo::xdp {

struct Attachment {
  std::string interface;
  uint32_t index = 0;    ///< 0: there is no such interface now
  std::string mode;      ///< "xdp", "xdp-generic" or "off"
  std::string why;       ///< why not better; "" when native
  bool adopted = false;  ///< an earlier run's link was taken over
  Fd link;
  std::string chained;   ///< the foreign program that runs behind ours; then there is no link
  uint32_t program = 0;  ///< ours, where it is chained
  std::string outgoing;  ///< how packets on their way out are seen: "tcx", "clsact" or ""
  Fd outgoing_link;
};

/// Puts `program_fd` onto `interface` in the first of `modes` ("xdp", "xdp-generic") that works, or takes
/// over its pinned link. An interface that does not exist is no error: mode "off" with the reason. `conflict`
/// when a foreign program sits there.
Result<Attachment> attach(const std::string& pin, const std::string& interface, int program_fd,
                          const std::vector<std::string>& modes = {"xdp", "xdp-generic"});

/// Swaps the program under an attached link. Waits for packets in flight: up to 55 ms.
Result<void> replace(const Attachment& attachment, int program_fd);

/// True when the interface is still the one that the link holds.
bool alive(const Attachment& attachment);

/// Takes the program off `interface`: the pin goes and with it the link; a foreign program that was chained
/// is put back; the way out is free.
void detach(const std::string& pin, const std::string& interface);

/// Interfaces with a pinned link under `pin`.
std::vector<std::string> pinned_interfaces(const std::string& pin);
/// How the pinned link of `interface` stands, without changing it.
Attachment inspect(const std::string& pin, const std::string& interface);

}  // namespace testudo::xdp
