// enforce/pinned_look.h: what the kernel would do, did, and does now, read from pins with no daemon.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.h"
#include "enforce/backend.h"

namespace testudo {

/// What would become of the next packet from an address.
struct Outlook {
  std::vector<KernelEntry> entries;     ///< that speak about it, strongest first
  bool allowed = false;                 ///< on the allowlist, which wins
  std::vector<std::string> allowed_by;  ///< "list", "session", "own", "configured"
};
Result<Outlook> outlook_pinned(const std::string& pin, const Ip& address);

/// Entries that were hit, most packets first; at most `most`.
Result<std::vector<KernelEntry>> top_pinned(const std::string& pin, size_t most);

/// One sampled packet that an entry spoke about.
struct SeenPacket {
  TimePoint at{};
  std::string interface;
  Ip source, destination;
  uint16_t source_port = 0, destination_port = 0;  ///< 0 = shows none
  uint8_t protocol = 0;
  uint32_t length = 0;
  bool outgoing = false;
  std::string verdict;  ///< "dropped", "reset", "would be dropped", "sampled"
  std::string origin, scenario;
  std::string headers;  ///< the first bytes of the frame
};

class PacketWatch {
 public:
  static Result<std::unique_ptr<PacketWatch>> open(const std::string& pin);
  virtual ~PacketWatch() = default;
  /// Shows what comes within `milliseconds`; the number of packets.
  virtual Result<int> poll(const std::function<void(const SeenPacket&)>& visit, int milliseconds) = 0;
};

}  // namespace testudo
