#include "net/server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "base/files.h"
#include "base/log.h"
#include "net/listen.h"
#include "net/session.h"

namespace testudo {
namespace asio = boost::asio;

namespace {

/// What a client reads that came when all places were taken.
constexpr std::string_view kBusy =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
    "Content-Type: application/json; charset=utf-8\r\nContent-Length: 34\r\n\r\n"
    "{\"message\":\"too many connections\"}";

}  // namespace

struct HttpServer::Impl {
  struct Listener {
    Listener(asio::io_context& io, int fd) : socket(io, fd), pause(io) {}
    const std::shared_ptr<std::atomic<size_t>> connections = std::make_shared<std::atomic<size_t>>(0);
    std::string path;  ///< unix socket; "" for TCP
    ino_t inode = 0;
    asio::posix::stream_descriptor socket;
    asio::steady_timer pause;
  };

  Impl(Handler h, ServerOptions o)
      : handler(std::move(h)),
        options(std::move(o)),
        pool(options.handler_threads),
        context{io, pool, handler, options} {}

  void accept_next(Listener& listener) {
    listener.socket.async_wait(asio::posix::descriptor_base::wait_read,
                               [this, &listener](boost::system::error_code ec) {
                                 if (ec) return;
                                 accept_waiting(listener);
                               });
  }

  void accept_waiting(Listener& listener) {
    for (int i = 0; i < 64; ++i) {
      Fd fd(::accept4(listener.socket.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!fd) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) break;
        if (errno == EINTR || errno == ECONNABORTED) continue;
        // Out of descriptors or memory: the listener stays readable, so without a pause this loop would spin.
        log::error("http.accept", {{"problem", std::strerror(errno)}});
        listener.pause.expires_after(std::chrono::milliseconds(200));
        listener.pause.async_wait([this, &listener](boost::system::error_code ec) {
          if (!ec) accept_next(listener);
        });
        return;
      }
      if (*listener.connections >= options.max_connections) {
        [[maybe_unused]] const auto sent =
            ::send(fd.get(), kBusy.data(), kBusy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        ::shutdown(fd.get(), SHUT_WR);
        log::warn("http.busy", {{"connections", listener.connections->load()}});
        continue;
      }
      Peer peer = peer_of(fd.get());
      auto ticket = std::make_unique<ConnectionTicket>(listener.connections);
      start_session(context, fd.release(), std::move(peer), std::move(ticket));
    }
    accept_next(listener);
  }

  const Handler handler;
  const ServerOptions options;
  asio::thread_pool pool;
  std::unique_ptr<asio::io_context> io_owner = std::make_unique<asio::io_context>(1);
  asio::io_context& io = *io_owner;
  SessionContext context;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::thread thread;
  bool running = false;
};

HttpServer::HttpServer(Handler handler, ServerOptions options)
    : impl_(std::make_unique<Impl>(std::move(handler), std::move(options))) {}

HttpServer::~HttpServer() { stop(); }

Result<void> HttpServer::listen_unix(const std::string& path, int mode, const std::string& group) {
  TESTUDO_TRY(Fd fd, listen_unix_socket(path, mode, group));
  auto listener = std::make_unique<Impl::Listener>(impl_->io, fd.release());
  listener->path = path;
  struct stat st {};
  if (::lstat(path.c_str(), &st) == 0) listener->inode = st.st_ino;
  impl_->listeners.push_back(std::move(listener));
  return {};
}

Result<uint16_t> HttpServer::listen_tcp(const std::string& address) {
  TESTUDO_TRY(Fd fd, listen_tcp_socket(address));
  const uint16_t port = bound_port(fd.get());
  impl_->listeners.push_back(std::make_unique<Impl::Listener>(impl_->io, fd.release()));
  return port;
}

void HttpServer::start() {
  if (impl_->running || !impl_->io_owner) return;
  impl_->running = true;
  for (auto& listener : impl_->listeners) impl_->accept_next(*listener);
  impl_->thread = std::thread([impl = impl_.get()] {
    const auto work = asio::make_work_guard(impl->io);
    impl->io.run();
  });
}

void HttpServer::stop() {
  Impl& impl = *impl_;
  if (!impl.io_owner) return;
  impl.context.stopping = true;
  impl.io.stop();
  if (impl.thread.joinable()) impl.thread.join();
  // Requests still queued are skipped (stopping), those that run are waited for. Only then no session is held
  // by the pool, and all of them end with the I/O context; the listeners' descriptors must go before it.
  impl.pool.join();
  for (const auto& listener : impl.listeners) {
    struct stat st {};
    if (!listener->path.empty() && ::lstat(listener->path.c_str(), &st) == 0 && st.st_ino == listener->inode)
      ::unlink(listener->path.c_str());
  }
  impl.listeners.clear();
  impl.io_owner.reset();
}

size_t HttpServer::connections() const {
  size_t sum = 0;
  for (const auto& listener : impl_->listeners) sum += *listener->connections;
  return sum;
}

}  // namespace testudo
