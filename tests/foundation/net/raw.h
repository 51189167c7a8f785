// What these tests need of sockets: bytes out, bytes in, no HTTP library between.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <string>

#include "base/files.h"

namespace testudo::raw {

struct TempFolder {
  std::string path;
  TempFolder() {
    char name[] = "/tmp/testudo-net-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~TempFolder() { std::filesystem::remove_all(path); }
  std::string operator/(const std::string& name) const { return path + "/" + name; }
};

inline Fd connect_tcp(uint16_t port) {
  Fd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in sa{};
  sa.sin_family = AF_INET;
  sa.sin_port = htons(port);
  sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&sa), sizeof sa) != 0) return Fd();
  return fd;
}

inline Fd connect_unix(const std::string& path) {
  Fd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un sa{};
  sa.sun_family = AF_UNIX;
  std::strncpy(sa.sun_path, path.c_str(), sizeof sa.sun_path - 1);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&sa), sizeof sa) != 0) return Fd();
  return fd;
}

inline bool send_all(const Fd& fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(size_t(n));
  }
  return true;
}

/// Everything until the other side closes, or until `ms` pass without a byte.
inline std::string read_all(const Fd& fd, int ms = 5000) {
  std::string out;
  char buffer[65536];
  for (;;) {
    pollfd p{fd.get(), POLLIN, 0};
    if (::poll(&p, 1, ms) <= 0) return out;
    const ssize_t n = ::recv(fd.get(), buffer, sizeof buffer, 0);
    if (n <= 0) return out;
    out.append(buffer, size_t(n));
  }
}

/// One answer with a body of known length (or none); leaves the connection open.
inline std::string read_answer(const Fd& fd) {
  std::string out;
  char c;
  while (out.find("\r\n\r\n") == std::string::npos) {
    pollfd p{fd.get(), POLLIN, 0};
    if (::poll(&p, 1, 5000) <= 0 || ::recv(fd.get(), &c, 1, 0) != 1) return out;
    out += c;
  }
  const size_t at = out.find("Content-Length: ");
  size_t left = at == std::string::npos ? 0 : std::stoul(out.substr(at + 16));
  while (left-- > 0) {
    pollfd p{fd.get(), POLLIN, 0};
    if (::poll(&p, 1, 5000) <= 0 || ::recv(fd.get(), &c, 1, 0) != 1) return out;
    out += c;
  }
  return out;
}

}  // namespace testudo::raw
