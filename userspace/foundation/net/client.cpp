#include "net/client.h"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>

namespace testudo {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Unix = asio::local::stream_protocol;

constexpr uint64_t kAnswerLimit = 1u << 30;

Error connect_error(const std::string& socket, beast::error_code ec) {
  if (ec.value() == EACCES || ec.value() == EPERM)
    return Error{Code::permission,
                 fmt::format("this user may not use {}", socket),
                 {},
                 "run as root, or join the group that owns the socket (usermod -aG testudo USER)"};
  if (ec.value() == ENOENT || ec.value() == ECONNREFUSED)
    return Error{Code::unavailable,
                 fmt::format("no daemon answers on {}", socket),
                 {},
                 "start it with systemctl start testudo, or name its configuration with --config FILE"};
  return Error{Code::unavailable, fmt::format("cannot reach the daemon on {}: {}", socket, ec.message())};
}

}  // namespace

Result<Response> http_unix(const std::string& socket, const std::string& method, const std::string& target,
                           const std::string& body, Duration timeout) {
  if (socket.empty() || socket.size() > 107)
    return Error{Code::bad_input, fmt::format("'{}' cannot be the path of a socket", socket)};
  asio::io_context io(1);
  beast::basic_stream<Unix> stream(io);
  beast::error_code ec;
  stream.socket().connect(Unix::endpoint(socket), ec);
  if (ec) return connect_error(socket, ec);

  http::request<http::string_body> request;
  request.method_string(method);
  request.target(target);
  request.version(11);
  request.set(http::field::host, "unix");
  request.set(http::field::user_agent, "testudo/cli");
  request.keep_alive(false);
  if (!body.empty()) {
    request.set(http::field::content_type, "application/json");
    request.body() = body;
  }
  request.prepare_payload();

  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.header_limit(64 << 10);
  parser.body_limit(kAnswerLimit);
  if (method == "HEAD") parser.skip(true);
  beast::error_code write_error, read_error;
  stream.expires_after(std::chrono::duration_cast<std::chrono::milliseconds>(timeout));
  // Reading starts at once: a server that refuses early answers before it has read the body.
  http::async_read(stream, buffer, parser, [&](beast::error_code e, size_t) {
    read_error = e;
    stream.socket().cancel(ec);  // the rest of the body is of no use any more
  });
  http::async_write(stream, request, [&](beast::error_code e, size_t) { write_error = e; });
  io.run();

  if (read_error == beast::error::timeout)
    return Error{
        Code::unavailable,
        fmt::format("the daemon on {} did not answer within {}", socket, format_duration_short(timeout)),
        {},
        "journalctl -u testudo shows what it is doing"};
  if (read_error == http::error::body_limit)
    return Error{
        Code::too_large, fmt::format("the answer to {} is larger than 1 GiB", target), {}, "ask for less"};
  if (read_error) {
    const beast::error_code& cause =
        write_error && write_error != asio::error::operation_aborted ? write_error : read_error;
    return Error{Code::unavailable,
                 fmt::format("the daemon on {} closed the connection: {}", socket, cause.message()),
                 {},
                 "journalctl -u testudo shows why"};
  }
  Response response;
  auto message = parser.release();
  response.status = int(message.result_int());
  response.content_type = std::string(message[http::field::content_type]);
  for (const auto& field : message)
    response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  response.body = std::move(message.body());
  return response;
}

}  // namespace testudo
