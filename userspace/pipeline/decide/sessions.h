// decide/sessions.h: where administrators are logged in from, so that no ban cuts them off.
//
// Only sessions past authentication count: what logind and utmp list was opened by PAM after the login, never
// an open connection, which a brute-forcer has as well. And only root and members of the admin groups: the
// 500 SFTP customers of a web host are not administrators. An address stays known for some hours after its
// session.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/time.h"
#include "decide/decider.h"

namespace testudo {

/// Whether a user is root or in one of the groups. Answers are remembered for five minutes: a directory
/// service may be slow. Thread-safe.
class AdminUsers {
 public:
  explicit AdminUsers(std::vector<std::string> groups) : groups_(std::move(groups)) {}
  bool is_admin(uint32_t uid);
  bool is_admin(const std::string& name);

 private:
  struct Known {
    bool admin = false;
    int64_t asked_ns = 0;
  };
  bool ask(const std::string& name, uint32_t uid, uint32_t gid) const;
  std::vector<std::string> groups_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;
};

/// systemd-logind: remote sessions of class user.
std::unique_ptr<SessionSource> logind_sessions(std::shared_ptr<AdminUsers> users);
/// utmp: living user processes with an address. A missing file has none.
std::unique_ptr<SessionSource> utmp_sessions(std::shared_ptr<AdminUsers> users,
                                             std::string path = "/run/utmp");
/// Both.
std::unique_ptr<SessionSource> system_sessions(const std::vector<std::string>& admin_groups);

/// Addresses seen lately. Not thread-safe; at most 1,000 addresses, the ones seen last.
class SessionMemory {
 public:
  explicit SessionMemory(Duration grace) : grace_(grace) {}
  /// True when the set of protected addresses is another than before.
  bool update(const std::vector<Ip>& present, TimePoint now);
  std::vector<Ip> addresses() const;

 private:
  static constexpr size_t kMost = 1000;
  Duration grace_;
  std::map<Ip, TimePoint> last_seen_;
};

}  // namespace testudo
