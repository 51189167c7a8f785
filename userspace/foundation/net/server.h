// net/server.h: an HTTP/1.1 server over unix sockets and TCP.
//
// One thread moves bytes for every connection; handlers run on a pool of their own, so that a slow client
// delays nobody and a slow handler delays only other handlers.
//
//   HttpServer server(handle, options);
//   TESTUDO_CHECK(server.listen_unix("/run/testudo/api.sock", 0660, "testudo"));
//   server.start();
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "net/http.h"

namespace testudo {

/// Answers one request. Called from a pool thread, several at once. An exception becomes an empty 500.
using Handler = std::function<Response(const Request&)>;
/// Looks at a request before its body is read; an answer here ends it, so that a stranger's 50 MiB are never
/// kept. Called from the I/O thread: must not block.
using Admit = std::function<std::optional<Response>(const Request&)>;

struct ServerOptions {
  uint64_t body_limit = 50u << 20;     ///< bytes of one body; more is 400
  uint64_t bodies_limit = 200u << 20;  ///< bytes of all bodies being read or handled; more is 503
  uint32_t header_limit = 16u << 10;   ///< bytes of request line and headers; more is 431
  Duration request_timeout = 30s;      ///< first byte of a request to its last
  Duration idle_timeout = 60s;         ///< between requests
  Duration write_timeout = 60s;        ///< one answer
  size_t max_connections = 256;        ///< of each listener: a flood on TCP does not lock out the socket
  size_t handler_threads = 2;
  Admit admit;  ///< may be empty
};

class HttpServer {
 public:
  HttpServer(Handler handler, ServerOptions options);
  /// stop()s; socket files that are still ours are removed.
  ~HttpServer();

  /// Errors as in net/listen.h. Call before start().
  Result<void> listen_unix(const std::string& path, int mode, const std::string& group);
  /// The port that is really bound: `address` may end in ":0".
  Result<uint16_t> listen_tcp(const std::string& address);

  void start();
  /// Ends connections at once and waits for handlers that run. Not from a handler.
  void stop();

  size_t connections() const;

 private:
  struct Impl;  // Asio
  std::unique_ptr<Impl> impl_;
};

}  // namespace testudo
