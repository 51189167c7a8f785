#include "net/listen.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/ip.h"
#include "base/log.h"

namespace testudo {
namespace {

constexpr int kBacklog = 128;

/// Removes a socket file that nobody serves; an error when somebody does, or when it is something else.
Result<void> clear_path(const std::string& path, const sockaddr_un& address) {
  struct stat st {};
  if (::lstat(path.c_str(), &st) != 0) {
    if (errno == ENOENT) return {};
    return errno_error(fmt::format("cannot look at {}", path), errno);
  }
  if (!S_ISSOCK(st.st_mode))
    return Error{Code::conflict,
                 fmt::format("{} exists and is not a socket", path),
                 {},
                 "move it away, or set another path for the socket"};
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return errno_error("cannot open a unix socket", errno);
  const int rc = ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  // EAGAIN: somebody listens and its backlog is full.
  if (rc == 0 || errno == EAGAIN || errno == EINPROGRESS)
    return Error{Code::conflict,
                 fmt::format("another process already answers on {}", path),
                 {},
                 "stop it first (systemctl stop testudo), or set another path for the socket"};
  if (errno != ECONNREFUSED && errno != ENOENT)
    return errno_error(fmt::format("cannot probe {}", path), errno);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return errno_error(fmt::format("cannot remove the old socket {}", path), errno);
  return {};
}

std::optional<gid_t> group_id(const std::string& name) {
  struct group entry {};
  struct group* found = nullptr;
  std::string buffer(16384, '\0');
  if (::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || !found)
    return std::nullopt;
  return found->gr_gid;
}

struct HostPort {
  std::optional<Ip> ip;  ///< nothing = every address
  uint16_t port = 0;
};

Result<HostPort> parse_address(const std::string& text) {
  const Error bad{Code::bad_config,
                  fmt::format("'{}' is not an address to listen on", text),
                  {},
                  "write it as 127.0.0.1:8080, [::1]:8080 or :8080"};
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return bad;
  HostPort out;
  const char* begin = text.data() + colon + 1;
  const char* end = text.data() + text.size();
  if (const auto [at, ec] = std::from_chars(begin, end, out.port);
      ec != std::errc() || at != end || begin == end)
    return bad;
  std::string host = text.substr(0, colon);
  if (host.empty()) return out;
  if (host == "localhost") host = "127.0.0.1";
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  out.ip = Ip::parse(host);
  if (!out.ip) return bad;
  return out;
}

}  // namespace

Result<Fd> listen_unix_socket(const std::string& path, int mode, const std::string& group) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return Error{Code::bad_config,
                 fmt::format("socket path '{}' must have 1 to {} bytes", path, sizeof address.sun_path - 1)};
  std::memcpy(address.sun_path, path.data(), path.size());
  TESTUDO_CHECK(clear_path(path, address));

  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return errno_error("cannot open a unix socket", errno);
  // The mode of the unbound socket becomes (less the umask) the mode of the file, so that there is no moment
  // in which everybody may connect; chmod then adds what the umask took.
  ::fchmod(fd.get(), mode_t(mode));
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return errno_error(fmt::format("cannot create the socket {}", path), errno, {},
                       errno == ENOENT ? "create its folder, or set another path for the socket" : "");
  if (!group.empty()) {
    const auto gid = group_id(group);
    if (!gid)
      log::warn("api.socket",
                {{"path", path}, {"group", group}, {"problem", "no such group: root alone may connect"}});
    else if (::chown(path.c_str(), uid_t(-1), *gid) != 0)
      log::warn("api.socket", {{"path", path}, {"group", group}, {"problem", std::strerror(errno)}});
  }
  if (::chmod(path.c_str(), mode_t(mode)) != 0)
    return errno_error(fmt::format("cannot set the mode of {}", path), errno);
  if (::listen(fd.get(), kBacklog) != 0) return errno_error(fmt::format("cannot listen on {}", path), errno);
  return fd;
}

Result<Fd> listen_tcp_socket(const std::string& address) {
  TESTUDO_TRY(const HostPort where, parse_address(address));
  const bool v6 = !where.ip || !where.ip->is_v4();
  Fd fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return errno_error(fmt::format("cannot open a socket for {}", address), errno);
  const int on = 1, v6only = where.ip ? 1 : 0;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  int rc = 0;
  if (v6) {
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof v6only);
    sockaddr_in6 sa{};
    sa.sin6_family = AF_INET6;
    sa.sin6_port = htons(where.port);
    if (where.ip) std::memcpy(&sa.sin6_addr, where.ip->bytes.data(), 16);
    rc = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&sa), sizeof sa);
  } else {
    sockaddr_in sa{};
    sa.sin_family = AF_INET;
    sa.sin_port = htons(where.port);
    std::memcpy(&sa.sin_addr, where.ip->bytes.data(), 4);
    rc = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&sa), sizeof sa);
  }
  if (rc != 0 && errno == EADDRINUSE)
    return Error{Code::conflict,
                 fmt::format("another process already listens on {}", address),
                 {},
                 fmt::format("`ss -ltnp sport = :{}` names it; stop it, or set another address", where.port)};
  if (rc != 0 || ::listen(fd.get(), kBacklog) != 0)
    return errno_error(fmt::format("cannot listen on {}", address), errno);
  return fd;
}

uint16_t bound_port(int fd) {
  sockaddr_storage sa{};
  socklen_t size = sizeof sa;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&sa), &size) != 0) return 0;
  if (sa.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&sa)->sin_port);
  if (sa.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&sa)->sin6_port);
  return 0;
}

Peer peer_of(int fd) {
  Peer peer;
  sockaddr_storage sa{};
  socklen_t size = sizeof sa;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&sa), &size) != 0) return peer;
  if (sa.ss_family == AF_INET) {
    peer.address = Ip::v4_bytes(&reinterpret_cast<const sockaddr_in*>(&sa)->sin_addr).text();
  } else if (sa.ss_family == AF_INET6) {
    peer.address = Ip::v6_bytes(&reinterpret_cast<const sockaddr_in6*>(&sa)->sin6_addr).unmapped().text();
  } else if (sa.ss_family == AF_UNIX) {
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return peer;
    peer.local = true;
    peer.uid = credentials.uid;
    peer.gid = credentials.gid;
    peer.pid = credentials.pid;
    // SO_PEERGROUPS tells the groups that the process really had, which the group database may not know
    // (containers, `sg`, changes since the login).
    std::vector<gid_t> groups(64);
    length = socklen_t(groups.size() * sizeof(gid_t));
    int rc = ::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length);
    if (rc != 0 && errno == ERANGE) {
      groups.resize(length / sizeof(gid_t));
      rc = ::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length);
    }
    if (rc == 0) peer.groups.assign(groups.begin(), groups.begin() + long(length / sizeof(gid_t)));
  }
  return peer;
}

}  // namespace testudo
