#include "net/session.h"

#include <sys/socket.h>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <ctime>
#include <exception>
#include <optional>

#include "base/log.h"
#include "base/text.h"
#include "net/url.h"

namespace testudo {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Stream = beast::basic_stream<asio::generic::stream_protocol>;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

Response json_message(int status, std::string_view message) {
  return {status, "application/json; charset=utf-8", "{\"message\":\"" + std::string(message) + "\"}", {}};
}

std::string http_date() {
  const std::time_t t = std::time(nullptr);
  std::tm tm{};
  ::gmtime_r(&t, &tm);
  char text[40];
  return std::string(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm));
}

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(SessionContext& context, int fd, int family, Peer peer, std::unique_ptr<ConnectionTicket> ticket)
      : context_(context),
        stream_(asio::generic::stream_protocol::socket(
            context.io, asio::generic::stream_protocol(family, family == AF_UNIX ? 0 : IPPROTO_TCP), fd)),
        buffer_(context.options.header_limit + 65536),
        peer_(std::move(peer)),
        ticket_(std::move(ticket)) {}
  ~Session() { release_body(); }

  void wait_for_request() {
    if (buffer_.size() > 0) return read_header();  // pipelined
    stream_.expires_after(duration_cast<milliseconds>(context_.options.idle_timeout));
    stream_.async_read_some(buffer_.prepare(4096),
                            [self = shared_from_this()](beast::error_code ec, size_t n) {
                              if (ec) return self->close();
                              self->buffer_.commit(n);
                              self->read_header();
                            });
  }

 private:
  void read_header() {
    parser_.emplace();
    parser_->header_limit(context_.options.header_limit);
    parser_->body_limit(context_.options.body_limit);
    stream_.expires_after(duration_cast<milliseconds>(context_.options.request_timeout));
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](beast::error_code ec, size_t) {
                              if (ec) return self->on_bad_request(ec);
                              self->on_header();
                            });
  }

  void on_bad_request(beast::error_code ec) {
    if (ec == http::error::header_limit) return refuse(json_message(431, "request header too large"));
    if (ec == http::error::body_limit) return refuse(json_message(400, "http: request body too large"));
    // What the parser names is the client's fault; everything else means that the connection is gone, and a
    // time-out closes without an answer: whoever was slow to ask is slow to listen.
    if (ec.category() == http::make_error_code(http::error::bad_method).category() &&
        ec != http::error::end_of_stream && ec != http::error::partial_message)
      return refuse(json_message(400, "malformed request"));
    close();
  }

  void on_header() {
    const auto& message = parser_->get();
    keep_alive_ = message.keep_alive();
    head_ = message.method() == http::verb::head;
    request_ = Request();
    request_.method = std::string(message.method_string());
    request_.peer = peer_;
    if (!parse_target({message.target().data(), message.target().size()}, request_.path, request_.query))
      return refuse(json_message(400, "malformed request target"));
    for (const auto& field : message)
      request_.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));

    const std::string encoding = lower_ascii(request_.header("content-encoding"));
    if (!encoding.empty() && encoding != "identity")
      return refuse(json_message(415, "compressed request bodies are not supported"));
    if (context_.options.admit) {
      if (auto answer = context_.options.admit(request_)) {
        if (parser_->is_done()) return respond(std::move(*answer));
        return refuse(std::move(*answer));
      }
    }
    // A body of unknown length may grow to the limit, so it counts as much.
    reserved_ = 0;
    const auto length = parser_->content_length();
    const uint64_t wanted = parser_->is_done() ? 0 : length ? *length : context_.options.body_limit;
    if (wanted > context_.options.body_limit)
      return refuse(json_message(400, "http: request body too large"));
    if (context_.body_bytes + wanted > context_.options.bodies_limit)
      return refuse(json_message(503, "too many large requests at once"));
    context_.body_bytes += reserved_ = wanted;

    if (!parser_->is_done() && lower_ascii(request_.header("expect")) == "100-continue")
      return write_continue();
    read_body();
  }

  void write_continue() {
    static constexpr std::string_view line = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(line.data(), line.size()),
                      [self = shared_from_this()](beast::error_code ec, size_t) {
                        if (ec) return self->close();
                        self->read_body();
                      });
  }

  void read_body() {
    if (parser_->is_done()) return run_handler();
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](beast::error_code ec, size_t) {
      if (ec) return self->on_bad_request(ec);
      self->run_handler();
    });
  }

  void run_handler() {
    request_.body = std::move(parser_->get().body());
    stream_.expires_never();
    asio::post(context_.pool, [self = shared_from_this()]() mutable {
      Response response;
      if (!self->context_.stopping) try {
          response = self->context_.handler(self->request_);
        } catch (const std::exception& e) {
          log::error("http.handler", {{"path", self->request_.path}, {"problem", e.what()}});
          response = {500, "", "", {}};
        }
      asio::io_context& io = self->context_.io;  // self ends its life on the I/O thread
      asio::post(io, [session = std::move(self), answer = std::move(response)]() mutable {
        session->respond(std::move(answer));
      });
    });
  }

  /// Answers without having read the whole request: the connection ends behind it.
  void refuse(Response response) {
    keep_alive_ = false;
    respond(std::move(response));
  }

  void respond(Response response) {
    release_body();
    auto message = std::make_shared<http::response<http::string_body>>();
    message->version(11);
    message->result(unsigned(response.status));
    message->set(http::field::date, http_date());
    if (!response.content_type.empty()) message->set(http::field::content_type, response.content_type);
    for (const auto& [name, value] : response.headers) message->insert(name, value);
    const bool bodiless = response.status == 204 || response.status == 304 || head_;
    if (!bodiless) message->content_length(response.body.size());
    if (!bodiless) message->body() = std::move(response.body);
    message->keep_alive(keep_alive_);
    stream_.expires_after(duration_cast<milliseconds>(context_.options.write_timeout));
    http::async_write(stream_, *message, [self = shared_from_this(), message](beast::error_code ec, size_t) {
      if (ec) return self->close();
      if (!self->keep_alive_) return self->linger();
      self->wait_for_request();
    });
  }

  /// Closing a socket with unread input resets it, and the answer may be lost with it: so the sending side
  /// is closed first, and what still comes is thrown away for two seconds.
  void linger() {
    beast::error_code ignored;
    stream_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
    stream_.expires_after(std::chrono::seconds(2));
    discard();
  }
  void discard() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(16384),
                            [self = shared_from_this()](beast::error_code ec, size_t) {
                              if (ec) return self->close();
                              self->discard();
                            });
  }

  void close() {
    beast::error_code ignored;
    stream_.expires_never();
    stream_.socket().close(ignored);
  }

  void release_body() {
    context_.body_bytes -= reserved_;
    reserved_ = 0;
    request_.body = std::string();
  }

  SessionContext& context_;
  Stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  Request request_;
  const Peer peer_;
  std::unique_ptr<ConnectionTicket> ticket_;
  uint64_t reserved_ = 0;
  bool keep_alive_ = false, head_ = false;
};

}  // namespace

void start_session(SessionContext& context, int fd, Peer peer, std::unique_ptr<ConnectionTicket> ticket) {
  int family = AF_UNIX;
  socklen_t size = sizeof family;
  ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
  std::make_shared<Session>(context, fd, family, std::move(peer), std::move(ticket))->wait_for_request();
}

}  // namespace testudo
