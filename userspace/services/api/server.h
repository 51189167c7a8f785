// api/server.h: the local HTTP API and the metrics port, ready to run.
#pragma once

#include <memory>
#include <string>

#include "api/context.h"
#include "base/result.h"

namespace testudo {

struct ApiOptions {
  std::string socket;                   ///< "" = none
  std::string listen;                   ///< "127.0.0.1:8080"; "" = none
  std::string admin_group = "testudo";  ///< owns the socket; its members are administrators
  std::string machine_id = "localhost";
  std::string version;  ///< shown as cs_info{version}
};

/// CrowdSec's routes and our own over `decider`. Unix socket: root and the admin group; TCP: only what
/// everybody may see. Everything referred to must outlive the server.
class ApiServer {
 public:
  /// Listens and serves at once. Errors as in net/listen.h.
  static Result<std::unique_ptr<ApiServer>> start(ApiOptions options, Decider& decider, Backend* backend,
                                                  Metrics& metrics, ApiHooks hooks);
  ~ApiServer();
  uint16_t port() const;  ///< TCP port that is bound; 0 without one

 private:
  ApiServer();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// GET /metrics for Prometheus, a word of text at /; nothing else.
class MetricsServer {
 public:
  static Result<std::unique_ptr<MetricsServer>> start(const std::string& listen, const Metrics& metrics);
  ~MetricsServer();
  uint16_t port() const;

 private:
  MetricsServer();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace testudo
