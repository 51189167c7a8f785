#include "stream.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstdio>

namespace testudo::test {
namespace {

struct At {
  sockaddr_storage address{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

At at(const Ip& ip, uint16_t port) {
  At out;
  if (ip.is_v4()) {
    auto& in = reinterpret_cast<sockaddr_in&>(out.address);
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, ip.bytes.data(), 4);
    out.size = sizeof in;
  } else {
    auto& in = reinterpret_cast<sockaddr_in6&>(out.address);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    std::memcpy(&in.sin6_addr, ip.bytes.data(), 16);
    out.size = sizeof in;
  }
  return out;
}

Fd bound(const std::string& net, const Ip& ip, int type) {
  const Inside inside(net);
  Fd fd(socket(ip.is_v4() ? AF_INET : AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const At here = at(ip, 0);
  EXPECT_EQ(bind(fd.get(), here.get(), here.size), 0) << ip.text();
  return fd;
}

At name_of(const Fd& fd) {
  At out;
  out.size = sizeof out.address;
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&out.address), &out.size);
  return out;
}

}  // namespace

Stream::Stream(Sandbox& net, const std::string& from)
    : receiver_(bound(net.server(), *Ip::parse("192.0.2.1"), SOCK_DGRAM)),
      sender_(bound(net.client(), *Ip::parse(from), SOCK_DGRAM)) {
  const At to = name_of(receiver_);
  thread_ = std::thread([this, to] {
    while (!stop_) sent_ += sendto(sender_.get(), "x", 1, 0, to.get(), to.size) == 1;
  });
}

void Stream::end() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void Stream::wait_for(uint64_t more) const {
  const uint64_t target = sent_ + more;
  while (sent_ < target) std::this_thread::yield();
}

int Stream::arrived() {
  int count = 0;
  char buffer[8];
  while (recv(receiver_.get(), buffer, sizeof buffer, MSG_DONTWAIT) >= 0) ++count;
  return count;
}

int connect_error(Sandbox& net, const std::string& from) {
  const Ip source = *Ip::parse(from);
  const Ip target = *Ip::parse(source.is_v4() ? "192.0.2.1" : "2001:db8::1");
  const Fd listener = bound(net.server(), target, SOCK_STREAM);
  EXPECT_EQ(listen(listener.get(), 8), 0);
  const Fd caller = bound(net.client(), source, SOCK_STREAM);
  const At to = name_of(listener);
  if (connect(caller.get(), to.get(), to.size) == 0) return 0;
  pollfd done{caller.get(), POLLOUT, 0};
  if (poll(&done, 1, 500) == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(caller.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  char buffer[4096];
  size_t n;
  while ((n = fread(buffer, 1, sizeof buffer, pipe)) > 0) out.append(buffer, n);
  pclose(pipe);
  return out;
}

}  // namespace testudo::test
