// net/listen.h: sockets that listen, and who connected to them; plain POSIX, no library.
#pragma once

#include <cstdint>
#include <string>

#include "base/files.h"
#include "net/http.h"

namespace testudo {

/// Listens at `path` with `mode`, owned by `group` ("" = leave it; a group that does not exist is warned of
/// and the socket stays with the daemon's own group). A file left by a dead process is replaced; one on which
/// somebody answers is a conflict, and so is a file that is no socket.
Result<Fd> listen_unix_socket(const std::string& path, int mode, const std::string& group);

/// `address` is "127.0.0.1:8080", "[::1]:8080", ":8080" (every IPv4 and IPv6 address) or with port 0.
Result<Fd> listen_tcp_socket(const std::string& address);
/// Port that a TCP socket is bound to; 0 when it is none.
uint16_t bound_port(int fd);

/// Identity of the other end of an accepted connection.
Peer peer_of(int fd);

}  // namespace testudo
