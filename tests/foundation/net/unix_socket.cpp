#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>
#include <mutex>
#include <thread>

#include "foundation/net/raw.h"
#include "net/client.h"
#include "net/server.h"

namespace testudo {
namespace {

Response describe_peer(const Request& request) {
  std::string text = (request.peer.local ? "local " : "remote ") + std::to_string(request.peer.uid) + " " +
                     std::to_string(request.peer.gid) + " " + std::to_string(request.peer.pid) + " [";
  for (const uint32_t group : request.peer.groups) text += " " + std::to_string(group);
  return {200, "text/plain", text + " ]" + request.body, {}};
}

struct Running {
  raw::TempFolder folder;
  std::string socket = folder / "api.sock";
  HttpServer server;
  explicit Running(Handler handler = describe_peer, ServerOptions options = {})
      : server(std::move(handler), std::move(options)) {
    const auto result = server.listen_unix(socket, 0660, "");
    EXPECT_TRUE(result) << result.error().text();
    server.start();
  }
};

TEST(UnixSocket, IsMadeWithTheModeAskedForWhateverTheUmask) {
  const mode_t before = ::umask(0077);
  Running running;
  ::umask(before);
  struct stat st {};
  ASSERT_EQ(::stat(running.socket.c_str(), &st), 0);
  EXPECT_TRUE(S_ISSOCK(st.st_mode));
  EXPECT_EQ(st.st_mode & 0777, 0660u);
}

TEST(UnixSocket, TellsWhoIsAtTheOtherEnd) {
  Running running;
  const auto answer = http_unix(running.socket, "GET", "/");
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_TRUE(answer->body.starts_with("local " + std::to_string(::getuid()) + " " +
                                       std::to_string(::getgid()) + " " + std::to_string(::getpid()) + " ["))
      << answer->body;
}

TEST(UnixSocket, TellsTheSupplementaryGroupsThatThePeerReallyHas) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root to change groups";
  Running running;
  const pid_t child = ::fork();
  if (child == 0) {
    const gid_t groups[] = {31337, 4242};
    const bool ok = ::setgroups(2, groups) == 0 && ::setgid(1234) == 0;
    const Fd fd = raw::connect_unix(running.socket);
    raw::send_all(fd, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    const std::string answer = raw::read_all(fd);
    ::_exit(ok && answer.find(" 1234 ") != std::string::npos && answer.find(" 31337") != std::string::npos &&
                    answer.find(" 4242") != std::string::npos
                ? 0
                : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(UnixSocket, AStaleFileOfADeadProcessIsReplaced) {
  raw::TempFolder folder;
  const std::string path = folder / "api.sock";
  {
    const Fd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un sa{};
    sa.sun_family = AF_UNIX;
    std::strncpy(sa.sun_path, path.c_str(), sizeof sa.sun_path - 1);
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&sa), sizeof sa), 0);
  }
  HttpServer server(describe_peer, {});
  const auto result = server.listen_unix(path, 0660, "");
  ASSERT_TRUE(result) << result.error().text();
  server.start();
  EXPECT_TRUE(http_unix(path, "GET", "/"));
}

TEST(UnixSocket, ALiveSocketIsAConflictAndStaysUntouched) {
  Running running;
  HttpServer second(describe_peer, {});
  const auto result = second.listen_unix(running.socket, 0660, "");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::conflict);
  EXPECT_FALSE(result.error().remedy.empty());
  EXPECT_TRUE(http_unix(running.socket, "GET", "/"));
}

TEST(UnixSocket, AFileThatIsNoSocketIsNeverRemoved) {
  raw::TempFolder folder;
  const std::string path = folder / "precious";
  std::ofstream(path) << "data";
  HttpServer server(describe_peer, {});
  const auto result = server.listen_unix(path, 0660, "");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::conflict);
  EXPECT_TRUE(file_exists(path));
}

TEST(UnixSocket, IsRemovedOnStopButNotWhenAnotherTookItsPlace) {
  raw::TempFolder folder;
  const std::string path = folder / "api.sock";
  auto first = std::make_unique<HttpServer>(describe_peer, ServerOptions{});
  ASSERT_TRUE(first->listen_unix(path, 0660, ""));
  ::unlink(path.c_str());
  HttpServer second(describe_peer, {});
  ASSERT_TRUE(second.listen_unix(path, 0660, ""));
  first.reset();
  EXPECT_TRUE(file_exists(path));
  second.stop();
  EXPECT_FALSE(file_exists(path));
}

TEST(UnixSocket, APathThatIsTooLongIsRefused) {
  HttpServer server(describe_peer, {});
  const auto result = server.listen_unix("/tmp/" + std::string(200, 'x'), 0660, "");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::bad_config);
}

TEST(HttpClient, SendsAndReceivesBodiesOfSeveralMegabytes) {
  Running running([](const Request& request) { return Response{201, "application/json", request.body, {}}; });
  std::string large(5u << 20, 'x');
  const auto answer = http_unix(running.socket, "POST", "/v1/alerts", large);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->content_type, "application/json");
  EXPECT_TRUE(answer->body == large);
}

TEST(HttpClient, ReadsTheRefusalOfARequestWhoseBodyIsNotRead) {
  ServerOptions options;
  options.body_limit = 1000;
  Running running(describe_peer, options);
  const auto answer = http_unix(running.socket, "POST", "/", std::string(8u << 20, 'x'));
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->status, 400);
}

TEST(HttpClient, ReadsAnAnswerToHeadAndAnEmptyOne) {
  Running running([](const Request&) { return Response{204, "", "", {}}; });
  for (const char* method : {"HEAD", "GET", "DELETE"}) {
    const auto answer = http_unix(running.socket, method, "/");
    ASSERT_TRUE(answer) << method << answer.error().text();
    EXPECT_EQ(answer->status, 204);
    EXPECT_EQ(answer->body, "");
  }
}

TEST(HttpClient, SaysHowToStartADaemonThatIsDown) {
  raw::TempFolder folder;
  const auto answer = http_unix(folder / "none.sock", "GET", "/");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::unavailable);
  EXPECT_NE(answer.error().message.find("no daemon answers on "), std::string::npos);
  EXPECT_NE(answer.error().remedy.find("systemctl start testudo"), std::string::npos);
}

TEST(HttpClient, GivesUpAfterItsTimeOutAndWhenTheOtherSideHangsUp) {
  std::atomic<bool> release{false};
  Running running([&](const Request&) {
    while (!release) std::this_thread::sleep_for(1ms);
    return Response{};
  });
  const int64_t before = monotonic_ns();
  const auto answer = http_unix(running.socket, "GET", "/", "", 150ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::unavailable);
  EXPECT_LT(monotonic_ns() - before, 2000000000);
  release = true;

  raw::TempFolder folder;
  const std::string path = folder / "rude.sock";
  Fd listening(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un sa{};
  sa.sun_family = AF_UNIX;
  std::strncpy(sa.sun_path, path.c_str(), sizeof sa.sun_path - 1);
  ASSERT_EQ(::bind(listening.get(), reinterpret_cast<sockaddr*>(&sa), sizeof sa), 0);
  ASSERT_EQ(::listen(listening.get(), 1), 0);
  std::thread rude([&] { const Fd accepted(::accept(listening.get(), nullptr, nullptr)); });
  const auto cut = http_unix(path, "GET", "/");
  rude.join();
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, Code::unavailable);
}

}  // namespace
}  // namespace testudo
