// net/session.h: one connection, inside net only: requests in, answers out, until somebody has enough.
#pragma once

#include <atomic>
#include <memory>

#include "net/server.h"

namespace boost::asio {
class io_context;
class thread_pool;
}  // namespace boost::asio

namespace testudo {

/// What all connections of a server share; outlives them.
struct SessionContext {
  boost::asio::io_context& io;
  boost::asio::thread_pool& pool;
  const Handler& handler;
  const ServerOptions& options;
  std::atomic<bool> stopping{false};  ///< queued handlers are skipped
  uint64_t body_bytes = 0;            ///< I/O thread only
};

/// Counts a connection as long as it lives.
class ConnectionTicket {
 public:
  explicit ConnectionTicket(std::shared_ptr<std::atomic<size_t>> count) : count_(std::move(count)) {
    ++*count_;
  }
  ~ConnectionTicket() { --*count_; }
  ConnectionTicket(const ConnectionTicket&) = delete;
  ConnectionTicket& operator=(const ConnectionTicket&) = delete;

 private:
  std::shared_ptr<std::atomic<size_t>> count_;  // a listener may be gone before its last connection
};

/// Takes the accepted socket over. I/O thread only.
void start_session(SessionContext& context, int fd, Peer peer, std::unique_ptr<ConnectionTicket> ticket);

}  // namespace testudo
