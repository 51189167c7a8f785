// base/privileges.h: what the daemon may do once it runs, and the one right that it raises for a moment.
//
// Kept: CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN (maps, programs, links, nftables). Kept but asleep:
// CAP_DAC_READ_SEARCH, for logs that a rotation made readable for nobody. As root, CAP_DAC_OVERRIDE as well:
// a daemon that is run by hand finds files of the service's user in its state folder.
//
// Capabilities belong to threads: drop before the first thread is made, so that all inherit the few.
#pragma once

#include <string>

#include "base/result.h"

namespace testudo {

/// Gives up everything but the above, for this thread and its children, for good. What is kept, as text.
Result<std::string> drop_privileges();

/// While it lives, this thread may read any file, where the process kept that right. Nests badly: one at a
/// time.
class MayReadAnything {
 public:
  MayReadAnything();
  ~MayReadAnything();
  MayReadAnything(const MayReadAnything&) = delete;
  explicit operator bool() const { return raised_; }

 private:
  bool raised_ = false;
};

}  // namespace testudo
