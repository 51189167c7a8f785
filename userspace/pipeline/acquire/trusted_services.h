// acquire/trusted_services.h: is a journal entry from whom it says it is from?
//
// Every local user can write `logger -t sshd "Failed password …"`. The identifier is the sender's word; user
// id, executable and unit (fields that begin with _) are journald's own. So an entry that claims a service
// whose lines lead to bans must look like that service; else its program becomes untrusted-NAME, which no
// parser takes for the service, and which still shows in the logs who was imitated.
#pragma once

#include <span>
#include <string_view>

namespace testudo {

/// What journald knows of the sender; "" = not said.
struct Sender {
  std::string_view uid, exe, unit, transport;
};

struct TrustedService {
  std::string_view
      identifiers;         ///< names it logs under, divided by blanks; `postfix/` means any that begins so
  std::string_view units;  ///< systemd units without suffix; `postgresql@` means any that begins so
  std::string_view exes;   ///< setuid programs that log under the caller's user id
};

std::span<const TrustedService> trusted_services();

/// False when `identifier` claims a service of the table and `sender` is somebody else. Root may be anybody;
/// an entry of which journald knows nothing (imported from elsewhere) is no local user's.
bool is_trusted(std::string_view identifier, const Sender& sender);

}  // namespace testudo
