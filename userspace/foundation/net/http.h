// net/http.h: a request and its answer as plain structs; what handlers and callers see of HTTP.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace testudo {

/// Who is at the other end of a connection, as the kernel says, not as the request claims.
struct Peer {
  bool local = false;         ///< unix socket: uid, gid, pid and groups are known
  uint32_t uid = UINT32_MAX;  ///< UINT32_MAX = unknown
  uint32_t gid = UINT32_MAX;
  int32_t pid = 0;
  std::vector<uint32_t> groups;  ///< supplementary groups at the time of connect()
  std::string address;           ///< TCP: the peer's address without port; "" on a unix socket
};

using NameValues = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;  ///< "GET", "HEAD", "POST" …, as sent
  std::string path;    ///< before '?', still percent-encoded: "%2F" inside a segment is not a separator
  NameValues query;    ///< decoded, in the order sent; a name without '=' has an empty value
  NameValues headers;  ///< as sent
  std::string body;
  Peer peer;

  /// First header of that name, any case; "" when absent.
  std::string_view header(std::string_view name) const;
  /// First query value of that name; nullptr when absent.
  const std::string* param(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type;  ///< "" = no Content-Type header
  std::string body;          ///< not sent in answer to HEAD
  NameValues headers;        ///< additional ones
};

}  // namespace testudo
