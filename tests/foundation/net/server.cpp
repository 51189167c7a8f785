#include "net/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "foundation/net/raw.h"

namespace testudo {
namespace {

Response echo(const Request& request) {
  std::string text = request.method + " " + request.path;
  for (const auto& [name, value] : request.query) text += " " + name + "=" + value;
  text += " body=" + request.body;
  return {200, "text/plain", text, {}};
}

struct Running {
  HttpServer server;
  uint16_t port = 0;
  explicit Running(Handler handler = echo, ServerOptions options = {})
      : server(std::move(handler), std::move(options)) {
    auto bound = server.listen_tcp("127.0.0.1:0");
    if (bound) port = *bound;
    server.start();
  }
};

std::string converse(uint16_t port, std::string_view request) {
  const Fd fd = raw::connect_tcp(port);
  raw::send_all(fd, request);
  return raw::read_all(fd);
}

void wait_until(const std::function<bool()>& done) {
  for (int i = 0; i < 500 && !done(); ++i) std::this_thread::sleep_for(10ms);
}

TEST(HttpServer, TellsThePortThatItChose) {
  Running running;
  EXPECT_NE(running.port, 0);
}

TEST(HttpServer, HandsMethodPathQueryAndBodyToTheHandler) {
  Running running;
  const std::string answer = converse(
      running.port,
      "POST /a%2Fb?x=%20y&z HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nPOST /a%2Fb x= y z= body=abc")) << answer;
  EXPECT_NE(answer.find("Content-Type: text/plain\r\n"), std::string::npos);
  EXPECT_NE(answer.find("Date: "), std::string::npos);
}

TEST(HttpServer, ReadsAChunkedBody) {
  Running running;
  const std::string answer =
      converse(running.port,
               "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
               "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("body=abcde")) << answer;
}

TEST(HttpServer, AnswersSeveralRequestsOnOneConnectionPipelinedOnesToo) {
  Running running;
  const Fd fd = raw::connect_tcp(running.port);
  raw::send_all(fd, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(raw::read_answer(fd).ends_with("GET /1 body="));
  EXPECT_TRUE(raw::read_answer(fd).ends_with("GET /2 body="));
  raw::send_all(fd, "GET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(raw::read_answer(fd).ends_with("GET /3 body="));
}

TEST(HttpServer, AsksForTheBodyOfAClientThatWaitsForLeave) {
  Running running;
  const Fd fd = raw::connect_tcp(running.port);
  raw::send_all(fd, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_TRUE(raw::read_answer(fd).starts_with("HTTP/1.1 100 "));
  raw::send_all(fd, "hi");
  EXPECT_TRUE(raw::read_answer(fd).ends_with("body=hi"));
}

TEST(HttpServer, SendsNoBodyInAnswerToHead) {
  Running running;
  const std::string answer =
      converse(running.port, "HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

struct RefusalCase {
  const char* sentence;
  std::string request;
  const char* status;
};
TEST(HttpServer, RefusesWhatIsMalformedOrTooLarge) {
  ServerOptions options;
  options.body_limit = 1000;
  Running running(echo, options);
  const RefusalCase cases[] = {
      {"noise is 400", "\x16\x03\x01 not http\r\n\r\n", "400"},
      {"a target without a slash is 400", "GET x HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
      {"a broken percent code is 400", "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
      {"headers above 16 KiB are 431",
       "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(20000, 'x') + "\r\n\r\n", "431"},
      {"an announced body above the limit is 400",
       "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n", "400"},
      {"a chunked body that grows above the limit is 400",
       "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2000, 'x') +
           "\r\n0\r\n\r\n",
       "400"},
      {"a compressed body is 415",
       "POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", "415"},
      {"a negative length is 400", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", "400"},
  };
  for (const RefusalCase& c : cases) {
    const std::string answer = converse(running.port, c.request);
    EXPECT_EQ(answer.substr(0, 12), std::string("HTTP/1.1 ") + c.status) << c.sentence << "\n" << answer;
  }
  EXPECT_TRUE(converse(running.port, "GET /ok HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                  .ends_with("GET /ok body="));
}

TEST(HttpServer, EndsARequestWithoutReadingItsBodyWhenAdmitAnswers) {
  ServerOptions options;
  options.admit = [](const Request& request) -> std::optional<Response> {
    if (request.header("X-Api-Key") == "right") return std::nullopt;
    return Response{403, "", "", {}};
  };
  std::atomic<int> handled{0};
  Running running(
      [&](const Request&) {
        ++handled;
        return Response{204, "", "", {}};
      },
      options);
  // The body never comes, the answer does.
  const std::string answer =
      converse(running.port, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 403 ")) << answer;
  EXPECT_EQ(handled, 0);
  EXPECT_TRUE(
      converse(
          running.port,
          "POST / HTTP/1.1\r\nHost: h\r\nX-Api-Key: right\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx")
          .starts_with("HTTP/1.1 204 "));
  EXPECT_EQ(handled, 1);
}

TEST(HttpServer, KeepsNoMoreBodiesInMemoryThanItIsAllowed) {
  ServerOptions options;
  options.body_limit = 1000;
  options.bodies_limit = 1500;
  Running running(echo, options);
  const Fd first = raw::connect_tcp(running.port);
  raw::send_all(first, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
  wait_until([&] { return running.server.connections() == 1; });
  std::string answer;
  wait_until([&] {
    answer = converse(running.port,
                      "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 600\r\n\r\n" +
                          std::string(600, 'x'));
    return answer.starts_with("HTTP/1.1 503 ");
  });
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer.substr(0, 60);
  raw::send_all(first, std::string(1000, 'y'));
  EXPECT_TRUE(raw::read_answer(first).starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(converse(running.port,
                       "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 600\r\n\r\n" +
                           std::string(600, 'x'))
                  .starts_with("HTTP/1.1 200 "));
}

TEST(HttpServer, SlowClientsAndAHangingHandlerDoNotBlockOthers) {
  std::atomic<bool> release{false};
  Running running([&](const Request& request) {
    while (request.path == "/hang" && !release) std::this_thread::sleep_for(1ms);
    return echo(request);
  });
  const Fd hanging = raw::connect_tcp(running.port);
  raw::send_all(hanging, "GET /hang HTTP/1.1\r\nHost: h\r\n\r\n");
  std::vector<Fd> slow;
  for (int i = 0; i < 50; ++i) {
    slow.push_back(raw::connect_tcp(running.port));
    raw::send_all(slow.back(), "GET /slow HT");
  }
  EXPECT_TRUE(converse(running.port, "GET /quick HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                  .ends_with("GET /quick body="));
  release = true;
  EXPECT_TRUE(raw::read_answer(hanging).ends_with("GET /hang body="));
}

TEST(HttpServer, ClosesARequestThatTakesTooLongAndAConnectionThatIdles) {
  ServerOptions options;
  options.request_timeout = 200ms;
  options.idle_timeout = 200ms;
  Running running(echo, options);
  const Fd slow = raw::connect_tcp(running.port), idle = raw::connect_tcp(running.port);
  raw::send_all(slow, "GET / HTTP/1.1\r\nHos");
  EXPECT_EQ(raw::read_all(slow), "");
  EXPECT_EQ(raw::read_all(idle), "");
  wait_until([&] { return running.server.connections() == 0; });
  EXPECT_EQ(running.server.connections(), 0u);
}

TEST(HttpServer, RefusesPolitelyWhenAllPlacesAreTakenAndServesAgainAfterwards) {
  ServerOptions options;
  options.max_connections = 3;
  Running running(echo, options);
  std::vector<Fd> taken;
  for (int i = 0; i < 3; ++i) {
    taken.push_back(raw::connect_tcp(running.port));
    raw::send_all(taken.back(), "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    raw::read_answer(taken.back());
  }
  const Fd refused = raw::connect_tcp(running.port);
  const std::string answer = raw::read_all(refused);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_TRUE(answer.ends_with("{\"message\":\"too many connections\"}")) << answer;
  taken.clear();
  wait_until([&] { return running.server.connections() == 0; });
  EXPECT_TRUE(converse(running.port, "GET /again HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                  .ends_with("GET /again body="));
}

TEST(HttpServer, AHandlerThatThrowsIsAnEmpty500) {
  Running running([](const Request&) -> Response { throw std::runtime_error("broken"); });
  const std::string answer = converse(running.port, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 ")) << answer;
  EXPECT_NE(answer.find("Content-Length: 0\r\n"), std::string::npos);
}

TEST(HttpServer, StopsAtOnceThoughConnectionsAreOpen) {
  auto running = std::make_unique<Running>();
  const Fd fd = raw::connect_tcp(running->port);
  raw::send_all(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  raw::read_answer(fd);
  const int64_t before = monotonic_ns();
  running.reset();
  EXPECT_LT(monotonic_ns() - before, 1000000000);
  EXPECT_EQ(raw::read_all(fd), "");
}

TEST(HttpServer, SaysWhichAddressIsTakenOrWrong) {
  Running running;
  HttpServer second(echo, {});
  const auto taken = second.listen_tcp("127.0.0.1:" + std::to_string(running.port));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Code::conflict);
  for (const char* bad :
       {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "nowhere:80", "1.2.3.4:x"}) {
    const auto result = second.listen_tcp(bad);
    ASSERT_FALSE(result) << bad;
    EXPECT_EQ(result.error().code, Code::bad_config) << bad;
  }
}

TEST(HttpServer, ListensOnIpv6) {
  HttpServer server(echo, {});
  const auto port = server.listen_tcp("[::1]:0");
  if (!port) GTEST_SKIP() << "no IPv6 loopback here: " << port.error().text();
  EXPECT_NE(*port, 0);
}

}  // namespace
}  // namespace testudo
