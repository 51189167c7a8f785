#include "decide/sessions.h"

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <systemd/sd-login.h>
#include <utmpx.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/files.h"

namespace testudo {

namespace {

struct FreeText {
  void operator()(char* text) const { free(text); }
};
using Text = std::unique_ptr<char, FreeText>;

class LogindSessions final : public SessionSource {
 public:
  explicit LogindSessions(std::shared_ptr<AdminUsers> users) : users_(std::move(users)) {}

  std::vector<Ip> addresses() override {
    std::vector<Ip> found;
    char** names = nullptr;
    const int count = sd_get_sessions(&names);
    if (count <= 0) {
      free(names);
      return found;  // no logind here, or nobody logged in
    }
    for (int i = 0; i < count; ++i) {
      const Text name(names[i]);
      if (const auto ip = address_of(name.get())) found.push_back(*ip);
    }
    free(names);
    return found;
  }

 private:
  std::optional<Ip> address_of(const char* session) {
    if (sd_session_is_remote(session) <= 0) return std::nullopt;
    char* raw = nullptr;
    // "greeter" and "lock-screen" sessions exist before anybody has proved who he is.
    if (sd_session_get_class(session, &raw) < 0) return std::nullopt;
    const Text kind(raw);
    if (std::strcmp(kind.get(), "user") != 0) return std::nullopt;
    uid_t uid = 0;
    if (sd_session_get_uid(session, &uid) < 0 || !users_->is_admin(uint32_t(uid))) return std::nullopt;
    raw = nullptr;
    if (sd_session_get_remote_host(session, &raw) < 0) return std::nullopt;
    const Text host(raw);
    return Ip::parse(host.get());  // a name is no address: whoever owns its zone could choose it
  }

  std::shared_ptr<AdminUsers> users_;
};

class UtmpSessions final : public SessionSource {
 public:
  UtmpSessions(std::shared_ptr<AdminUsers> users, std::string path)
      : users_(std::move(users)), path_(std::move(path)) {}

  std::vector<Ip> addresses() override {
    std::vector<Ip> found;
    auto bytes = read_file(path_, 16u << 20);
    if (!bytes) return found;  // Debian 12 has the file; systems without utmp have logind
    for (size_t at = 0; at + sizeof(utmpx) <= bytes->size(); at += sizeof(utmpx)) {
      utmpx row;
      std::memcpy(&row, bytes->data() + at, sizeof row);
      if (row.ut_type != USER_PROCESS) continue;
      // A crash leaves rows behind: the process must live.
      if (row.ut_pid <= 0 || (kill(row.ut_pid, 0) != 0 && errno == ESRCH)) continue;
      const std::string user(row.ut_user, strnlen(row.ut_user, sizeof row.ut_user));
      const bool v4 = row.ut_addr_v6[1] == 0 && row.ut_addr_v6[2] == 0 && row.ut_addr_v6[3] == 0;
      const Ip ip = (v4 ? Ip::v4_bytes(row.ut_addr_v6) : Ip::v6_bytes(row.ut_addr_v6)).unmapped();
      if (ip.is_unspecified() || ip.is_loopback() || !users_->is_admin(user)) continue;
      found.push_back(ip);
    }
    return found;
  }

 private:
  std::shared_ptr<AdminUsers> users_;
  std::string path_;
};

class SystemSessions final : public SessionSource {
 public:
  explicit SystemSessions(const std::vector<std::string>& groups) {
    const auto users = std::make_shared<AdminUsers>(groups);
    sources_.push_back(logind_sessions(users));
    sources_.push_back(utmp_sessions(users));
  }
  std::vector<Ip> addresses() override {
    std::vector<Ip> all;
    for (const auto& source : sources_)
      for (const Ip& ip : source->addresses()) all.push_back(ip);
    return all;
  }

 private:
  std::vector<std::unique_ptr<SessionSource>> sources_;
};

}  // namespace

bool AdminUsers::is_admin(uint32_t uid) {
  if (uid == 0) return true;
  passwd entry{}, *found = nullptr;
  char buffer[16384];
  if (getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) != 0 || found == nullptr) return false;
  return is_admin(std::string(found->pw_name));
}

bool AdminUsers::is_admin(const std::string& name) {
  constexpr int64_t kRemember = 300'000'000'000;
  {
    const std::lock_guard lock(mutex_);
    const auto it = known_.find(name);
    if (it != known_.end() && monotonic_ns() - it->second.asked_ns < kRemember) return it->second.admin;
  }
  passwd entry{}, *found = nullptr;
  char buffer[16384];
  const bool admin = getpwnam_r(name.c_str(), &entry, buffer, sizeof buffer, &found) == 0 &&
                     found != nullptr && ask(name, found->pw_uid, found->pw_gid);
  const std::lock_guard lock(mutex_);
  if (known_.size() > 10000) known_.clear();
  known_[name] = {admin, monotonic_ns()};
  return admin;
}

bool AdminUsers::ask(const std::string& name, uint32_t uid, uint32_t gid) const {
  if (uid == 0) return true;
  int count = 64;
  std::vector<gid_t> ids(static_cast<size_t>(count));
  if (getgrouplist(name.c_str(), gid, ids.data(), &count) < 0) {
    ids.resize(size_t(std::max(count, 1)));
    if (getgrouplist(name.c_str(), gid, ids.data(), &count) < 0) return false;
  }
  ids.resize(size_t(count));
  for (const gid_t id : ids) {
    group entry{}, *found = nullptr;
    std::vector<char> buffer(65536);
    if (getgrgid_r(id, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) continue;
    if (std::find(groups_.begin(), groups_.end(), found->gr_name) != groups_.end()) return true;
  }
  return false;
}

std::unique_ptr<SessionSource> logind_sessions(std::shared_ptr<AdminUsers> users) {
  return std::make_unique<LogindSessions>(std::move(users));
}
std::unique_ptr<SessionSource> utmp_sessions(std::shared_ptr<AdminUsers> users, std::string path) {
  return std::make_unique<UtmpSessions>(std::move(users), std::move(path));
}
std::unique_ptr<SessionSource> system_sessions(const std::vector<std::string>& admin_groups) {
  return std::make_unique<SystemSessions>(admin_groups);
}

bool SessionMemory::update(const std::vector<Ip>& present, TimePoint now) {
  const std::vector<Ip> before = addresses();
  for (const Ip& given : present) {
    const Ip ip = given.unmapped();
    if (ip.is_loopback() || ip.is_unspecified()) continue;
    last_seen_[ip] = now;
  }
  std::erase_if(last_seen_, [&](const auto& row) { return row.second + grace_ < now; });
  while (last_seen_.size() > kMost)
    last_seen_.erase(std::min_element(last_seen_.begin(), last_seen_.end(),
                                      [](const auto& a, const auto& b) { return a.second < b.second; }));
  return addresses() != before;
}

std::vector<Ip> SessionMemory::addresses() const {
  std::vector<Ip> all;
  for (const auto& [ip, seen] : last_seen_) all.push_back(ip);
  return all;
}

}  // namespace testudo
